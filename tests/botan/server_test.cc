// Botan as a server whose own key is an identity's, and as the test server that names its visitors.
#include "botan/inspector/probe.h"
#include "botan/site.h"
#include "inspector/socket.h"

#include <thread>

#include <botan/version.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::botan {
namespace {

using ::testing::HasSubstr;
using testing::ProcessResult;

constexpr const char* kVersions[] = {"-tls1_2",
#if BOTAN_VERSION_MAJOR >= 3
                                     "-tls1_3"
#endif
};

// BotanServer accepts one visitor.
class BotanServer {
 public:
  explicit BotanServer(const ServeOptions& options)
      : socket_(Socket::Listen("127.0.0.1", 0)), acceptor_(MakeProbe()->Listen(options)), thread_([this] {
          const Socket client = socket_.Accept(std::chrono::seconds(10));
          visitor_ = acceptor_->Accept(client.get());
        }) {}
  std::uint16_t port() const { return socket_.port(); }
  Visitor visitor() {
    thread_.join();
    return visitor_;
  }

 private:
  Socket socket_;
  std::unique_ptr<Acceptor> acceptor_;
  Visitor visitor_;
  std::jthread thread_;
};

// Visit is `openssl s_client` with alice's certificate.
ProcessResult Visit(std::uint16_t port, const std::string& version, bool with_certificate = true) {
  Site& site = Site::Get();
  std::vector<std::string> argv = {"openssl",
                                   "s_client",
                                   "-connect",
                                   "127.0.0.1:" + std::to_string(port),
                                   "-servername",
                                   "localhost",
                                   "-verify_hostname",
                                   "localhost",
                                   "-CAfile",
                                   site.trust_file(),
                                   "-verify_return_error",
                                   "-ign_eof",
                                   version};
  if (with_certificate) {
    const testing::TestIdentity alice =
        site.pki().Issue({.common_name = "alice", .emails = {"alice@example.org"}});
    argv.insert(argv.end(), {"-cert", site.directory().Write("alice.pem", alice.ChainPem()), "-key",
                             site.directory().Write("alice.key", alice.PrivateKeyPem())});
  }
  return testing::RunProgram({.argv = argv, .input = "GET / HTTP/1.0\r\n\r\n"});
}

void ServeWith(Source source) {
  int tested = 0;
  for (const char* key : {"rsa:2048", "ec:P-256", "ec:P-384", "ec:P-521"}) {
    for (const char* version : kVersions) {
      SCOPED_TRACE(std::string(key) + " " + version);
      BotanServer server(
          {.identity = Site::Get().Server(source, key), .trust_file = Site::Get().trust_file()});
      const ProcessResult client = Visit(server.port(), version);
      const Visitor visitor = server.visitor();
      ASSERT_FALSE(visitor.failure.has_value()) << visitor.failure->what();
      EXPECT_THAT(visitor.subject, HasSubstr("CN=alice"));
      EXPECT_EQ(visitor.user_name, "alice@example.org");
      EXPECT_THAT(visitor.scheme, HasSubstr("ecdsa_"));
      EXPECT_THAT(client.out, HasSubstr("Verify return code: 0 (ok)"));
      EXPECT_THAT(client.out, HasSubstr("subject: "));
      EXPECT_THAT(client.out, HasSubstr("CN=alice"));
      ++tested;
    }
  }
  EXPECT_EQ(tested, 4 * static_cast<int>(std::size(kVersions)));
}

TEST(BotanServer, OwnKeyIsInAToken) { ServeWith(Source::kSoftHsm); }
TEST(BotanServer, OwnKeyIsInAFile) { ServeWith(Source::kPkcs12); }

TEST(BotanServer, OwnKeyIsInPemFiles) {
  const Site::Files files = Site::Get().ServerFiles("rsa:2048");
  BotanServer server(
      {.certificate_file = files.certificate, .key_file = files.key, .trust_file = Site::Get().trust_file()});
  const ProcessResult client = Visit(server.port(), "-tls1_2");
  const Visitor visitor = server.visitor();
  EXPECT_FALSE(visitor.failure.has_value());
  EXPECT_EQ(visitor.protocol, "TLSv1.2");
  EXPECT_THAT(visitor.cipher, HasSubstr("TLS_ECDHE_RSA_WITH_"));
  EXPECT_THAT(client.out, HasSubstr("CN=alice"));
}

TEST(BotanServer, RejectsAClientWithoutACertificate) {
  for (const char* version : kVersions) {
    BotanServer server({.identity = Site::Get().Server(Source::kPkcs12, "ec:P-256"),
                        .trust_file = Site::Get().trust_file()});
    Visit(server.port(), version, false);
    const Visitor visitor = server.visitor();
    ASSERT_TRUE(visitor.failure.has_value());
    EXPECT_EQ(visitor.subject, "");
  }
}

TEST(BotanServer, ResumesASessionAndKnowsTheClient) {
  Site& site = Site::Get();
  const std::unique_ptr<Acceptor> acceptor = MakeProbe()->Listen(
      {.identity = site.Server(Source::kPkcs12, "ec:P-256"), .trust_file = site.trust_file()});
  const Socket listening = Socket::Listen("127.0.0.1", 0);
  std::vector<Visitor> visitors;
  std::jthread thread([&] {
    for (int i = 0; i < 2; ++i) {
      const Socket client = listening.Accept(std::chrono::seconds(10));
      visitors.push_back(acceptor->Accept(client.get()));
    }
  });
  ProbeOptions options{.host = "localhost", .port = listening.port()};
  options.identities = {site.Open(Source::kPkcs12, "rsa:2048")};
  options.trust_file = site.trust_file();
  options.resume = true;
  const std::vector<HandshakeReport> reports = MakeProbe()->Connect(options);
  thread.join();
  ASSERT_EQ(reports.size(), 2U);
  for (const HandshakeReport& report : reports) {
    EXPECT_FALSE(report.failure.has_value()) << report.failure->what();
    EXPECT_TRUE(report.server_verified);
  }
  EXPECT_FALSE(reports[0].resumed);
  EXPECT_TRUE(reports[1].resumed);
  EXPECT_FALSE(reports[1].client_certificate.sent);
  ASSERT_EQ(visitors.size(), 2U);
  EXPECT_FALSE(visitors[0].resumed);
  EXPECT_TRUE(visitors[1].resumed);
  EXPECT_THAT(visitors[1].subject, HasSubstr("CN=alice"));
}

TEST(BotanServer, OfAnotherNameIsUntrusted) {
  Site& site = Site::Get();
  testing::CertificateOptions options = testing::CertificateOptions::Server("example.org");
  options.ip_addresses = {"192.0.2.1"};
  const testing::TestIdentity made = site.pki().Issue(options);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    BotanServer server({.certificate_file = site.directory().Write("other.pem", made.ChainPem()),
                        .key_file = site.directory().Write("other.key", made.PrivateKeyPem()),
                        .trust_file = site.trust_file()});
    ProbeOptions visit{.host = host, .port = server.port()};
    visit.trust_file = site.trust_file();
    const HandshakeReport report = MakeProbe()->Connect(visit).at(0);
    server.visitor();
    ASSERT_TRUE(report.failure.has_value()) << host;
    EXPECT_EQ(report.failure->code(), ErrorCode::kUntrustedServer) << report.failure->what();
  }
}

