// The clients in other languages, examples/go and examples/rust, log in to a server with keys of tokens and
// files.
#include "applications/mutual_tls_server.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::MakePkcs12;
using testing::ModuleBehaviour;
using ::testing::Not;
using testing::ProcessResult;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;

const std::string kClients[] = {SIGNET_LANGUAGE_CLIENTS};
constexpr unsigned long kDeviceRemoved = 0x32;  // CKR_DEVICE_REMOVED
constexpr unsigned long kSha256RsaPkcs = 0x40;  // CKM_SHA256_RSA_PKCS
constexpr unsigned long kSha256RsaPss = 0x43;   // CKM_SHA256_RSA_PKCS_PSS

// LanguageClient is one of the clients against a server of one version of TLS.
class LanguageClient : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(Program()))
        << Program() << " was not built: scripts/setup installs the compiler, then configure again";
  }

  static std::string Program() { return SIGNET_EXAMPLES_BUILT "/" + std::get<0>(GetParam()); }

  MutualTlsServer Server(const TestPki& trusted,
                         ServerSetup::Asks asks = ServerSetup::Asks::kRequires) const {
    return MutualTlsServer(MutualTlsServer::Kind::kOpenSsl,
                           {.identity = server_pki_.Issue(CertificateOptions::Server()),
                            .trust_pem = trusted.root().RootPem(),
                            .tls = std::get<1>(GetParam()),
                            .asks = asks});
  }

  // Run has the client fetch the server's page with an identity; `typed` is what its user enters.
  ProcessResult Run(const MutualTlsServer& server, const std::string& uri, const std::string& typed = {}) {
    const ProcessResult result = testing::RunProgram(
        {.argv = {Program(), "localhost", std::to_string(server.port()), server.trust_file(), uri},
         .environment = {{"SIGNET_PKCS11_MODULE_PATH", module_.path()}},
         .input = typed});
    EXPECT_FALSE(result.timed_out);
    EXPECT_EQ(result.signal, 0) << result.err;
    EXPECT_THAT(result.err, Not(AllOf(HasSubstr("panic"), HasSubstr("goroutine"))));
    EXPECT_THAT(result.err, Not(HasSubstr("panicked")));
    return result;
  }

  // InFile puts an identity into a PKCS#12 file, and InToken into the token; both give its URI.
  std::string InFile(const TestIdentity& identity) const {
    return "pkcs12:" + directory_.Write("identity.p12", MakePkcs12(identity)) + "?pin-value=secret";
  }
  std::string InToken(const TestIdentity& identity, bool with_pin = true) {
    ++last_id_.front();
    token_.Import(identity, {.id = last_id_});
    return token_.ObjectUri(last_id_, with_pin);
  }

  TestPki pki_{CertificateOptions::Ca("Known Root")}, server_pki_{CertificateOptions::Ca("Server Root")};
  SoftHsm token_;
  testing::WrappedModule module_{token_};
  testing::TemporaryDirectory directory_;
  std::string last_id_{"\x10"};
};

TEST_P(LanguageClient, LogsInWithEveryKindOfKeyFromATokenAndFromAFile) {
  MutualTlsServer server = Server(pki_);
  for (const char* key : {"rsa:2048", "rsa:3072", "ec:P-256", "ec:P-384", "ed25519"}) {
    for (const std::string place : {"token", "file"}) {
      SCOPED_TRACE(key + (" in a " + place));
      std::string name = key + ("-" + place);
      std::ranges::replace(name, ':', '-');
      const TestIdentity identity = pki_.Issue({.key = key, .common_name = name});
      const ProcessResult result = Run(server, place == "token" ? InToken(identity) : InFile(identity));
      EXPECT_EQ(result.exit_status, 0) << result.err;
      EXPECT_THAT(result.out, HasSubstr("HTTP/1.0 200 ok"));
      EXPECT_TRUE(server.SawSubject(name)) << server.output();
    }
  }
  EXPECT_GE(module_.Count("C_Sign"), 5u) << "the token signed";
}

