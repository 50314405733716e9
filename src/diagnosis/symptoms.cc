#include "diagnosis/explanation.h"
#include "diagnosis/symptom_meanings.h"

#include <algorithm>
#include <span>

namespace signet::inline diagnosis {
namespace {

constexpr Symptom Is(std::string_view text, const Meaning& meaning) {
  return {text, meaning.cause, meaning.hint};
}

// The first row that is found applies: more specific texts come first, because programs print several lines.
constexpr Symptom kSymptoms[] = {
    // This side's verification of the server, as clients print it.
    Is("no alternative certificate subject name matches", kServerName),
    Is("certificate problem: certificate has expired", kServerExpired),
    Is("certificate verify failed: certificate has expired", kServerExpired),
    Is("certificate problem: unsuitable certificate purpose", kServerPurpose),
    Is("certificate problem", kServerUntrusted),
    Is("curl: (77)", kTrustFile),
    Is("curl: (53)", kNoEngine),
    Is("ENGINE_by_id", kNoEngine),
    // nginx's pages and log, and OpenSSL's of a server.
    {"No required SSL certificate was sent",
     "the server asked for a client certificate and got none: no identity was configured or loaded in this "
     "program, or none fits the server's request",
     kCompare},
    {"The SSL certificate error",
     "the server could not verify the client certificate: it does not know the CA, an intermediate is "
     "missing, or a certificate has expired",
     "Run `signet handshake HOST:PORT --identity URI --pinned`: it compares the chain with what the server "
     "accepts."},
    Is("client sent no required SSL certificate", kNothingSent),
    Is("client SSL certificate verify error", kUnknownCertificate),
    Is("peer did not return a certificate", kNothingSent),
    Is("AH02261", kRenegotiation),
    // curl, in TLS 1.2, of the alert certificate_expired.
    {"SSL certificate verification failed",
     "the server considers a certificate of the client's chain expired; curl gives no details",
     kExpired.hint},
    // Java.
    Is("null cert chain", kNothingSent),
    Is("Empty client certificate chain", kNothingSent),
    {"PKIX path building failed",
     "Java could not verify the peer's certificate: its CA is not in the trust store, or an "
     "intermediate was not sent",
     "Import the CA into the trust store, and configure the peer to send its intermediates."},
    {"keystore password was incorrect", "Java could not open the key store: its password is wrong",
     "Give the correct password (javax.net.ssl.keyStorePassword); `signet list pkcs12:PATH` tries it."},
    // Chromium.
    Is("ERR_BAD_SSL_CLIENT_AUTH_CERT", kRefusedOrNone),
    Is("ERR_SSL_CLIENT_AUTH_CERT_NEEDED", kNothingSent),
    Is("ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED", kKeyFailed),
    // Alerts, as Firefox, then GnuTLS, then OpenSSL, Python, Node and Java print them.
    {"SSL_ERROR_NO_CYPHER_OVERLAP",
     "the server has no TLS version or cipher suite in common with this program",
     "Run `signet handshake HOST:PORT`: it shows the version and the cipher suite that the server selects."},
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
    Is("dlfcn_load", kModuleNotThere),
    Is("No such file or directory", kNoSuchFile),
    Is("unregistered scheme", kNoSignet),
    Is("DECODER routines::unsupported", kUnreadableKey),
    Is("OSSL_DECODER_from_bio:unsupported", kUnreadableKey),
    Is("ossl_store_handle_load_result:unsupported", kUnreadableKey),
    {"no suitable signature algorithm",
     "the key supports no scheme that both sides accept, or it was not accessible: a server's workers may "
     "have lost the environment variable that names the token",
     "Keep the token's environment for the workers (nginx: env SOFTHSM2_CONF;), and compare the schemes with "
     "`signet handshake`."},
    {"no shared cipher",
     "both sides have no cipher suite in common; with OpenSSL 3.0 this also happens if a key provider is "
     "activated before `default`",
     "Run `signet doctor`, and activate `default` before `signet` in openssl.cnf."},
    Is("CKR_PIN_LOCKED", kLocked),
    Is("CKR_PIN_INCORRECT", kWrongPin),
    // GnuTLS.
    Is("PKCS #11 PIN locked", kLocked),
    Is("Error in provided PIN", kWrongPin),
    {"ca md too weak",
     "a certificate of the chain is signed with a digest that OpenSSL considers too weak (SHA-1, MD5)",
     "Ask the issuer for a chain signed with SHA-256."},
    {"ee key too small", "the certificate's key is too short for OpenSSL's security level",
     "Ask for a certificate with an RSA key of 2048 bits or more, or an EC key."},
    // One side's verification of the other; the words do not tell which.
    Is("CERTIFICATE_VERIFY_FAILED", kOtherUnverified),
    {"certificate has expired",
     "a certificate of the chain has expired by the clock of the program that reports it",
     "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."},
    Is("unsuitable certificate purpose", kPurpose),
    Is("unsupported certificate purpose", kPurpose),
    {"unable to get local issuer certificate",
     "an issuer's certificate is missing: an intermediate was not sent, or the root is not trusted",
     "Send the intermediates with the leaf (PKCS#12 file, token or chain-file), and configure the peer to "
     "trust the root."},
    Is("The certificate is NOT trusted", kServerUntrusted),
    Is("self-signed certificate", kOtherUnverified),
    Is("curl: (60)", kServerUntrusted),
    Is("unable to set private key file", kNoKey),
    Is("no start line", kNoPem),
    Is("PEM lib", kNoKey),
    Is("Could not read private key", kNoKey),
    Is("Could not find private key", kNoKey),
    // What says the least.
    Is("A TLS fatal alert has been received",
       {"the server ended the handshake with an alert; another line has its number", kCompare}),
    Is("Connection reset", kReset),
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

}  // namespace signet::inline diagnosis
