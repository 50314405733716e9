#include "gnutls/failure.h"

#include <cctype>
#include <cstring>
#include <new>

namespace signet::gnutls {
namespace {

// VerificationRow is a finding of GnuTLS and what to do about it; the first one that was found counts.
struct VerificationRow {
  unsigned status;
  std::string_view hint;
};

constexpr VerificationRow kVerification[] = {
    {GNUTLS_CERT_SIGNER_NOT_FOUND, "If the server is genuine, configure the program to trust its CA."},
    {GNUTLS_CERT_UNEXPECTED_OWNER, "Connect with a name that is in the server's certificate."},
    {GNUTLS_CERT_EXPIRED, "Have the server's certificate renewed, and check this machine's clock."},
    {GNUTLS_CERT_NOT_ACTIVATED, "Check the clocks of both machines."},
    {GNUTLS_CERT_PURPOSE_MISMATCH, "Give the server a certificate whose extended key usage has serverAuth."},
};

Owned<signet_error> Made(signet_error_code code, const std::string& detail, std::string_view hint) {
  Owned<signet_error> made(signet_error_new(code, detail.c_str(), std::string(hint).c_str()));
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

Owned<signet_error> Broken(const std::string& how) {
  return Made(SIGNET_ERROR_NETWORK, "the other side " + how,
              "Look into the server's log; check that it speaks TLS on this port.");
}

}  // namespace

std::string VerificationText(unsigned status) {
  gnutls_datum_t printed{};
  if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &printed, 0) < 0)
    return "no reason given";
  const std::unique_ptr<unsigned char, decltype(gnutls_free)> owned(printed.data, gnutls_free);
  std::string text(reinterpret_cast<const char*>(printed.data), printed.size);
  // The first sentence only states that it is not trusted.
  if (const std::size_t first = text.find(". "); first != std::string::npos && first + 2 < text.size())
    text.erase(0, first + 2);
  while (!text.empty() && (text.back() == ' ' || text.back() == '.' || text.back() == '\0')) text.pop_back();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at == 0) text[at] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[at])));
    if (text.compare(at, 2, ". ") != 0) continue;
    text[at] = ';';
    if (at + 2 < text.size())
      text[at + 2] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[at + 2])));
  }
  return text;
}

std::string_view VerificationHint(unsigned status) noexcept {
  for (const VerificationRow& row : kVerification) {
    if ((status & row.status) != 0) return row.hint;
  }
  return "Have the server's certificate reissued to correct this.";
}

Owned<signet_error> Failure(gnutls_session_t session, int status, int number) {
  switch (status) {
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
      return nullptr;
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR: {
      const unsigned found = gnutls_session_get_verify_cert_status(session);
      return Made(SIGNET_ERROR_UNTRUSTED_SERVER,
                  "the server's certificate could not be verified: " + VerificationText(found),
                  VerificationHint(found));
    }
    case GNUTLS_E_AGAIN:
    case GNUTLS_E_INTERRUPTED:
    case GNUTLS_E_TIMEDOUT:
      return Made(SIGNET_ERROR_NETWORK, "the other side did not respond in time",
                  "Check that it speaks TLS on this port, and not only after STARTTLS.");
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_SESSION_EOF:
      return Broken("closed the connection");
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
      return Broken(number == 0 ? "broke the connection"
                                : std::string("broke the connection: ") + std::strerror(number));
    default:
      return Made(SIGNET_ERROR_HANDSHAKE, std::string("the handshake failed: ") + gnutls_strerror(status),
                  "Check that the other side speaks TLS on this port, and which versions and suites it has.");
  }
}

}  // namespace signet::gnutls
