// The page of `signet handshake --html`, by its text and as a browser lays it out.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"

#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <openssl/crypto.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestPki;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Html : public ::testing::Test {
 protected:
  // Page makes a handshake with a client of this name and gives its page.
  std::string Page(const TestPki& client_pki, const std::string& name, std::vector<std::string> more = {}) {
    MutualTlsServer server(MutualTlsServer::Kind::kOpenSsl,
                           {.identity = server_pki_.Issue(CertificateOptions::Server()),
                            .trust_pem = pki_.root().RootPem(),
                            .tls = "1.3"});
    const std::string file =
        directory_.Write("client.p12", testing::MakePkcs12(client_pki.Issue({.common_name = name})));
    std::vector<std::string> arguments = {
        "handshake", server.address(), "--trust",    server.trust_file(),
        "--html",    page_file_,       "--identity", "pkcs12:" + file + "?pin-value=secret"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunSignet(arguments);
    return Read(page_file_);
  }

  // Laid gives what a browser says of the page in a window of `width` pixels: its scrollWidth, and how many
  // messages are seen. The window is a frame, as browsers have a least width of their own.
  std::string Laid(const std::string& page, int width) {
    std::string quoted = std::regex_replace(page, std::regex("&"), "&amp;");
    quoted = std::regex_replace(quoted, std::regex("\""), "&quot;");
    const std::string outer =
        "<!doctype html><title>?</title><iframe id=f style='border:0;height:2000px;width:" +
        std::to_string(width) + "px' srcdoc=\"" + quoted +
        "\"></iframe><script>window.onload=()=>{const d=document.getElementById('f').contentDocument;let "
        "seen=0;"
        "d.querySelectorAll('.arrow').forEach(e=>{if(e.getBoundingClientRect().height>10)seen++});"
        "document.title='scroll '+d.documentElement.scrollWidth+' seen '+seen}</script>";
    const std::string file = directory_.Write("measured.html", outer);
    const auto result = testing::RunProgram(
        {.argv = {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                  "--user-data-dir=" + directory_.path() + "/browser", "--dump-dom", "file://" + file},
         .environment = {{"HOME", directory_.path()}},
         .timeout = std::chrono::seconds(60)});
    std::smatch title;
    if (!std::regex_search(result.out, title, std::regex("<title>(.*?)</title>"))) return result.err;
    return title[1];
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki other_pki_{CertificateOptions::Ca("Other Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
  std::string page_file_ = directory_.path() + "/handshake.html";
};

TEST_F(Html, HoldsTheMessagesInOrderAndTheIdentities) {
  const std::string page = Page(pki_, "alice", {"--resume"});
  std::size_t at = 0;
  for (const std::string name : {"ClientHello", "ServerHello", "EncryptedExtensions", "CertificateRequest",
                                 "Certificate", "CertificateVerify", "Finished", "Certificate",
                                 "CertificateVerify", "Finished", "ApplicationData", "The same, resumed"}) {
    at = page.find(">" + name + "<", at);
    ASSERT_NE(at, std::string::npos) << name;
    ++at;
  }
  EXPECT_THAT(page, AllOf(HasSubstr("<b>chosen</b> CN=alice"), HasSubstr("sent CertificateVerify")));
  EXPECT_THAT(page, Not(HasSubstr("It failed here")));
  EXPECT_THAT(page, Not(HasSubstr("secret")));
}

TEST_F(Html, ContainsNoScriptsAndNoExternalResources) {
  const std::string page = Page(pki_, "alice");
  for (const std::string part : {"<script", "src=", "href=", "url(", "http://", "https://", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST_F(Html, AHostileNameStaysText) {
  const std::string page = Page(pki_, "<img src=x onerror=alert(1)>");
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<img")), HasSubstr("&lt;img")));
}

TEST_F(Html, TheFailureStandsWhereItHappened) {
  const std::string page = Page(other_pki_, "stranger", {"--pinned"});
  const std::size_t alert = page.find(">Alert<");
  const std::size_t failure = page.find("It failed here");
  ASSERT_NE(alert, std::string::npos);
  ASSERT_NE(failure, std::string::npos);
  EXPECT_LT(alert, failure);
  EXPECT_EQ(page.find("class=\"arrow\"", failure), std::string::npos) << "nothing came after it";
  EXPECT_THAT(page.substr(failure), HasSubstr("does not know the CA"));
}

TEST_F(Html, BeginsWithTheVerdictAndSaysWhenAndWithWhatItWasMade) {
  const std::string good = Page(pki_, "alice");
  const std::string bad = Page(other_pki_, "stranger", {"--pinned"});
  EXPECT_THAT(good, HasSubstr("<b>It worked.</b> The server accepted CN=alice"));
  EXPECT_THAT(bad, HasSubstr("<b>It failed:</b>"));
  for (const std::string& page : {good, bad}) {
    EXPECT_LT(page.find("class=\"verdict"), page.find("<dl>")) << "only the title precedes it";
    EXPECT_TRUE(
        std::regex_search(page, std::regex("<time datetime=\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z\">")));
    EXPECT_THAT(page, HasSubstr(std::string("OpenSSL ") + OpenSSL_version(OPENSSL_VERSION_STRING)));
    EXPECT_THAT(page, HasSubstr("signet 0."));
  }
}

TEST_F(Html, HasWhatKeepsAPageFromScrollingSideways) {
  const std::string page = Page(pki_, "alice");
  for (const char* part :
       {"width=device-width", "overflow-wrap: anywhere", "max-width:", "box-sizing: border-box"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<pre")), Not(HasSubstr("<table"))));
}

TEST_F(Html, HasNoHorizontalScrollBarOnAPhoneNorOnADesk) {
  if (testing::RunProgram({.argv = {"chromium", "--version"}}).exit_status != 0)
    GTEST_SKIP() << "no chromium is here";
  const std::string page = Page(pki_, std::string(60, 'x'));
  for (const int width : {400, 1200}) {
    const std::string laid = Laid(page, width);
    std::smatch numbers;
    ASSERT_TRUE(std::regex_match(laid, numbers, std::regex("scroll ([0-9]+) seen ([0-9]+)"))) << laid;
    EXPECT_LE(std::stoi(numbers[1]), width);
    EXPECT_GE(std::stoi(numbers[2]), 14);
  }
}

}  // namespace
}  // namespace signet
