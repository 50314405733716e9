// The programs of docs/guides: each page's code is its program's, and each program logs in with a token's
// key.
#include "applications/mutual_tls_server.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AnyOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::TestIdentity;
using testing::TestPki;

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> CodeOf(const std::string& page) {
  std::vector<std::string> blocks;
  static const std::regex block("\n```cpp\n([^`]*)```\n");
  for (std::sregex_iterator at(page.begin(), page.end(), block), end; at != end; ++at)
    blocks.push_back((*at)[1]);
  return blocks;
}

struct Case {
  std::string program;
  std::string tls;
  std::string key;
};

void PrintTo(const Case& row, std::ostream* out) {
  *out << row.program << ", TLS " << row.tls << ", " << row.key;
}

class Guide : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (fs::exists(Program())) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "CI has every framework";
    GTEST_SKIP() << "its framework is not installed";
  }
  static std::string Program() { return SIGNET_EXAMPLES_BUILT "/" + GetParam().program; }

  TestIdentity OnToken(const std::string& name, const std::string& id) {
    const TestIdentity identity = pki_.Issue({.key = GetParam().key, .common_name = name});
    token_.Import(identity, {.id = id});
    return identity;
  }
  ProcessResult Run(const std::vector<std::string>& uris, const std::string& input = {}) {
    // Without a terminal, what asks for a PIN reads it from standard input.
    std::vector<std::string> argv = {
        "setsid", "--wait", Program(), "localhost", std::to_string(server_.port()), server_.trust_file()};
    argv.insert(argv.end(), uris.begin(), uris.end());
    return testing::RunProgram({.argv = argv, .environment = token_.environment(), .input = input});
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")}, server_pki_{CertificateOptions::Ca("Server Root")};
  testing::SoftHsm token_;
  MutualTlsServer server_{MutualTlsServer::Kind::kOpenSsl,
                          {.identity = server_pki_.Issue(CertificateOptions::Server()),
                           .trust_pem = pki_.root().RootPem(),
                           .tls = GetParam().tls}};
};

TEST_P(Guide, LogsInWithAKeyOnAToken) {
  OnToken("alice", "\x01");
  const ProcessResult result = Run({token_.ObjectUri("\x01", true)});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("HTTP/1.0 200 ok"));
  EXPECT_TRUE(server_.SawSubject("alice")) << server_.output();
}

TEST_P(Guide, SaysWhatIsWrongWithAUriOrAPin) {
  OnToken("alice", "\x01");
  const ProcessResult absent = Run({"pkcs12:/nowhere.p12"});
  EXPECT_EQ(absent.exit_status, 1);
  EXPECT_THAT(absent.err, HasSubstr("/nowhere.p12"));
  const ProcessResult wrong = Run({token_.ObjectUri("\x01") + "?pin-value=9999"});
  EXPECT_EQ(wrong.exit_status, 1) << wrong.out;
  EXPECT_THAT(wrong.err, AnyOf(HasSubstr("CKR_PIN_INCORRECT"), HasSubstr("wrong-pin")));
}

TEST_P(Guide, SaysWhyTheServerRefusesAStranger) {
  const TestIdentity eve = TestPki(CertificateOptions::Ca("Strange Root")).Issue({.common_name = "eve"});
  token_.Import(eve, {.id = "\x02"});
  const ProcessResult result = Run({token_.ObjectUri("\x02", true)});
  EXPECT_EQ(result.exit_status, 1) << result.out;
  // Qt shows OpenSSL's words alone.
  EXPECT_THAT(
      result.err,
      HasSubstr(GetParam().program == "qt_client" ? "alert" : "the server accepts only certificates from"));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const char* program : {"first_client", "event_loop", "curl_client", "asio_client", "qt_client"}) {
    cases.push_back({program, "1.2", "rsa:2048"});
    cases.push_back({program, "1.3", "rsa:2048"});
    cases.push_back({program, "1.3", "ec:P-256"});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Guides, Guide, ::testing::ValuesIn(Cases()), [](const auto& row) {
  return row.param.program + (row.param.tls == "1.2" ? "_12_" : "_13_") + row.param.key.substr(0, 2);
});

class FirstClient : public Guide {};

TEST_P(FirstClient, AsksForThePinThatItsUriDoesNotHave) {
  OnToken("alice", "\x01");
  const ProcessResult result = Run({token_.ObjectUri("\x01")}, token_.pin() + "\n");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("PIN or password of " + token_.label()));
  EXPECT_TRUE(server_.SawSubject("alice")) << server_.output();
}

INSTANTIATE_TEST_SUITE_P(Guides, FirstClient, ::testing::Values(Case{"first_client", "1.3", "ec:P-256"}));

class EventLoopGuide : public Guide {};

TEST_P(EventLoopGuide, LogsInWithSeveralIdentitiesAtTheSameTime) {
  OnToken("alice", "\x01");
  OnToken("bob", "\x02");
  const ProcessResult result = Run({token_.ObjectUri("\x01", true), token_.ObjectUri("\x02", true)});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(server_.SawSubject("alice") && server_.SawSubject("bob")) << server_.output();
}

INSTANTIATE_TEST_SUITE_P(Guides, EventLoopGuide, ::testing::Values(Case{"event_loop", "1.3", "rsa:2048"}));

TEST(GuidePages, HaveTheCodeOfTheirPrograms) {
  static const std::regex link(R"(\]\(\.\./\.\./(examples/\w+\.\w+)\))");
  int pages = 0;
  for (const auto& entry : fs::directory_iterator(SIGNET_GUIDES)) {
    if (entry.path().filename() == "README.md") continue;
    SCOPED_TRACE(entry.path().filename());
    ++pages;
    const std::string page = ReadText(entry.path());
    EXPECT_THAT(ReadText(SIGNET_GUIDES "/README.md"),
                HasSubstr("(" + entry.path().filename().string() + ")"));
    std::smatch found;
    ASSERT_TRUE(std::regex_search(page, found, link));
    const std::string program = ReadText(fs::path(SIGNET_EXAMPLES_SOURCE).parent_path() / found[1].str());
    const auto blocks = CodeOf(page);
    EXPECT_FALSE(blocks.empty());
    for (const std::string& block : blocks) EXPECT_THAT(program, HasSubstr(block));
  }
  EXPECT_GE(pages, 5);
}

}  // namespace
}  // namespace signet
