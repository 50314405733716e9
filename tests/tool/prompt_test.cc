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
  session.Type("sec\x03");
  EXPECT_EQ(session.End(), 1);
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
