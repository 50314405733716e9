#include "conformance/stacks.h"

#include "conformance/sources.h"
#include "openssl_tls/inspector/probe.h"
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
  // Next returns the client after it has disconnected.
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

  bool Hashes(const std::string& key) const {
    return std::ranges::any_of(stack().hashes,
                               [&](const std::string& kind) { return key.starts_with(kind); });
  }

  FilledPlace filled{std::get<0>(GetParam())};
  Server server{filled.pki(), stack().version};
};

TEST_P(LogsIn, WithEveryKeyThatTheStackCanPresent) {
  std::size_t presented = 0;
  std::size_t unusable = 0;
  std::size_t refused = 0;
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
    if (!std::get<0>(GetParam()).signs_digests && Hashes(key)) {
      ASSERT_TRUE(report.failure.has_value());
      EXPECT_EQ(report.failure->code(), ErrorCode::kUnsupported) << report.failure->what();
      EXPECT_THAT(visitor.scheme, IsEmpty());
      ++refused;
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
  EXPECT_EQ(presented + unusable + refused, filled.keys().size());
  EXPECT_GE(presented, refused == 0 ? 4u : 2u);
}

// UnwantedPrompt fails the test when it is asked.
class UnwantedPrompt : public PinPrompt {
 public:
  std::optional<Secret> Ask(const PinRequest& request) override {
    ADD_FAILURE() << "the PIN of " << request.name << " was asked for";
    return std::nullopt;
  }
};

class AsksForNoPin : public LogsIn {
 protected:
  // Identities have no PIN of their own where a token can be listed without one; a file's password is asked
  // for when it is opened, long before there is a server.
  std::vector<Identity> Identities() {
    const bool token = std::get<0>(GetParam()).source == Identity::Source::kPkcs11;
    return source_.List(filled.place().Uri(!token)).identities;
  }

  HandshakeReport Visit(const std::string& trust_file, std::uint16_t port) {
    ProbeOptions options{.host = "localhost", .port = port, .identities = Identities()};
    EXPECT_EQ(options.identities.size(), filled.keys().size());
    options.trust_file = trust_file;
    options.protocol_version = stack().version;
    return stack().make()->Connect(options).front();
  }

  // ExpectNothingSent runs `openssl s_server` with these arguments, and expects that it gets nothing.
  void ExpectNothingSent(std::vector<std::string> arguments) {
    const std::uint16_t port = testing::FreePort();
    const testing::TestIdentity own = filled.pki().Issue(testing::CertificateOptions::Server());
    const std::string certificate = files_.Write("own.pem", std::string_view(own.CertificatePem()));
    const std::string key = files_.Write("own.key", std::string_view(own.PrivateKeyPem()));
    arguments.insert(arguments.begin(),
                     {"openssl", "s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-www", "-cert",
                      certificate, "-key", key});
    testing::BackgroundProcess process({.argv = arguments});
    ASSERT_TRUE(process.WaitForPort(port)) << process.output();
    const HandshakeReport report = Visit(server.trust_file(), port);
    EXPECT_TRUE(report.server_verified) << (report.failure ? report.failure->what() : "");
    EXPECT_FALSE(report.client_certificate.sent);
    ASSERT_THAT(report.considered, Not(IsEmpty()));
    for (const ConsideredIdentity& row : report.considered)
      EXPECT_THAT(row.reasons, Not(IsEmpty())) << row.uri;
  }

  testing::TemporaryDirectory files_;
  IdentitySource source_ = filled.place().MakeSource(std::make_shared<UnwantedPrompt>());
};

TEST_P(AsksForNoPin, IfTheServerRequestsNoCertificate) { ExpectNothingSent({}); }

TEST_P(AsksForNoPin, WhereTheServerAcceptsNoneOfOurAuthorities) {
  const testing::TestPki stranger(testing::CertificateOptions::Ca("Strange Root"));
  const std::string ca = files_.Write("strange.pem", std::string_view(stranger.root().CertificatePem()));
  ExpectNothingSent({"-verify", "2", "-CAfile", ca});
}

TEST_P(AsksForNoPin, WhereTheServerIsNotTrusted) {
  const testing::TestPki stranger;
  const std::string trust = files_.Write("trust.pem", std::string_view(stranger.root().CertificatePem()));
  std::future<Visitor> next = server.Next();
  const HandshakeReport report = Visit(trust, server.port());
  EXPECT_TRUE(next.get().failure.has_value());
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->code(), ErrorCode::kUntrustedServer);
  EXPECT_FALSE(report.client_certificate.sent);
}

INSTANTIATE_TEST_SUITE_P(Conformance, AsksForNoPin,
                         ::testing::Combine(::testing::ValuesIn(Sources()), ::testing::ValuesIn(Stacks())),
                         [](const auto& row) {
                           return std::get<0>(row.param).name + std::get<1>(row.param).name;
                         });

INSTANTIATE_TEST_SUITE_P(Conformance, LogsIn,
                         ::testing::Combine(::testing::ValuesIn(Sources()), ::testing::ValuesIn(Stacks())),
                         [](const auto& row) {
                           return std::get<0>(row.param).name + std::get<1>(row.param).name;
                         });

}  // namespace
}  // namespace signet::conformance
