// The programs in examples/, run as the README says.
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::ProcessResult;

constexpr const char* kExamples[] = {
    "openssl_client",
#ifdef SIGNET_HAS_BOTAN
    "botan_client",
#endif
#ifdef SIGNET_HAS_GNUTLS
    "gnutls_client",
#endif
#ifdef SIGNET_LANGUAGE_CLIENTS
    SIGNET_LANGUAGE_CLIENTS,
#endif
};

// Exchange is a server that requires a client certificate, and alice's in a file and in a token.
class Exchange : public ::testing::Test {
 protected:
  Exchange() {
    token_.Import(alice_, {.id = "\x01"});
    const testing::TestIdentity server = pki_.Issue(testing::CertificateOptions::Server());
    trust_ = directory_.Write("ca.pem", pki_.root().CertificatePem());
    server_.emplace(
        testing::Command{.argv = {"openssl", "s_server", "-accept", "127.0.0.1:" + std::to_string(port_),
                                  "-cert", directory_.Write("server.pem", server.ChainPem()), "-key",
                                  directory_.Write("server.key", server.PrivateKeyPem()), "-CAfile", trust_,
                                  "-Verify", "2", "-www"}});
    EXPECT_TRUE(server_->WaitForPort(port_)) << server_->output();
  }

  ProcessResult RunExample(const std::string& name, const std::string& uri) {
    return RunExample(name, std::vector<std::string>{uri});
  }
  ProcessResult RunExample(const std::string& name, const std::vector<std::string>& arguments) {
    testing::Command command{
        .argv = {std::string(SIGNET_EXAMPLES_BUILT) + "/" + name, "localhost", std::to_string(port_), trust_},
        .environment = token_.environment()};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return testing::RunProgram(command);
  }

  // Visits counts how often the server says that alice came.
  std::size_t Visits() const {
    const std::string said = server_->output();
    std::size_t count = 0;
    for (const std::string_view name : {"CN = alice", "CN=alice"}) {  // as OpenSSL 3.0 and 3.5 write it
      for (std::size_t at = said.find(name); at != std::string::npos; at = said.find(name, at + 1)) ++count;
    }
    return count;
  }

  testing::TestPki pki_;
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::SoftHsm token_;
  testing::TemporaryDirectory directory_;
  std::string trust_;
  std::uint16_t port_ = testing::FreePort();
  std::optional<testing::BackgroundProcess> server_;
};

TEST_F(Exchange, EveryExamplePresentsAnIdentityFromAFileAndFromAToken) {
  const std::string file =
      "pkcs12:" + directory_.Write("alice.p12", testing::MakePkcs12(alice_)) + "?pin-value=secret";
  std::size_t visits = 0;
  for (const char* example : kExamples) {
    for (const std::string& uri : {file, token_.ObjectUri("\x01", true)}) {
      SCOPED_TRACE(std::string(example) + " " + uri.substr(0, 7));
      const ProcessResult result = RunExample(example, uri);
      EXPECT_EQ(result.exit_status, 0) << result.err;
      EXPECT_THAT(result.out, HasSubstr("HTTP/1.0 200 ok"));
      EXPECT_GT(Visits(), visits) << server_->output();
      visits = Visits();
    }
  }
}

TEST_F(Exchange, EveryExampleReportsAnInvalidUri) {
  for (const char* example : kExamples) {
    const ProcessResult result = RunExample(example, "pkcs12:/nowhere.p12");
    EXPECT_EQ(result.exit_status, 1) << example;
    EXPECT_THAT(result.err, HasSubstr("/nowhere.p12")) << example;
  }
}

TEST_F(Exchange, EveryExampleReportsWhyTheServerRejectsAnIdentity) {
  const testing::TestPki stranger(testing::CertificateOptions::Ca("Strange Root"));
  const std::string file =
      "pkcs12:" + directory_.Write("eve.p12", testing::MakePkcs12(stranger.Issue({}))) + "?pin-value=secret";
  for (const char* example : kExamples) {
    const ProcessResult result = RunExample(example, file);
    EXPECT_EQ(result.exit_status, 1) << example << result.out;
    EXPECT_THAT(result.err, HasSubstr("the server accepts only certificates from \"CN=Test Root")) << example;
  }
}

TEST_F(Exchange, AProgramsOwnKeyIsPresented) {
  const std::string certificate = directory_.Write("alice.pem", alice_.ChainPem());
  const std::string key = directory_.Write("alice.key", alice_.PrivateKeyPem());
  const ProcessResult result = RunExample("own_key", {certificate, key});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("HTTP/1.0 200 ok"));
  EXPECT_GT(Visits(), 0u) << server_->output();

  const std::string other = directory_.Write("other.key", pki_.Issue({}).PrivateKeyPem());
  const ProcessResult mismatch = RunExample("own_key", {certificate, other});
  EXPECT_EQ(mismatch.exit_status, 1);
  EXPECT_THAT(mismatch.err, HasSubstr("the private key does not belong to the certificate of CN=alice"));
}

TEST_F(Exchange, AProgramsOwnSourceIsListedAndOpened) {
  const testing::TestPki stranger(testing::CertificateOptions::Ca("Strange Root"));
  const testing::TestIdentity eve = stranger.Issue({.common_name = "eve"});
  const testing::TemporaryDirectory identities;
  identities.Write("eve", eve.ChainPem() + eve.PrivateKeyPem());
  identities.Write("alice", alice_.ChainPem() + alice_.PrivateKeyPem());
  identities.Write("readme", std::string("no identity"));
  for (const std::vector<std::string>& arguments :
       {std::vector{identities.path()}, std::vector{identities.path(), std::string("pem:alice")}}) {
    const std::size_t before = Visits();
    const ProcessResult result = RunExample("own_source", arguments);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_GT(Visits(), before) << server_->output();
    EXPECT_EQ(result.err.find("pem:readme") != std::string::npos, arguments.size() == 1) << result.err;
  }
  const ProcessResult nobody = RunExample("own_source", {identities.path(), "pem:nobody"});
  EXPECT_EQ(nobody.exit_status, 1);
  EXPECT_THAT(nobody.err, HasSubstr("pem:nobody: there is no identity"));
}

TEST(Examples, AreShort) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_EXAMPLES_SOURCE)) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".c") continue;
    ++seen;
    std::ifstream file(entry.path());
    const auto lines =
        std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n');
    EXPECT_LT(lines, 90) << entry.path();
  }
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace signet
