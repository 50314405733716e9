// `signet serve` visited by clients that others wrote, and by our own.
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <regex>

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::BackgroundProcess;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SoftHsm;
using testing::TestPki;

class Serve : public ::testing::Test {
 protected:
  // Start runs the server and waits for the port that it took.
  std::string Start(std::vector<std::string> more, testing::Environment environment = {}) {
    std::vector<std::string> argv = {SIGNET_COMMAND, "serve", "0", "--trust", client_trust_};
    argv.insert(argv.end(), more.begin(), more.end());
    server_ = std::make_unique<BackgroundProcess>(
        testing::Command{.argv = std::move(argv), .environment = std::move(environment)});
    const auto line = server_->WaitForLine("port");
    std::smatch port;
    if (!line || !std::regex_search(*line, port, std::regex("[0-9]+[^0-9]*$"))) {
      throw std::runtime_error("the server did not come up: " + server_->output());
    }
    return "127.0.0.1:" + std::to_string(std::stoi(port.str()));
  }
  std::vector<std::string> OwnFiles() const { return {"--cert", certificate_, "--key", key_}; }

  testing::ProcessResult Visit(const std::string& address, std::vector<std::string> more) const {
    std::vector<std::string> argv = {"openssl",   "s_client", "-connect",    address,  "-servername",
                                     "localhost", "-CAfile",  server_trust_, "-quiet", "-no_ign_eof"};
    argv.insert(argv.end(), more.begin(), more.end());
    return testing::RunProgram({.argv = std::move(argv), .input = "GET / HTTP/1.0\r\n\r\n"});
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TestIdentity own_ = server_pki_.Issue(CertificateOptions::Server());
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice", .emails = {"alice@example.org"}});
  testing::TemporaryDirectory directory_;
  std::string certificate_ = directory_.Write("server.pem", own_.ChainPem());
  std::string key_ = directory_.Write("server.key", own_.PrivateKeyPem());
  std::string client_trust_ = directory_.Write("client-ca.pem", pki_.root().RootPem());
  std::string server_trust_ = directory_.Write("server-ca.pem", server_pki_.root().RootPem());
  std::string alice_file_ = directory_.Write("alice.pem", alice_.ChainPem() + alice_.PrivateKeyPem());
  std::unique_ptr<BackgroundProcess> server_;
};

TEST_F(Serve, PrintsTheClient) {
  for (const std::string tls : {"1.2", "1.3"}) {
    auto arguments = OwnFiles();
    arguments.insert(arguments.end(), {"--tls", tls, "--count", "1"});
    const std::string address = Start(arguments);
    Visit(address, {"-cert", alice_file_, "-key", alice_file_});
    const auto end = server_->WaitForEnd();
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->exit_status, 0);
    EXPECT_THAT(end->out, AllOf(HasSubstr("CN=alice"), HasSubstr("alice@example.org"),
                                HasSubstr("ecdsa_secp256r1_sha256"), HasSubstr("TLSv" + tls)));
  }
}

TEST_F(Serve, RejectsAClientWithoutACertificate) {
  auto arguments = OwnFiles();
  arguments.insert(arguments.end(), {"--count", "1"});
  const std::string address = Start(arguments);
  Visit(address, {});
  const auto end = server_->WaitForEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_THAT(end->out, AllOf(HasSubstr("refused the client presented no certificate"),
                              HasSubstr("a CA that this server trusts")));
}

TEST_F(Serve, AClientThatDoesNotTrustTheServerIsToldAsThat) {
  for (const std::string tls : {"1.2", "1.3"}) {
    auto arguments = OwnFiles();
    arguments.insert(arguments.end(), {"--tls", tls, "--count", "1"});
    const std::string address = Start(arguments);
    const auto result = RunSignet({"handshake", address, "--trust", client_trust_});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.out, Not(HasSubstr("asked for   no client certificate"))) << "this is not known yet";
    const auto end = server_->WaitForEnd();
    ASSERT_TRUE(end.has_value());
    EXPECT_THAT(end->out, HasSubstr("refused the client ended the handshake (alert unknown_ca)")) << tls;
  }
}

TEST_F(Serve, ItsOwnKeyMayBeInAToken) {
  SoftHsm hsm;
  hsm.Import(own_, {.id = "\x01", .label = "server"});
  const std::string address = Start({"--identity", hsm.ObjectUri("\x01", true), "--module",
                                     SoftHsm::module_path(), "--json", "--count", "1"},
                                    hsm.environment());
  const std::string file = "pkcs12:" + directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  const auto result = RunSignet(
      {"handshake", address, "--trust", server_trust_, "--identity", file + "?pin-value=secret", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(JsonOf(result)["application"]["first_line"], "HTTP/1.1 200 OK");
  const auto end = server_->WaitForEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_THAT(end->out,
              AllOf(HasSubstr("\"subject\":\"CN=alice"), HasSubstr("\"user_name\":\"alice@example.org\"")));
}

TEST_F(Serve, RefusedClientsCertificateIsNamedAsTheClients) {
  for (const std::string tls : {"1.2", "1.3"}) {
    auto arguments = OwnFiles();
    arguments.insert(arguments.end(), {"--tls", tls, "--count", "1"});
    const std::string address = Start(arguments);
    const auto stranger = server_pki_.Issue({.common_name = "stranger"});
    const std::string file =
        directory_.Write("stranger.pem", stranger.CertificatePem() + stranger.PrivateKeyPem());
    Visit(address, {"-cert", file, "-key", file});
    const auto end = server_->WaitForEnd();
    ASSERT_TRUE(end.has_value());
    EXPECT_THAT(end->out, AllOf(HasSubstr("the client's certificate could not be verified"),
                                Not(HasSubstr("the server's certificate"))));
  }
}

TEST_F(Serve, SilentClientDelaysNoOtherAndIsLimited) {
  auto arguments = OwnFiles();
  arguments.insert(arguments.end(), {"--count", "2", "--timeout", "3000"});
  const std::string address = Start(arguments);
  const std::string port = address.substr(address.find(':') + 1);
  BackgroundProcess silent(
      {.argv = {"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port + "; echo connected; sleep 60"}});
  ASSERT_TRUE(silent.WaitForLine("connected"));
  Visit(address, {"-cert", alice_file_, "-key", alice_file_});
  ASSERT_TRUE(server_->WaitForLine("CN=alice")) << server_->output();
  EXPECT_THAT(server_->output(), Not(HasSubstr("did not finish")));
  const auto end = server_->WaitForEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_THAT(end->out, HasSubstr("the client did not finish within 3000 ms"));
}

TEST_F(Serve, MissingFilesAreSaidInWords) {
  const auto result =
      RunSignet({"serve", "0", "--cert", "/no/such.pem", "--key", key_, "--trust", client_trust_});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("/no/such.pem"));
  const auto trust =
      RunSignet({"serve", "0", "--cert", certificate_, "--key", key_, "--trust", "/no/ca.pem"});
  EXPECT_EQ(trust.exit_status, 1);
  EXPECT_THAT(trust.err, HasSubstr("/no/ca.pem"));
}

}  // namespace
}  // namespace signet
