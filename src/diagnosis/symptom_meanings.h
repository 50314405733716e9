#pragma once

#include <string_view>

// What is behind the texts of symptoms.cc, where several texts mean the same.
namespace signet {

// Meaning is what is behind a text.
struct Meaning {
  std::string_view cause;
  std::string_view hint;
};

inline constexpr std::string_view kCompare =
    "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
    "fits or not.";
inline constexpr std::string_view kCheckKeyFile =
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF; `signet list` shows which key and "
    "certificate belong together.";

inline constexpr Meaning kNothingSent = {"the server requires a client certificate and none was sent",
                                         kCompare};
inline constexpr Meaning kNothingInCommon = {
    "the server found nothing that both sides accept; in TLS 1.2 it says so too when it requires a client "
    "certificate and gets none",
    kCompare};
inline constexpr Meaning kUnknownCa = {
    "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
    "sent",
    "Let the server trust the issuer, or put the missing intermediate into the PKCS#12 file, on the token or "
    "into the setting chain-file."};
inline constexpr Meaning kBadCertificate = {
    "the server could not verify the client certificate, or got none: Java's servers say so of both",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
inline constexpr Meaning kUnknownCertificate = {
    "the client certificate did not pass the server's verification",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
inline constexpr Meaning kWrongPurpose = {
    "the server does not take the client certificate for this purpose: its extended key usage lacks "
    "clientAuth or its key usage lacks digitalSignature",
    "Ask the issuer for a certificate with both; `signet show URI` says what the present one lacks."};
inline constexpr Meaning kExpired = {
    "the server holds a certificate of the client's chain for expired or not yet valid",
    "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."};
inline constexpr Meaning kRevoked = {"the server holds the client certificate for revoked",
                                     "Ask the issuer for a new certificate."};
inline constexpr Meaning kDenied = {"the server knows the client certificate and does not let its owner in",
                                    "Ask the server's administrator to let this subject in."};
inline constexpr Meaning kWrongSignature = {
    "the server found the client's signature wrong: key and certificate do not belong together",
    "Run `signet show URI`: it compares the public keys."};
inline constexpr Meaning kVersion = {
    "the server does not speak the TLS version that this program offers",
    "Let the program offer what the server has: `signet handshake HOST:PORT` shows the version."};
inline constexpr Meaning kRefusedOrNone = {
    "the server refused the client certificate, or requires one and got none", kCompare};
inline constexpr Meaning kServerUntrusted = {
    "this side could not verify the server's certificate: its CA is not trusted here",
    "Let the program trust the CA of the server; the client certificate plays no part in this."};
inline constexpr Meaning kOtherKey = {
    "the private key does not belong to the certificate",
    "Put the certificate that was issued for this key beside it; `signet list` shows which belong together."};
inline constexpr Meaning kOldPkcs12 = {
    "the PKCS#12 file is encrypted with RC2-40 or another algorithm that OpenSSL 3 has only in its legacy "
    "provider",
    "Use the file through a pkcs12: URI, as Signet reads it as it is, or make it anew with AES: openssl "
    "pkcs12 -legacy, then openssl pkcs12 -export."};
inline constexpr Meaning kWrongPassword = {
    "the password of the PKCS#12 file is wrong, or its MAC is PBMAC1, which OpenSSL before 3.4 does not know",
    "Try the file with `signet list pkcs12:PATH`: Signet knows PBMAC1 and tells the two apart."};
inline constexpr Meaning kNoDefault = {
    "the OpenSSL provider `default` is not active in this process, though another provider is",
    "Run `signet doctor`, and activate `default` beside `signet` in openssl.cnf (activate = 1)."};
inline constexpr Meaning kNoSignet = {
    "the OpenSSL provider `signet` is not active in this process, so nobody opens the URI",
    "Run `signet doctor`, and activate `signet` in the openssl.cnf that this program reads."};
inline constexpr Meaning kNoSuchFile = {"a file that the program was told of is not there",
                                        "Check its path; a daemon may read it after a change of directory."};
inline constexpr Meaning kUnreadableKey = {
    "no active OpenSSL provider reads this key file: `signet` or `default` is not active in this process, or "
    "the module or token that the file points at is missing",
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF."};
inline constexpr Meaning kNoKey = {
    "the program could not load the private key: it is another certificate's, or no provider reads the file",
    kCheckKeyFile};
inline constexpr Meaning kServerExpired = {
    "the server's certificate, or an issuer's, has expired by this machine's clock",
    "Have the server's certificate renewed, and check this machine's clock; the client certificate plays no "
    "part "
    "in this."};
inline constexpr Meaning kServerPurpose = {
    "the server's certificate is not for servers: its extended key usage lacks serverAuth",
    "Give the server a certificate with serverAuth; the client certificate plays no part in this."};
inline constexpr Meaning kServerName = {
    "the server's certificate does not carry the name or address that this program connects to",
    "Connect by a name that is in the certificate, or have the name added to its subjectAltName; the client "
    "certificate plays no part in this."};
inline constexpr Meaning kOtherUnverified = {
    "whoever prints this could not verify the other side's certificate: in a client it is the server's, in a "
    "server the client's",
    "Let the side that prints it trust the CA of the other side, and have the other side send its "
    "intermediates."};
inline constexpr Meaning kTrustFile = {
    "the file of trusted CAs that the program was told of is not there, or holds no certificate in PEM",
    "Check the path (curl: --cacert, CURL_CA_BUNDLE) and that the file has -----BEGIN CERTIFICATE----- in "
    "it."};
inline constexpr Meaning kNoEngine = {
    "the program looks for an OpenSSL engine that is not there; Signet is a provider and no engine",
    "Write a PEM file that points at the key with `signet pem`, and give the program its path in the place "
    "of "
    "engine:..."};
inline constexpr Meaning kNoPem = {
    "the file has no PEM block of the kind that the program looks for: it is DER or PKCS#12, or holds the "
    "key "
    "alone or the certificate alone",
    "Give a file with -----BEGIN CERTIFICATE----- for the certificate and one with a key for the key; for a "
    "PKCS#12 file, say so to the program (curl: --cert-type P12)."};
inline constexpr Meaning kModuleNotThere = {
    "OpenSSL cannot load a provider's module: the file is not where OpenSSL looks, or a library that it "
    "needs is "
    "missing",
    "Install signet.so into OpenSSL's modules directory, or give its path in the line module = of "
    "openssl.cnf; "
    "`signet doctor` tries it."};
inline constexpr Meaning kReset = {
    "the other side broke the connection off without saying why: it speaks no TLS on this port, something on "
    "the "
    "way cuts it, or it refused the client certificate",
    kCompare};
inline constexpr Meaning kLocked = {"the token's PIN is locked after too many wrong ones",
                                    "Unlock it with the card's PUK or its security officer's PIN."};
inline constexpr Meaning kWrongPin = {
    "the PIN is wrong; it was sent once and is not sent again",
    "Give the right PIN; `signet doctor` shows how many tries the token says are left."};
inline constexpr Meaning kKeyFailed = {
    "this program's private key made no signature, or one that does not fit the certificate: the token is "
    "gone, "
    "its PIN was declined, or the key has no scheme that the server accepts",
    "Try the same identity with `signet handshake HOST:PORT --identity URI`: it says why a signature "
    "failed."};
inline constexpr Meaning kRenegotiation = {
    "Apache asked for a client certificate after the request, for a location with SSLVerifyClient, and the "
    "client "
    "presented none or could not answer in that connection",
    "Let the client use TLS 1.3 with post-handshake authentication, or put SSLVerifyClient into the virtual "
    "host."};
inline constexpr Meaning kPurpose = {
    "the certificate's extended key usage does not allow what it is used for",
    "Ask the issuer for a certificate whose extended key usage names this purpose: "
    "clientAuth for a client, serverAuth for a server."};

}  // namespace signet
