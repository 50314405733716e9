// The page of `signet handshake --html`, by its text and as a browser lays it out.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"

#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>

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

  // Laid gives what a script in the page says when it is `width` pixels wide: how far its contents reach to
  // the right, and how many messages are seen.
  std::string Laid(const std::string& page, int width) {
    const std::string script =
        "<script>document.body.style.width='" + std::to_string(width) +
        "px';let right=0,seen=0;document.querySelectorAll('body "
        "*').forEach(e=>{if(e.tagName=='SCRIPT')return;"
        "right=Math.max(right,e.getBoundingClientRect().right)});"
        "document.querySelectorAll('.arrow').forEach(e=>{if(e.getBoundingClientRect().height>10)seen++});"
        "document.title='right '+Math.round(right-document.body.getBoundingClientRect().left)+' seen "
        "'+seen;</script>"
        "</body>";
    std::string measured = page;
    measured.replace(measured.find("</body>"), 7, script);
    const std::string file = directory_.Write("measured.html", measured);
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

TEST_F(Html, LoadsNothingAndRunsNothing) {
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

TEST_F(Html, IsReadableOnAPhoneAndOnADesk) {
  const std::string page = Page(pki_, std::string(60, 'x'));
  for (const int width : {360, 1200}) {
    const std::string laid = Laid(page, width);
    std::smatch numbers;
    ASSERT_TRUE(std::regex_match(laid, numbers, std::regex("right ([0-9]+) seen ([0-9]+)"))) << laid;
    EXPECT_LE(std::stoi(numbers[1]), width);
    EXPECT_GE(std::stoi(numbers[2]), 14);
  }
}

}  // namespace
}  // namespace signet
