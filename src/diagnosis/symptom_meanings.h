#pragma once

#include <string_view>

// What is behind the texts of symptoms.cc, where several texts mean the same.
namespace signet::inline diagnosis {

// Meaning is what is behind a text.
struct Meaning {
  std::string_view cause;
  std::string_view hint;
};

inline constexpr std::string_view kCompare =
    "Run `signet handshake HOST:PORT --identity URI`: it shows the server's request and why an identity fits "
    "or not.";
inline constexpr std::string_view kCheckKeyFile =
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF; `signet list` shows the matching keys "
    "and certificates.";

inline constexpr Meaning kNothingSent = {"the server requires a client certificate and none was sent",
                                         kCompare};
inline constexpr Meaning kNothingInCommon = {
    "the server found no parameters that both sides accept; a TLS 1.2 server also reports this if it "
    "requires a client certificate and gets none",
    kCompare};
inline constexpr Meaning kUnknownCa = {
    "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
    "sent",
    "Configure the server to trust the issuer, or add the missing intermediate to the PKCS#12 file, the "
    "token or chain-file."};
inline constexpr Meaning kBadCertificate = {
    "the server could not verify the client certificate, or got none: Java servers report both cases like "
    "this",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
inline constexpr Meaning kUnknownCertificate = {
    "the client certificate did not pass the server's verification",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
inline constexpr Meaning kWrongPurpose = {
    "the server does not accept the client certificate for this purpose: its extended key usage lacks "
    "clientAuth or its key usage lacks digitalSignature",
    "Ask the issuer for a certificate with both; `signet show URI` shows what the certificate lacks."};
inline constexpr Meaning kExpired = {
    "the server considers a certificate of the client's chain expired or not yet valid",
    "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."};
inline constexpr Meaning kRevoked = {"the server considers the client certificate revoked",
                                     "Ask the issuer for a new certificate."};
inline constexpr Meaning kDenied = {
    "the server recognised the client certificate but denies access to its subject",
    "Ask the server's administrator to grant access to this subject."};
inline constexpr Meaning kWrongSignature = {
    "the server rejected the client's signature: key and certificate do not belong together",
    "Run `signet show URI`: it compares the public keys."};
inline constexpr Meaning kVersion = {
    "the server does not support the TLS version that this program offers",
    "Configure the program to offer the server's version: `signet handshake HOST:PORT` shows it."};
inline constexpr Meaning kRefusedOrNone = {
    "the server rejected the client certificate, or requires one and got none", kCompare};
inline constexpr Meaning kServerUntrusted = {
    "this side could not verify the server's certificate: its CA is not trusted here",
    "Configure the program to trust the CA of the server; the client certificate is not involved."};
inline constexpr Meaning kOtherKey = {
    "the private key does not belong to the certificate",
    "Use the certificate that was issued for this key; `signet list` shows the matching pairs."};
inline constexpr Meaning kOldPkcs12 = {
    "the PKCS#12 file is encrypted with RC2-40 or another algorithm that OpenSSL 3 has only in its legacy "
    "provider",
    "Use the file through a pkcs12: URI, which Signet can read, or create it again with AES: openssl "
    "pkcs12 -legacy, then openssl pkcs12 -export."};
inline constexpr Meaning kWrongPassword = {
    "the password of the PKCS#12 file is wrong, or its MAC is PBMAC1, which OpenSSL before 3.4 does not "
    "support",
    "Try the file with `signet list pkcs12:PATH`: Signet supports PBMAC1 and distinguishes the two."};
inline constexpr Meaning kNoDefault = {
    "the OpenSSL provider `default` is not active in this process, although another provider is",
    "Run `signet doctor`, and activate both `default` and `signet` in openssl.cnf (activate = 1)."};
inline constexpr Meaning kNoSignet = {
    "the OpenSSL provider `signet` is not active in this process, so the URI cannot be opened",
    "Run `signet doctor`, and activate `signet` in the openssl.cnf that this program reads."};
inline constexpr Meaning kNoSuchFile = {"a configured file does not exist",
                                        "Check its path; a daemon may read it after a change of directory."};
inline constexpr Meaning kUnreadableKey = {
    "no active OpenSSL provider reads this key file: `signet` or `default` is not active in this process, or "
    "the module or token that the file points to is missing",
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF."};
inline constexpr Meaning kNoKey = {
    "the program could not load the private key: it belongs to another certificate, or no provider reads the "
    "file",
    kCheckKeyFile};
inline constexpr Meaning kServerExpired = {
    "the server's certificate, or an issuer's, has expired by this machine's clock",
    "Have the server's certificate renewed, and check this machine's clock; the client certificate is not "
    "involved."};
inline constexpr Meaning kServerPurpose = {
    "the server's certificate is not for servers: its extended key usage lacks serverAuth",
    "Give the server a certificate with serverAuth; the client certificate is not involved."};
inline constexpr Meaning kServerName = {
    "the server's certificate does not contain the name or address that this program connects to",
    "Connect with a name that is in the certificate, or have the name added to its subjectAltName; the "
    "client certificate is not involved."};
inline constexpr Meaning kOtherUnverified = {
    "the program that reports this could not verify its peer's certificate: a client the server's, a server "
    "the client's",
    "Configure this program to trust the CA of its peer, and configure the peer to send its intermediates."};
inline constexpr Meaning kTrustFile = {
    "the configured file of trusted CAs does not exist or contains no PEM certificate",
    "Check the path (curl: --cacert, CURL_CA_BUNDLE) and that the file contains -----BEGIN "
    "CERTIFICATE-----."};
inline constexpr Meaning kNoEngine = {
    "the program looks for an OpenSSL engine that does not exist; Signet is a provider, not an engine",
    "Write a PEM file that points to the key with `signet pem`, and give the program its path instead of "
    "engine:..."};
inline constexpr Meaning kNoPem = {
    "the file has no PEM block of the required type: it is DER or PKCS#12, or contains only the key or only "
    "the certificate",
    "Give a file with -----BEGIN CERTIFICATE----- for the certificate and one with a key for the key; for a "
    "PKCS#12 file, set the type in the program (curl: --cert-type P12)."};
inline constexpr Meaning kModuleNotThere = {
    "OpenSSL cannot load a provider's module: the file is not in OpenSSL's modules directory, or a library "
    "that it needs is missing",
    "Install signet.so into OpenSSL's modules directory, or give its path in the line module = of "
    "openssl.cnf; "
    "`signet doctor` tries it."};
inline constexpr Meaning kReset = {
    "the peer closed the connection without a reason: it does not use TLS on this port, a network device "
    "closed the connection, or it rejected the client certificate",
    kCompare};
inline constexpr Meaning kLocked = {"the token's PIN is locked after too many wrong ones",
                                    "Unlock it with the card's PUK or its security officer's PIN."};
inline constexpr Meaning kWrongPin = {
    "the PIN is wrong; it was sent once and is not sent again",
    "Give the correct PIN; `signet doctor` shows what the token reports about remaining tries."};
inline constexpr Meaning kKeyFailed = {
    "this program's private key could not sign, or its signature does not match the certificate: the token "
    "is absent, "
    "its PIN was declined, or the key has no scheme that the server accepts",
    "Try the same identity with `signet handshake HOST:PORT --identity URI`: it shows why a signature "
    "failed."};
inline constexpr Meaning kRenegotiation = {
    "Apache asked for a client certificate after the request, for a location with SSLVerifyClient, and the "
    "client "
    "presented none or could not answer in that connection",
    "Configure the client to use TLS 1.3 with post-handshake authentication, or move SSLVerifyClient to the "
    "virtual host."};
inline constexpr Meaning kPurpose = {"the certificate's extended key usage does not allow this use",
                                     "Ask the issuer for a certificate whose extended key usage has this "
                                     "purpose: clientAuth for a client, serverAuth for a server."};

}  // namespace signet::inline diagnosis