TEST(BotanServer, FilesThatAreNoPemAreAnError) {
  Site& site = Site::Get();
  const Site::Files files = site.ServerFiles("ec:P-256");
  EXPECT_THROW(MakeProbe()->Listen({.certificate_file = files.certificate, .key_file = files.certificate}),
               Error);
  EXPECT_THROW(MakeProbe()->Listen({.certificate_file = files.key, .key_file = files.key}), Error);
  EXPECT_THROW(MakeProbe()->Listen({.certificate_file = "/nowhere", .key_file = files.key}), Error);
}

TEST(BotanServer, IdentityThatBotanCannotServeIsAnError) {
  for (const char* key : {"ed25519", "rsa-pss:2048"}) {
    try {
      MakeProbe()->Listen(
          {.identity = Site::Get().Server(Source::kPkcs12, key), .trust_file = Site::Get().trust_file()});
      FAIL() << "it listens";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      EXPECT_THAT(error.what(), HasSubstr("Botan's TLS has no signature scheme for its key"));
    }
  }
}

#if BOTAN_VERSION_MAJOR < 3
TEST(BotanServer, Botan2RefusesTls13InWords) {
  try {
    MakeProbe()->Listen({.identity = Site::Get().Server(Source::kPkcs12, "ec:P-256"),
                         .trust_file = Site::Get().trust_file(),
                         .protocol_version = 0x0304});
    FAIL() << "it listens";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("Botan 2 has no TLS 1.3"));
  }
}
#endif

}  // namespace
}  // namespace signet::botan
