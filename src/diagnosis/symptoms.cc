#include "diagnosis/explanation.h"

#include <algorithm>
#include <span>

namespace signet {
namespace {

// Meaning is what is behind a text.
struct Meaning {
  std::string_view cause;
  std::string_view hint;
};

constexpr std::string_view kCompare =
    "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
    "fits or not.";
constexpr std::string_view kCheckKeyFile =
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF; `signet list` shows which key and "
    "certificate belong together.";

constexpr Meaning kNothingSent = {"the server requires a client certificate and none was sent", kCompare};
constexpr Meaning kNothingInCommon = {
    "the server found nothing that both sides accept; in TLS 1.2 it says so too when it requires a client "
    "certificate and gets none",
    kCompare};
constexpr Meaning kUnknownCa = {
    "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
    "sent",
    "Let the server trust the issuer, or put the missing intermediate into the PKCS#12 file, on the token or "
    "into the setting chain-file."};
constexpr Meaning kBadCertificate = {
    "the server could not verify the client certificate, or got none: Java's servers say so of both",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
constexpr Meaning kUnknownCertificate = {
    "the client certificate did not pass the server's verification",
    "Check the chain and its dates with `signet show URI`, and the server's log."};
constexpr Meaning kWrongPurpose = {
    "the server does not take the client certificate for this purpose: its extended key usage lacks "
    "clientAuth or its key usage lacks digitalSignature",
    "Ask the issuer for a certificate with both; `signet show URI` says what the present one lacks."};
constexpr Meaning kExpired = {
    "the server holds a certificate of the client's chain for expired or not yet valid",
    "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."};
constexpr Meaning kRevoked = {"the server holds the client certificate for revoked",
                              "Ask the issuer for a new certificate."};
constexpr Meaning kDenied = {"the server knows the client certificate and does not let its owner in",
                             "Ask the server's administrator to let this subject in."};
constexpr Meaning kWrongSignature = {
    "the server found the client's signature wrong: key and certificate do not belong together",
    "Run `signet show URI`: it compares the public keys."};
constexpr Meaning kVersion = {
    "the server does not speak the TLS version that this program offers",
    "Let the program offer what the server has: `signet handshake HOST:PORT` shows the version."};
constexpr Meaning kRefusedOrNone = {"the server refused the client certificate, or requires one and got none",
                                    kCompare};
constexpr Meaning kServerUntrusted = {
    "this side could not verify the server's certificate: its CA is not trusted here",
    "Let the program trust the CA of the server; the client certificate plays no part in this."};
constexpr Meaning kOtherKey = {
    "the private key does not belong to the certificate",
    "Put the certificate that was issued for this key beside it; `signet list` shows which belong together."};
constexpr Meaning kOldPkcs12 = {
    "the PKCS#12 file is encrypted with RC2-40 or another algorithm that OpenSSL 3 has only in its legacy "
    "provider",
    "Use the file through a pkcs12: URI, as Signet reads it as it is, or make it anew with AES: openssl "
    "pkcs12 -legacy, then openssl pkcs12 -export."};
constexpr Meaning kWrongPassword = {
    "the password of the PKCS#12 file is wrong, or its MAC is PBMAC1, which OpenSSL before 3.4 does not know",
    "Try the file with `signet list pkcs12:PATH`: Signet knows PBMAC1 and tells the two apart."};
constexpr Meaning kNoDefault = {
    "the OpenSSL provider `default` is not active in this process, though another provider is",
    "Run `signet doctor`, and activate `default` beside `signet` in openssl.cnf (activate = 1)."};
constexpr Meaning kNoSignet = {
    "the OpenSSL provider `signet` is not active in this process, so nobody opens the URI",
    "Run `signet doctor`, and activate `signet` in the openssl.cnf that this program reads."};
constexpr Meaning kNoSuchFile = {"a file that the program was told of is not there",
                                 "Check its path; a daemon may read it after a change of directory."};
constexpr Meaning kUnreadableKey = {
    "no active OpenSSL provider reads this key file: `signet` or `default` is not active in this process, or "
    "the module or token that the file points at is missing",
    "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF."};
constexpr Meaning kNoKey = {
    "the program could not load the private key: it is another certificate's, or no provider reads the file",
    kCheckKeyFile};
constexpr Meaning kPurpose = {"the certificate's extended key usage does not allow what it is used for",
                              "Ask the issuer for a certificate whose extended key usage names this purpose: "
                              "clientAuth for a client, serverAuth for a server."};

constexpr Symptom Is(std::string_view text, const Meaning& meaning) {
  return {text, meaning.cause, meaning.hint};
}

// The first row that is found counts: what is more telling goes first, as programs print several lines.
constexpr Symptom kSymptoms[] = {
    // nginx's pages and log, and OpenSSL's of a server.
    {"No required SSL certificate was sent",
     "the server asked for a client certificate and got none: no identity was configured or loaded in this "
     "program, or none fits what the server asks for",
     kCompare},
    {"The SSL certificate error",
     "the server got a client certificate and could not verify it: it does not know the CA, an intermediate "
     "is missing, or a date is past",
     "Run `signet handshake HOST:PORT --identity URI --pinned`: it compares the chain with what the server "
     "accepts."},
    Is("client sent no required SSL certificate", kNothingSent),
    Is("client SSL certificate verify error", kUnknownCertificate),
    Is("peer did not return a certificate", kNothingSent),
    // curl, in TLS 1.2, of the alert certificate_expired.
    {"SSL certificate verification failed",
     "the server holds a certificate of the client's chain for expired; curl says no more than this of it",
     kExpired.hint},
    // Java.
    Is("null cert chain", kNothingSent),
    Is("Empty client certificate chain", kNothingSent),
    {"PKIX path building failed",
     "Java could not verify the other side's certificate: its CA is not in the trust store, or an "
     "intermediate was not sent",
     "Import the CA into the trust store, and have the other side send its intermediates."},
    {"keystore password was incorrect", "Java could not open the key store: its password is wrong",
     "Give the right password (javax.net.ssl.keyStorePassword); `signet list pkcs12:PATH` tries it."},
    // Chromium.
    Is("ERR_BAD_SSL_CLIENT_AUTH_CERT", kRefusedOrNone),
    Is("ERR_SSL_CLIENT_AUTH_CERT_NEEDED", kNothingSent),
    // Alerts, as Firefox, then GnuTLS, then OpenSSL, Python, Node and Java print them.
    {"SSL_ERROR_NO_CYPHER_OVERLAP",
     "the server has no TLS version or cipher suite in common with this program",
     "Run `signet handshake HOST:PORT`: it shows the version and the cipher suite that the server takes."},
    Is("SSL_ERROR_HANDSHAKE_FAILURE_ALERT", kNothingInCommon),
    Is("SSL_ERROR_BAD_CERT_ALERT", kBadCertificate),
    Is("SSL_ERROR_UNSUPPORTED_CERT_ALERT", kWrongPurpose),
    Is("SSL_ERROR_REVOKED_CERT_ALERT", kRevoked),
    Is("SSL_ERROR_EXPIRED_CERT_ALERT", kExpired),
    Is("SSL_ERROR_CERTIFICATE_UNKNOWN_ALERT", kUnknownCertificate),
    Is("SSL_ERROR_UNKNOWN_CA_ALERT", kUnknownCa),
    Is("SSL_ERROR_ACCESS_DENIED_ALERT", kDenied),
    Is("SSL_ERROR_DECRYPT_ERROR_ALERT", kWrongSignature),
    Is("SSL_ERROR_PROTOCOL_VERSION_ALERT", kVersion),
    Is("SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", kNothingSent),
    Is("alert [40]", kNothingInCommon),
    Is("alert [42]", kBadCertificate),
    Is("alert [43]", kWrongPurpose),
    Is("alert [44]", kRevoked),
    Is("alert [45]", kExpired),
    Is("alert [46]", kUnknownCertificate),
    Is("alert [48]", kUnknownCa),
    Is("alert [49]", kDenied),
    Is("alert [51]", kWrongSignature),
    Is("alert [70]", kVersion),
    Is("alert [116]", kNothingSent),
    Is("alert handshake failure", kNothingInCommon),
    Is("alert bad certificate", kBadCertificate),
    Is("alert unsupported certificate", kWrongPurpose),
    Is("alert certificate revoked", kRevoked),
    Is("alert certificate expired", kExpired),
    Is("alert certificate unknown", kUnknownCertificate),
    Is("alert unknown ca", kUnknownCa),
    Is("alert access denied", kDenied),
    Is("alert decrypt error", kWrongSignature),
    Is("alert protocol version", kVersion),
    Is("alert certificate required", kNothingSent),
    // This side's key, certificate and set-up.
    Is("key values mismatch", kOtherKey),
    Is("unable to fetch drbg", kNoDefault),
    Is("Algorithm (RC2", kOldPkcs12),
    Is("could not parse PKCS12 file, check password, OpenSSL error error:0308010C", kOldPkcs12),
    Is("mac verify", kWrongPassword),
    Is("library has no ciphers", kNoDefault),
    Is("insufficient randomness", kNoDefault),
    Is("Scheme (pkcs11", kNoSignet),
    Is("Scheme (pkcs12", kNoSignet),
    Is("at least one of the default or base providers", kNoDefault),
    Is("No such file or directory", kNoSuchFile),
    Is("unregistered scheme", kNoSignet),
    Is("DECODER routines::unsupported", kUnreadableKey),
    Is("OSSL_DECODER_from_bio:unsupported", kUnreadableKey),
    Is("ossl_store_handle_load_result:unsupported", kUnreadableKey),
    {"no suitable signature algorithm",
     "the key cannot sign with what both sides accept, or it could not be reached: a server's workers may "
     "have lost the environment that names the token",
     "Keep the token's environment for the workers (nginx: env SOFTHSM2_CONF;), and compare the schemes with "
     "`signet handshake`."},
    {"no shared cipher",
     "both sides have no cipher suite in common; on OpenSSL 3.0 a key provider that is activated before "
     "`default` does that too",
     "Run `signet doctor`, and activate `default` before `signet` in openssl.cnf."},
    {"CKR_PIN_LOCKED", "the token's PIN is locked after too many wrong ones",
     "Unlock it with the card's PUK or its security officer's PIN."},
    {"CKR_PIN_INCORRECT", "the PIN is wrong; it was sent once and is not sent again",
     "Give the right PIN; `signet doctor` shows how many tries the token says are left."},
    {"ca md too weak",
     "a certificate of the chain is signed with a digest that OpenSSL holds for too weak (SHA-1, MD5)",
     "Ask the issuer for a chain signed with SHA-256."},
    {"ee key too small", "the certificate's key is too short for OpenSSL's security level",
     "Ask for a certificate with an RSA key of 2048 bits or more, or an EC key."},
    // This side's verification of the other.
    {"certificate has expired", "a certificate of the chain has expired, by the clock of whoever says so",
     "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."},
    Is("unsuitable certificate purpose", kPurpose),
    Is("unsupported certificate purpose", kPurpose),
    {"unable to get local issuer certificate",
     "an issuer's certificate is missing: an intermediate was not sent, or the root is not trusted",
     "Send the intermediates with the leaf (PKCS#12 file, token or chain-file), and let the other side trust "
     "the root."},
    Is("The certificate is NOT trusted", kServerUntrusted),
    Is("self-signed certificate in certificate chain", kServerUntrusted),
    Is("unable to set private key file", kNoKey),
    Is("PEM lib", kNoKey),
};

// Plain writes a text as it is compared: programs print the same words with blanks, underscores or colons
// between them, and in either case.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '_' || c == ':' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) {
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    } else if (!plain.ends_with(' ')) {
      plain += ' ';
    }
  }
  return plain;
}

}  // namespace

std::span<const Symptom> Symptoms() noexcept { return kSymptoms; }

const Symptom* FindSymptom(std::string_view printed) {
  const std::string text = Plain(printed);
  const auto* found = std::ranges::find_if(
      kSymptoms, [&](const Symptom& symptom) { return text.find(Plain(symptom.text)) != std::string::npos; });
  return found != std::end(kSymptoms) ? found : nullptr;
}

std::optional<Explanation> ExplainSymptom(std::string_view printed) {
  const Symptom* symptom = FindSymptom(printed);
  if (symptom == nullptr) return std::nullopt;
  return Explanation{std::string(symptom->cause), std::string(symptom->hint)};
}

}  // namespace signet
