#include "diagnosis/explanation.h"

#include <algorithm>

namespace signet {
namespace {

// The first row that is found counts: what is more telling goes first, as programs print several lines.
constexpr Symptom kSymptoms[] = {
    {"No required SSL certificate was sent",
     "the server asked for a client certificate and got none: no identity was configured or loaded in this "
     "program, or "
     "none fits what the server asks for",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or "
     "not."},
    {"The SSL certificate error",
     "the server got a client certificate and could not verify it: it does not know the CA, an intermediate "
     "is "
     "missing, or a date is past",
     "Run `signet handshake HOST:PORT --identity URI --pinned`: it compares the chain with what the server "
     "accepts."},
    {"client sent no required SSL certificate", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"client SSL certificate verify error", "the client certificate did not pass the server's verification",
     "Check the chain and its dates with `signet show URI`, and the server's log."},
    {"peer did not return a certificate", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"Certificate is required", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"alert [40]: Handshake failed",
     "the server found nothing that both sides accept; in TLS 1.2 it says so too when it requires a client "
     "certificate and gets none",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"CA is unknown",
     "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
     "sent",
     "Let the server trust the issuer, or put the missing intermediate into the PKCS#12 file, on the token "
     "or into the setting chain-file."},
    {"fatal alert: certificate_required", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"fatal alert: handshake_failure",
     "the server found nothing that both sides accept; in TLS 1.2 it says so too when it requires a client "
     "certificate and gets none",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"fatal alert: unknown_ca",
     "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
     "sent",
     "Let the server trust the issuer, or put the missing intermediate into the PKCS#12 file, on the token "
     "or into the setting chain-file."},
    {"fatal alert: bad_certificate",
     "the server could not verify the client certificate, or got none: Java's servers say so of both",
     "Check the chain and its dates with `signet show URI`, and the server's log."},
    {"fatal alert: certificate_unknown", "the client certificate did not pass the server's verification",
     "Check the chain and its dates with `signet show URI`, and the server's log."},
    {"null cert chain", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"Empty client certificate chain", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"PKIX path building failed",
     "Java could not verify the other side's certificate: its CA is not in the trust store, or an "
     "intermediate was not sent",
     "Import the CA into the trust store, and have the other side send its intermediates."},
    {"ERR_BAD_SSL_CLIENT_AUTH_CERT",
     "the server refused the client certificate, or requires one and got none",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"ERR_SSL_CLIENT_AUTH_CERT_NEEDED", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
     "the server found nothing that both sides accept; in TLS 1.2 it says so too when it requires a client "
     "certificate and gets none",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for and why an identity "
     "fits or not."},
    {"alert certificate required", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`: it shows the authorities and signature schemes that "
     "the server "
     "accepts beside those of the identity."},
    {"alert unknown ca",
     "the server does not know the CA behind the client certificate, or an intermediate certificate was not "
     "sent",
     "Let the server trust the issuer, or put the missing intermediate into the PKCS#12 file, on the token "
     "or into "
     "the setting chain-file."},
    {"alert unsupported certificate",
     "the server does not take the client certificate for this purpose: its extended key usage lacks "
     "clientAuth or "
     "its key usage lacks digitalSignature",
     "Ask the issuer for a certificate with both; `signet show URI` says what the present one lacks."},
    {"alert certificate expired",
     "the server holds a certificate of the client's chain for expired or not yet valid",
     "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."},
    {"alert certificate revoked", "the server holds the client certificate for revoked",
     "Ask the issuer for a new certificate."},
    {"alert bad certificate", "the server could not verify the client certificate",
     "Check the chain with `signet show URI`, and the server's log."},
    {"alert certificate unknown", "the server refused the client certificate and does not say why",
     "Look into the server's log; `signet handshake` shows what was sent."},
    {"alert access denied", "the server knows the client certificate and does not let its owner in",
     "Ask the server's administrator to let this subject in."},
    {"alert decrypt error",
     "the server found the client's signature wrong: key and certificate do not belong together",
     "Run `signet show URI`: it compares the public keys."},
    {"alert handshake failure",
     "the server found nothing that both sides accept; in TLS 1.2 this is also what it says when it requires "
     "a client "
     "certificate and gets none",
     "Run `signet handshake HOST:PORT --identity URI`: it shows what the server asks for beside what there "
     "is."},
    {"alert no certificate", "the server requires a client certificate and none was sent",
     "Run `signet handshake HOST:PORT --identity URI`."},
    {"key values mismatch", "the private key does not belong to the certificate",
     "Put the certificate that was issued for this key beside it; `signet list` shows which belong "
     "together."},
    {"inner_evp_generic_fetch:unsupported",
     "the PKCS#12 file is encrypted with RC2-40 or another algorithm that OpenSSL 3 has only in its legacy "
     "provider",
     "Use the file through a pkcs12: URI, as Signet reads it as it is, or make it anew with AES: openssl "
     "pkcs12 "
     "-legacy, then openssl pkcs12 -export."},
    {"digital envelope routines::unsupported",
     "the PKCS#12 file is encrypted with RC2-40 or another algorithm that OpenSSL 3 has only in its legacy "
     "provider",
     "Use the file through a pkcs12: URI, as Signet reads it as it is, or make it anew with AES: openssl "
     "pkcs12 "
     "-legacy, then openssl pkcs12 -export."},
    {"mac verify",
     "the password of the PKCS#12 file is wrong, or its MAC is PBMAC1, which OpenSSL before 3.4 does not "
     "know",
     "Try the file with `signet list pkcs12:PATH`: Signet knows PBMAC1 and tells the two apart."},
    {"library has no ciphers",
     "the OpenSSL provider `default` is not active in this process, though another provider is",
     "Run `signet doctor`, and activate `default` beside `signet` in openssl.cnf (activate = 1)."},
    {"no ciphers available",
     "the OpenSSL provider `default` is not active in this process, though another provider is",
     "Run `signet doctor`, and activate `default` beside `signet` in openssl.cnf (activate = 1)."},
    {"insufficient randomness",
     "the OpenSSL provider `default` is not active in this process, though another provider is",
     "Run `signet doctor`, and activate `default` beside `signet` in openssl.cnf (activate = 1)."},
    {"unregistered scheme",
     "the OpenSSL provider `signet` is not active in this process, so nobody opens the URI",
     "Run `signet doctor`, and activate `signet` in the openssl.cnf that this program reads."},
    {"DECODER routines::unsupported",
     "no active OpenSSL provider reads this key file: `signet` or `default` is not active in this process, "
     "or the "
     "module or token that the file points at is missing",
     "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF."},
    {"OSSL_DECODER_from_bio:unsupported",
     "no active OpenSSL provider reads this key file: `signet` or `default` is not active in this process, "
     "or the "
     "module or token that the file points at is missing",
     "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF."},
    {"no suitable signature algorithm",
     "the key cannot sign with what both sides accept, or it could not be reached: a server's workers may "
     "have lost "
     "the environment that names the token",
     "Keep the token's environment for the workers (nginx: env SOFTHSM2_CONF;), and compare the schemes with "
     "`signet "
     "handshake`."},
    {"no shared cipher",
     "both sides have no cipher suite in common; on OpenSSL 3.0 a key provider that is activated before "
     "`default` "
     "does that too",
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
    {"certificate has expired", "a certificate of the chain has expired, by the clock of whoever says so",
     "Check the dates of the whole chain with `signet show URI`, and the clocks of both machines."},
    {"unsuitable certificate purpose",
     "the certificate's extended key usage does not allow what it is used for",
     "Ask the issuer for a certificate whose extended key usage has clientAuth."},
    {"unsupported certificate purpose",
     "the certificate's extended key usage does not allow what it is used for",
     "Ask the issuer for a certificate whose extended key usage has clientAuth."},
    {"unable to get local issuer certificate",
     "an issuer's certificate is missing: an intermediate was not sent, or the root is not trusted",
     "Send the intermediates with the leaf (PKCS#12 file, token or chain-file), and let the other side trust "
     "the root."},
    {"The certificate is NOT trusted",
     "this side could not verify the server's certificate: its CA is not trusted here",
     "Let the program trust the CA of the server; the client certificate plays no part in this."},
    {"self-signed certificate in certificate chain",
     "this side could not verify the server's certificate: its CA is not trusted here",
     "Let the program trust the CA of the server; the client certificate plays no part in this."},
    {"unable to set private key file",
     "the program could not load the private key: it is another certificate's, or no provider reads the file",
     "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF; `signet list` shows which key and "
     "certificate belong together."},
    {"PEM lib",
     "the program could not load the private key: it is another certificate's, or no provider reads the file",
     "Run `signet doctor --pem FILE` with the program's OPENSSL_CONF; `signet list` shows which key and "
     "certificate belong together."},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::span<const Symptom> Symptoms() noexcept { return kSymptoms; }

std::optional<Explanation> ExplainSymptom(std::string_view printed) {
  const auto same = [](char a, char b) { return Lower(a) == Lower(b); };
  for (const Symptom& symptom : kSymptoms) {
    const std::string_view text = symptom.text;
    if (std::search(printed.begin(), printed.end(), text.begin(), text.end(), same) == printed.end())
      continue;
    return Explanation{std::string(symptom.cause), std::string(symptom.mend)};
  }
  return std::nullopt;
}

}  // namespace signet