TEST_P(LanguageClient, AsksForThePinThatTheUriDoesNotHave) {
  MutualTlsServer server = Server(pki_);
  const ProcessResult result =
      Run(server, InToken(pki_.Issue({.common_name = "asked"}), false), token_.pin() + "\n");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(token_.label()));
  EXPECT_TRUE(server.SawSubject("asked")) << server.output();
}

TEST_P(LanguageClient, SaysThatThePinIsWrongOrMissing) {
  MutualTlsServer server = Server(pki_);
  const std::string uri = InToken(pki_.Issue({.common_name = "mallory"}), false);
  const ProcessResult wrong = Run(server, uri, "9999\n");
  EXPECT_EQ(wrong.exit_status, 1) << wrong.out;
  EXPECT_THAT(wrong.err, HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_EQ(module_.Count("C_Login"), 1u);
  const ProcessResult missing = Run(server, uri);
  EXPECT_EQ(missing.exit_status, 1) << missing.out;
  EXPECT_THAT(missing.err, AllOf(HasSubstr("PIN"), HasSubstr(token_.label())));
  EXPECT_THAT(wrong.out + missing.out, Not(HasSubstr("200 ok")));
}

TEST_P(LanguageClient, SaysThatTheTokenIsGone) {
  MutualTlsServer server = Server(pki_);
  const std::string uri = InToken(pki_.Issue({}));
  module_.Set({.faults = {{.function = "C_Sign", .result = kDeviceRemoved, .times = 0}}});
  const ProcessResult signing = Run(server, uri);
  EXPECT_EQ(signing.exit_status, 1) << signing.out;
  EXPECT_THAT(signing.err, HasSubstr("CKR_DEVICE_REMOVED"));
  module_.Set({});
  module_.RemoveToken();
  const ProcessResult opening = Run(server, uri);
  EXPECT_EQ(opening.exit_status, 1) << opening.out;
  EXPECT_THAT(opening.err, HasSubstr(token_.label()));
}

// crypto/tls asks for signatures of digests only; rustls hands over the message.
TEST_P(LanguageClient, SignsWithATokenThatHashesByItselfOrSaysThatItCannot) {
  MutualTlsServer server = Server(pki_);
  const std::string uri = InToken(pki_.Issue({.key = "rsa:2048", .common_name = "hashed"}));
  module_.Set({.allowed_mechanisms = {kSha256RsaPkcs, kSha256RsaPss}});
  const ProcessResult result = Run(server, uri);
  if (std::get<0>(GetParam()) == "go_client") {
    EXPECT_EQ(result.exit_status, 1) << result.out;
    EXPECT_THAT(result.err, HasSubstr("does not sign digests"));
  } else {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_TRUE(server.SawSubject("hashed")) << server.output();
  }
}

TEST_P(LanguageClient, ReportsWhyNoIdentityFits) {
  const TestPki strangers(CertificateOptions::Ca("Strange Root"));
  MutualTlsServer server = Server(strangers);
  const ProcessResult result = Run(server, InToken(pki_.Issue({})));
  EXPECT_EQ(result.exit_status, 1) << result.out;
  EXPECT_THAT(result.err, HasSubstr("the server accepts only certificates from \"CN=Strange Root"));
  EXPECT_EQ(module_.Count("C_Sign"), 0u);
}

TEST_P(LanguageClient, GoesOnWithoutACertificateWhereTheServerOnlyAsks) {
  const TestPki strangers(CertificateOptions::Ca("Strange Root"));
  MutualTlsServer server = Server(strangers, ServerSetup::Asks::kOptionally);
  const ProcessResult result = Run(server, InToken(pki_.Issue({})));
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("HTTP/1.0 200 ok"));
}

