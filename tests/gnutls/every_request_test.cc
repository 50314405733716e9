// The same table as for OpenSSL and Botan: GnuTLS succeeds whenever any identity of the set does by itself.
#include "gnutls/inspector/probe.h"
#include "inspector/socket.h"
#include "openssl_tls/request_table.h"
#include <signet/testing/temporary_directory.h>

#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

namespace signet::gnutls {
namespace {

using namespace std::chrono_literals;

class GnuTlsEveryRequest : public ::testing::TestWithParam<const char*> {
 protected:
  // Presented is the common name that the server accepted; empty for none, "failed" for no connection.
  std::string Presented(const Request& request, const std::vector<Identity>& identities,
                        std::string* why) const {
    const auto context = table_.Server(request, GetParam());
    const Socket listener = Socket::Listen("127.0.0.1", 0);
    std::string presented = "failed";
    std::thread server([&] {
      const Socket socket = listener.Accept(10s);
      const OpenSslPtr<SSL> connection(SSL_new(context.get()));
      SSL_set_fd(connection.get(), socket.get());
      char request_line[100];
      if (SSL_accept(connection.get()) != 1) return;
      if (SSL_read(connection.get(), request_line, sizeof request_line) <= 0) return;
      SSL_write(connection.get(), "done\n", 5);
      SSL_shutdown(connection.get());
      X509* leaf = SSL_get0_peer_certificate(connection.get());
      char name[100] = "";
      if (leaf != nullptr)
        X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof name);
      presented = name;
    });
    ProbeOptions options{.host = "localhost", .port = listener.port(), .identities = identities};
    options.trust_file = trust_;
    const HandshakeReport report = MakeProbe()->Connect(options).at(0);
    server.join();
    if (why != nullptr) {
      *why = report.failure ? report.failure->what() : "";
      for (const ConsideredIdentity& row : report.considered) {
        *why += fmt::format("\n{}: {}", row.subject, fmt::join(row.reasons, "; "));
      }
    }
    return presented;
  }

  bool AnyCan(const Request& request) const {
    for (const Identity& identity : table_.identities()) {
      for (const Identity& alternative : Alternatives(identity)) {
        const std::string presented = Presented(request, {alternative}, nullptr);
        if (!presented.empty() && presented != "failed") return true;
      }
    }
    return false;
  }

  RequestTable table_;
  testing::TemporaryDirectory directory_;
  std::string trust_ = directory_.Write("ca.pem", table_.server_root().CertificatePem());
};

TEST_P(GnuTlsEveryRequest, IsMetWheneverAnyIdentityCan) {
  int met = 0;
  for (const Request& request : Requests()) {
    SCOPED_TRACE(fmt::format("[{}] {}", request.authorities, request.schemes));
    std::string why;
    const std::string presented = Presented(request, table_.identities(), &why);
    EXPECT_NE(presented, "failed") << why;
    if (presented.empty()) {
      EXPECT_FALSE(AnyCan(request)) << why;
    } else {
      ++met;
    }
  }
  EXPECT_GE(met, 15);
}

INSTANTIATE_TEST_SUITE_P(Versions, GnuTlsEveryRequest, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return std::string(row.param) == "1.2" ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet::gnutls
