#include "gnutls/inspector/session_options.h"

#include "base/file.h"
#include "handshake/messages.h"
#include "handshake/server_trust.h"
#include <signet/error.h>

#include <vector>

#include <fmt/format.h>

namespace signet::gnutls {
namespace {

constexpr std::uint64_t kLargestTrustFile = 64 << 20;

const char* Versions(std::optional<std::uint16_t> version) {
  if (!version) return "-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
  return *version == kTls13 ? "-VERS-ALL:+VERS-TLS1.3" : "-VERS-ALL:+VERS-TLS1.2";
}

int Trust(gnutls_certificate_credentials_t credentials, const std::string& file) {
  if (file.empty()) return gnutls_certificate_set_x509_system_trust(credentials);
  try {
    std::vector<std::uint8_t> text = ReadFile(file, kLargestTrustFile);
    const gnutls_datum_t pem{text.data(), static_cast<unsigned>(text.size())};
    return gnutls_certificate_set_x509_trust_mem(credentials, &pem, GNUTLS_X509_FMT_PEM);
  } catch (const Error& error) {
    throw UnreadableTrust(error);
  }
}

}  // namespace

void CheckGnuTls(int status, const char* call) {
  if (status >= 0) return;
  throw Error({.code = ErrorCode::kInternal, .detail = gnutls_strerror(status), .call = call});
}

Credentials MakeCredentials(const std::string& trust_file) {
  gnutls_certificate_credentials_t made = nullptr;
  CheckGnuTls(gnutls_certificate_allocate_credentials(&made), "gnutls_certificate_allocate_credentials");
  Credentials credentials(made);
  const int trusted = Trust(made, trust_file);
  // A system without certificates trusts nobody.
  if (trusted > 0 || (trusted == 0 && trust_file.empty())) return credentials;
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = trust_file.empty()
                             ? fmt::format("the system's trusted certificates cannot be read: {}",
                                           gnutls_strerror(trusted))
                             : fmt::format("no trusted certificate can be read from {}", trust_file),
               .hint = std::string(kNameATrustFile)});
}

gnutls_session_t MakeSession(Recorder::Side side, gnutls_certificate_credentials_t credentials,
                             std::optional<std::uint16_t> version) {
  const bool client = side == Recorder::Side::kClient;
  gnutls_session_t session = nullptr;
  CheckGnuTls(gnutls_init(&session, client ? GNUTLS_CLIENT | GNUTLS_POST_HANDSHAKE_AUTH | GNUTLS_NONBLOCK
                                           : GNUTLS_SERVER),
              "gnutls_init");
  std::unique_ptr<std::remove_pointer_t<gnutls_session_t>, decltype(&gnutls_deinit)> owned(session,
                                                                                           gnutls_deinit);
  CheckGnuTls(gnutls_set_default_priority_append(session, Versions(version), nullptr, 0),
              "gnutls_set_default_priority_append");
  CheckGnuTls(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), "gnutls_credentials_set");
  return owned.release();
}

}  // namespace signet::gnutls