TEST_P(LanguageClient, AsksForNoPinWhereTheServerIsNotTrusted) {
  MutualTlsServer server = Server(pki_);
  const std::string uri = InToken(pki_.Issue({}), false);
  const std::string strange = directory_.Write("strange.pem", TestPki().root().CertificatePem());
  const ProcessResult result =
      testing::RunProgram({.argv = {Program(), "localhost", std::to_string(server.port()), strange, uri},
                           .environment = {{"SIGNET_PKCS11_MODULE_PATH", module_.path()}}});
  EXPECT_EQ(result.exit_status, 1) << result.out;
  EXPECT_THAT(result.err, Not(HasSubstr("PIN or password for")));
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Clients, LanguageClient,
                         ::testing::Combine(::testing::ValuesIn(kClients),
                                            ::testing::Values(std::string("1.2"), std::string("1.3"))),
                         [](const auto& row) {
                           return std::get<0>(row.param) + (std::get<1>(row.param) == "1.2" ? "_12" : "_13");
                         });

// The package's own tests, of signatures without TLS and of lifetimes.
TEST(GoPackage, PassesItsOwnTestsWithKeysOfATokenAndOfFiles) {
  if (std::ranges::count(kClients, "go_client") == 0) GTEST_SKIP() << "a system that need not have Go";
  SoftHsm token;
  const TestPki pki;
  const testing::TemporaryDirectory directory;
  std::string uris;
  for (const std::string key : {"rsa:2048", "ec:P-256", "ec:P-521", "ed25519"}) {
    const TestIdentity identity = pki.Issue({.key = key});
    const std::string file = key.substr(key.size() - 3) + ".p12";
    token.Import(identity, {.id = file});
    uris += token.ObjectUri(file, true) + "\n";
    uris += "pkcs12:" + directory.Write(file, MakePkcs12(identity)) + "?pin-value=secret\n";
  }
  testing::Environment environment = token.environment();
  environment["SIGNET_PKCS11_MODULE_PATH"] = SoftHsm::module_path();
  environment["SIGNET_TEST_URIS"] = uris;
  const ProcessResult result =
      testing::RunProgram({.argv = {std::string(SIGNET_EXAMPLES_BUILT) + "/go_signet_test", "-test.v"},
                           .environment = environment});
  EXPECT_EQ(result.exit_status, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("--- PASS: TestSignaturesAreThoseOfThePublicKey"));
}

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(LanguageSources, HaveEveryErrorCodeOfTheHeader) {
  const std::string header = Read(SIGNET_EXAMPLES_SOURCE "/../include/signet/signet.h");
  const std::string go = Read(SIGNET_EXAMPLES_SOURCE "/go/signet/error.go");
  const std::string rust = Read(SIGNET_EXAMPLES_SOURCE "/rust/src/error.rs");
  static const std::regex code(R"( SIGNET_ERROR_(\w+) = (\d+))");
  int codes = 0;
  for (std::sregex_iterator at(header.begin(), header.end(), code), end; at != end; ++at, ++codes) {
    const std::string name = (*at)[1], number = (*at)[2];
    EXPECT_THAT(go, HasSubstr("C.SIGNET_ERROR_" + name + "\n"));
    EXPECT_THAT(rust, HasSubstr("const " + name + ": Self = Self(" + number + ");"));
  }
  EXPECT_GE(codes, 26);
}

TEST(LanguageSources, AreQuotedInTheGuideAsTheyAre) {
  const std::string guide = Read(SIGNET_EXAMPLES_SOURCE "/../docs/c.md");
  for (const auto& [language, client] :
       {std::pair<std::string, std::string>{"go", "/go/go_client/main.go"}, {"rust", "/rust/src/main.rs"}}) {
    const std::string fence = "\n```" + language + "\n", source = Read(SIGNET_EXAMPLES_SOURCE + client);
    int quoted = 0;
    for (std::size_t at = guide.find(fence); at != std::string::npos; at = guide.find(fence, at + 1)) {
      const std::size_t begin = at + fence.size();
      EXPECT_THAT(source, HasSubstr(guide.substr(begin, guide.find("```\n", begin) - begin)));
      ++quoted;
    }
    EXPECT_GE(quoted, 2) << language;
  }
}

}  // namespace
}  // namespace signet
