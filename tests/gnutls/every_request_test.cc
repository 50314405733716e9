// The same table as for OpenSSL and Botan: GnuTLS succeeds whenever any identity of the set does by itself.
#include "gnutls/inspector/probe.h"
#include "openssl_tls/request_table.h"
#include <signet/testing/temporary_directory.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

namespace signet::gnutls {
namespace {

class GnuTlsEveryRequest : public ::testing::TestWithParam<const char*> {
 protected:
  // Presented is the common name that the server accepted; empty for none, "failed" for no connection.
  std::string Presented(const Request& request, const std::vector<Identity>& identities,
                        std::string* why) const {
    const auto context = table_.Server(request, GetParam());
    HandshakeReport report;
    const std::string presented = NameOfClient(context.get(), [&](std::uint16_t port) {
      ProbeOptions options{.host = "localhost", .port = port, .identities = identities};
      options.trust_file = trust_;
      report = MakeProbe()->Connect(options).at(0);
    });
    if (why != nullptr) {
      *why = report.failure ? report.failure->what() : "";
      for (const ConsideredIdentity& row : report.considered) {
        *why += fmt::format("\n{}: {}", row.subject, fmt::join(row.reasons, "; "));
      }
    }
    return presented;
  }

  RequestTable table_;
  testing::TemporaryDirectory directory_;
  std::string trust_ = directory_.Write("ca.pem", table_.server_root().CertificatePem());
};

TEST_P(GnuTlsEveryRequest, IsMetWheneverAnyIdentityCan) {
  ExpectEveryRequestAnswered(table_, [this](const auto& request, const auto& identities, std::string* why) {
    return Presented(request, identities, why);
  });
}

INSTANTIATE_TEST_SUITE_P(Versions, GnuTlsEveryRequest, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return std::string(row.param) == "1.2" ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet::gnutls
