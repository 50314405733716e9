#include "conformance/stacks.h"

#include "conformance/sources.h"
#include "openssl_tls/probe.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <algorithm>
#include <future>
#include <tuple>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signet::conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// Server is a mutual-TLS server on the loopback that serves one visitor at a time.
class Server {
 public:
  Server(const testing::TestPki& pki, std::uint16_t version) : port_(testing::FreePort()) {
    const testing::TestIdentity own = pki.Issue(testing::CertificateOptions::Server());
    ServeOptions options;
    options.certificate_file = files_.Write("server.pem", std::string_view(own.CertificatePem()));
    options.key_file = files_.Write("server.key", std::string_view(own.PrivateKeyPem()));
    options.trust_file = trust_file();
    files_.Write("root.pem", std::string_view(pki.root().CertificatePem()));
    options.protocol_version = version;
    acceptor_ = openssl::MakeAcceptor(options);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 8) != 0) {
      throw std::runtime_error("no server socket");
    }
  }
  ~Server() { close(listener_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  std::string trust_file() const { return files_.path() + "/root.pem"; }
  // Next tells who came, when he is gone.
  std::future<Visitor> Next() {
    return std::async(std::launch::async, [this] {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      Visitor visitor = acceptor_->Accept(connection);
      close(connection);
      return visitor;
    });
  }

 private:
  testing::TemporaryDirectory files_;
  std::uint16_t port_;
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::unique_ptr<Acceptor> acceptor_;
};

class LogsIn : public ::testing::TestWithParam<std::tuple<SourceCase, StackCase>> {
 protected:
  const StackCase& stack() const { return std::get<1>(GetParam()); }
  HandshakeReport Connect(const Identity& identity, Visitor& visitor) {
    ProbeOptions options;
    options.host = "localhost";
    options.port = server.port();
    options.identities = {identity};
    options.pinned = true;
    options.trust_file = server.trust_file();
    options.protocol_version = stack().version;
    std::future<Visitor> next = server.Next();
    HandshakeReport report = stack().make()->Connect(options).front();
    visitor = next.get();
    return report;
  }

  FilledPlace filled{std::get<0>(GetParam())};
  Server server{filled.pki(), stack().version};
};

TEST_P(LogsIn, WithEveryKeyThatTheStackCanPresent) {
  std::size_t presented = 0;
  std::size_t unusable = 0;
  for (const std::string& key : filled.keys()) {
    SCOPED_TRACE(key);
    const Identity identity = filled.Open(key);
    Visitor visitor;
    const HandshakeReport report = Connect(identity, visitor);
    if (std::ranges::find(stack().unusable, key) != stack().unusable.end()) {
      EXPECT_FALSE(report.client_certificate.sent);
      ASSERT_THAT(report.considered, Not(IsEmpty()));
      EXPECT_THAT(report.considered.front().reasons, Not(IsEmpty()));
      ++unusable;
      continue;
    }
    EXPECT_FALSE(report.failure.has_value()) << report.failure->what();
    EXPECT_FALSE(visitor.failure.has_value()) << visitor.failure->what();
    EXPECT_TRUE(report.server_verified);
    EXPECT_TRUE(report.client_certificate.sent);
    EXPECT_EQ(report.client_certificate.subject, identity.subject());
    EXPECT_EQ(visitor.subject, identity.subject());
    EXPECT_EQ(visitor.scheme, report.client_certificate.scheme);
    EXPECT_TRUE(report.certificate_verify.verified.value_or(false)) << report.certificate_verify.why;
    ++presented;
  }
  EXPECT_EQ(presented + unusable, filled.keys().size());
  EXPECT_GE(presented, 4u);
}

INSTANTIATE_TEST_SUITE_P(Conformance, LogsIn,
                         ::testing::Combine(::testing::ValuesIn(Sources()), ::testing::ValuesIn(Stacks())),
                         [](const auto& row) {
                           return std::get<0>(row.param).name + std::get<1>(row.param).name;
                         });

}  // namespace
}  // namespace signet::conformance
