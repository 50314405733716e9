// The PIN is asked at the terminal, without echo, and never read from standard input.
#include "applications/mutual_tls_server.h"
#include "tool/terminal_session.h"
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;
using testing::WrappedModule;

class Prompt : public ::testing::Test {
 protected:
  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::TemporaryDirectory directory_;
};

TEST_F(Prompt, APasswordIsAskedAtTheTerminalWithoutEcho) {
  const std::string file = directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  TerminalSession session({SIGNET_COMMAND, "list", "pkcs12:" + file}, {}, "not-the-password\n");
  ASSERT_TRUE(session.WaitFor("Password of")) << session.shown();
  session.Type(
      "secre\x7f"
      "et\r");
  EXPECT_EQ(session.End(), 0) << session.shown();
  EXPECT_THAT(session.shown(), HasSubstr("CN=alice"));
  EXPECT_THAT(session.shown(), Not(HasSubstr("secr")));
}

TEST_F(Prompt, DecliningIsNoPassword) {
  const std::string file = directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  TerminalSession session({SIGNET_COMMAND, "list", "pkcs12:" + file}, {}, "secret\n");
  ASSERT_TRUE(session.WaitFor("Password of"));
  session.Type("sec\x04");
  EXPECT_EQ(session.End(), 1);
}

TEST_F(Prompt, ControlCEndsTheProgramWithTheTerminalAsItWas) {
  const std::string file = directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  TerminalSession session({"sh", "-c", "\"$@\"; echo status=$?", "sh", SIGNET_COMMAND, "list", file}, {}, "");
  ASSERT_TRUE(session.WaitFor("Password of")) << session.shown();
  EXPECT_FALSE(session.echoes());
  session.Type("sec\x03");
  session.WaitFor("status=");
  EXPECT_TRUE(session.echoes());
  session.End();
  EXPECT_THAT(session.shown(), HasSubstr("status=130"));
}

TEST_F(Prompt, ASignalEndsTheProgramWithTheTerminalAsItWas) {
  const std::string file = directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  for (const auto& [signal, status] : std::map<std::string, std::string>{{"TERM", "143"}, {"HUP", "129"}}) {
    TerminalSession session(
        {"sh", "-c",
         "\"$@\" & trap '' " + signal + "; sleep 2; kill -" + signal + " $!; wait $!; echo status=$?", "sh",
         SIGNET_COMMAND, "list", file},
        {}, "");
    ASSERT_TRUE(session.WaitFor("Password of")) << session.shown();
    EXPECT_FALSE(session.echoes());
    session.WaitFor("status=");
    EXPECT_TRUE(session.echoes()) << signal;
    session.End();
    EXPECT_THAT(session.shown(), HasSubstr("status=" + status));
  }
}

TEST_F(Prompt, ControlCElsewhereEndsTheProgramToo) {
  const std::string certificate = directory_.Write("server.pem", alice_.certificate.ToPem());
  const std::string file = directory_.Write("server.p12", testing::MakePkcs12(alice_));
  TerminalSession session(
      {SIGNET_COMMAND, "serve", "0", "--identity", file + "?pin-value=secret", "--trust", certificate}, {},
      "");
  ASSERT_TRUE(session.WaitFor("listening on")) << session.shown();
  session.Type("\x03");
  EXPECT_EQ(session.End(), 130) << session.shown();
}

TEST_F(Prompt, ATerminalShowsColoursUnlessNoColorIsSet) {
  const std::string uri = directory_.Write("alice.p12", testing::MakePkcs12(alice_)) + "?pin-value=secret";
  const std::string green = "\x1b[32m  client   \x1b[0mfit";
  for (const auto& [variable, coloured] : std::map<std::string, bool>{
           {"TERM=xterm", true}, {"NO_COLOR=1", false}, {"NO_COLOR=", true}, {"TERM=dumb", false}}) {
    TerminalSession session({"env", "TERM=xterm", variable, SIGNET_COMMAND, "list", uri}, {}, "");
    EXPECT_EQ(session.End(), 0) << session.shown();
    EXPECT_EQ(session.shown().find(green) != std::string::npos, coloured) << variable << session.shown();
  }
}

TEST_F(Prompt, APinIsAskedAfterAnIdentityWasChosen) {
  MutualTlsServer server(
      MutualTlsServer::Kind::kOpenSsl,
      {.identity = server_pki_.Issue(CertificateOptions::Server()), .trust_pem = pki_.root().RootPem()});
  SoftHsm hsm;
  hsm.Import(alice_, {.id = "\x01", .label = "alice"});
  WrappedModule module(hsm);
  TerminalSession session({SIGNET_COMMAND, "handshake", server.address(), "--trust", server.trust_file(),
                           "--identity", hsm.ObjectUri("\x01"), "--module", module.path()},
                          {}, "");
  ASSERT_TRUE(session.WaitFor("PIN of token signet-test")) << session.shown();
  EXPECT_EQ(module.Count("C_Login"), 0u);
  session.Type(hsm.pin() + "\n");
  EXPECT_EQ(session.End(), 0) << session.shown();
  EXPECT_TRUE(server.SawSubject("alice"));
  EXPECT_EQ(module.Count("C_Login"), 1u);
  EXPECT_THAT(session.shown(), Not(HasSubstr(hsm.pin() + "\r")));
}

}  // namespace
}  // namespace signet
