// Untrusted text on every path to a terminal, a document or a log: it must not have any effect.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include "base/printable.h"
#include "tool/terminal_session.h"
#include <signet/testing/soft_hsm.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;

const std::string kName = "mal\x1b[2J\u202elory\u009b\u2066\nforged";
const std::string kLabel = "mal\x1b[2J\u202elory\x9b\nforged";

// IsHarmless checks that nothing in `text` acts on a terminal or stands as a line of its own.
void IsHarmless(const std::string& text) {
  EXPECT_EQ(Printable(text, Lines::kMany), text);
  EXPECT_THAT(text, Not(HasSubstr("\nforged")));
}

class HostileText : public ::testing::Test {
 protected:
  HostileText() { hsm_.Import(mallory_, {.id = "\x01", .label = kName}); }

  void RunHarmless(std::vector<std::string> arguments, const std::string& shown) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    arguments.insert(arguments.end(), {"--module", SoftHsm::module_path()});
    auto environment = hsm_.environment();
    environment["SIGNET_CALL_LOG"] = "stderr";
    const auto result = RunSignet(arguments, environment);
    IsHarmless(result.out);
    IsHarmless(result.err);
    EXPECT_THAT(result.out + result.err, HasSubstr(shown));
  }

  TestPki pki_{CertificateOptions::Ca("Root \u202e")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TestIdentity mallory_ = pki_.Issue({.common_name = kName});
  testing::TemporaryDirectory directory_;
  SoftHsm hsm_{{.label = "to\x1b[1mken\u202e\nforged"}};
  std::string pin_ = "file:" + directory_.Write("pin", hsm_.pin());
  std::string file_ =
      directory_.Write("mallory.p12", testing::MakePkcs12(mallory_, {.friendly_name = kName})) +
      "?pin-value=secret";
};

TEST_F(HostileText, OfTheVerbsThatLookAtIdentities) {
  for (const std::string json : {"", "--json"}) {
    for (const std::string& uri : {file_, std::string("pkcs11:")}) {
      for (const std::string verb : {"list", "show", "doctor", "pem"}) {
        std::vector<std::string> arguments = {verb, uri};
        if (!json.empty()) arguments.push_back(json);
        RunHarmless(arguments, verb == "list" || verb == "show" ? "mal" : "");
      }
    }
  }
  RunHarmless({"list"}, "label    mal\\x1b[2J\\u202elory\\x9b\\u2066\\x0aforged");
  RunHarmless({"doctor"}, "token to\\x1b[1mken\\u202e\\x0aforged");
}

TEST_F(HostileText, OfAHandshakeItsPageAndItsServer) {
  for (const std::string json : {"", "--json"}) {
    MutualTlsServer server(
        MutualTlsServer::Kind::kOpenSsl,
        {.identity = server_pki_.Issue(CertificateOptions::Server()), .trust_pem = pki_.root().RootPem()});
    const std::string page = directory_.path() + "/page.html";
    std::vector<std::string> arguments = {"handshake", server.address(),   file_, "--html", page,
                                          "--trust",   server.trust_file()};
    if (!json.empty()) arguments.push_back(json);
    RunHarmless(arguments, "mal");
    std::ifstream in(page);
    const std::string html{std::istreambuf_iterator<char>(in), {}};
    IsHarmless(html);
    EXPECT_THAT(html, HasSubstr("mal"));
  }
}

TEST_F(HostileText, OfAVisitor) {
  const std::string trust = directory_.Write("ca.pem", pki_.root().RootPem());
  const std::string server_trust = directory_.Write("server-ca.pem", server_pki_.root().RootPem());
  const std::string own =
      directory_.Write("server.p12", testing::MakePkcs12(server_pki_.Issue(CertificateOptions::Server())));
  for (const std::string json : {"--json", "--address=127.0.0.1"}) {
    testing::BackgroundProcess server(
        {.argv = {SIGNET_COMMAND, "serve", "0", "--identity", own + "?pin-value=secret", "--trust", trust,
                  "--count", "1", json}});
    const auto line = server.WaitForLine("port");
    ASSERT_TRUE(line) << server.output();
    std::smatch port;
    ASSERT_TRUE(std::regex_search(*line, port, std::regex("([0-9]+)[^0-9]*$")));
    RunSignet({"handshake", "127.0.0.1:" + port.str(1), file_, "--trust", server_trust});
    server.WaitForEnd();
    IsHarmless(server.output());
    EXPECT_THAT(server.output(), HasSubstr("mal"));
  }
}

TEST_F(HostileText, OfTheTokenVerbs) {
  for (const std::string json : {"--json", "--yes"}) {
    RunHarmless(
        {"token", "keygen", "--label", kLabel, "--id", "02", "--pin-source", pin_, "--type", "ec:P-256"},
        "token");
    RunHarmless({"token", "remove", hsm_.TokenUri() + ";id=%02", "--yes", "--pin-source", pin_,
                 json == "--yes" ? "--set=call-timeout-ms=0" : json},
                "mal");
  }
  RunHarmless({"token", "keygen", "--token", "nobody\x1b[2J\u202e"}, "nobody\\x1b[2J\\u202e");
}

TEST_F(HostileText, OfWhatWasTypedWrongly) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{kLabel},
                                             {"list", "--" + kLabel},
                                             {"list", kLabel},
                                             {"handshake", kLabel},
                                             {"show", "pkcs11:" + kLabel}}) {
    RunHarmless(arguments, arguments.front() == "show" ? "" : "mal");
  }
}

TEST_F(HostileText, OfAPrompt) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : hsm_.environment()) environment.push_back(name + "=" + value);
  TerminalSession session({SIGNET_COMMAND, "token", "keygen", "--module", SoftHsm::module_path()},
                          environment, "");
  ASSERT_TRUE(session.WaitFor("PIN of token")) << session.shown();
  session.WaitFor(": ");
  session.Type("\x04");
  session.End();
  EXPECT_THAT(session.shown(), HasSubstr("token to\\x1b[1mken\\u202e\\x0aforged"));
}

}  // namespace
}  // namespace signet
