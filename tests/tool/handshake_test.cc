// `signet handshake` against `openssl s_server`: what it shows, what it refuses to do, and how it says why.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include "inspector/socket.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <regex>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;
using testing::WrappedModule;
using Kind = MutualTlsServer::Kind;
using Asks = ServerSetup::Asks;

class Handshake : public ::testing::Test {
 protected:
  std::unique_ptr<MutualTlsServer> Server(const std::string& tls = {}, Asks asks = Asks::kRequires,
                                          std::vector<std::string> extra = {},
                                          Kind kind = Kind::kOpenSsl) const {
    return std::make_unique<MutualTlsServer>(
        kind, ServerSetup{.identity = server_pki_.Issue(CertificateOptions::Server()),
                          .trust_pem = pki_.root().RootPem(),
                          .tls = tls,
                          .asks = asks,
                          .extra = std::move(extra)});
  }

  // File gives the URI of a PKCS#12 file, password included.
  std::string File(const TestIdentity& identity, const std::string& name = "identity.p12") const {
    return "pkcs12:" + directory_.Write(name, testing::MakePkcs12(identity)) + "?pin-value=secret";
  }

  static testing::ProcessResult Shake(const MutualTlsServer& server, std::vector<std::string> more,
                                      const testing::Environment& environment = {}) {
    std::vector<std::string> arguments = {"handshake", server.address(), "--trust", server.trust_file(),
                                          "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunSignet(arguments, environment);
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki other_pki_{CertificateOptions::Ca("Other Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
};

// Without lists the messages without tickets, whose number is the server's affair, and without closing
// alerts.
std::vector<std::string> Steps(const nlohmann::json& report) {
  std::vector<std::string> steps;
  for (const std::string& message : MessagesOf(report)) {
    if (message.find("NewSessionTicket") == std::string::npos && message.find("Alert") == std::string::npos) {
      steps.push_back(message);
    }
  }
  return steps;
}

TEST_F(Handshake, Tls12StepByStep) {
  const auto server = Server("1.2");
  const auto result = Shake(*server, {"--identity", File(pki_.Issue({.common_name = "alice"}))});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto report = JsonOf(result);
  const auto steps = Steps(report);
  EXPECT_THAT(steps,
              ElementsAre("-> ClientHello 22", "<- ServerHello 22", "<- Certificate 22",
                          "<- ServerKeyExchange 22", "<- CertificateRequest 22", "<- ServerHelloDone 22",
                          "-> Certificate 22", "-> ClientKeyExchange 22", "-> CertificateVerify 22",
                          "-> ChangeCipherSpec 20", "-> Finished 22", "<- ChangeCipherSpec 20",
                          "<- Finished 22", "-> ApplicationData 23", "<- ApplicationData 23"));
  EXPECT_EQ(report["protocol"], "TLSv1.2");
  EXPECT_EQ(report["certificate_verify"]["verified"], true);
  EXPECT_EQ(report["resumed"], false);
  for (const auto& message : report["messages"]) EXPECT_GT(message["length"].get<int>(), 0);
}

TEST_F(Handshake, Tls13StepByStep) {
  const auto server = Server("1.3");
  const auto result = Shake(*server, {"--identity", File(pki_.Issue({.common_name = "alice"}))});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto report = JsonOf(result);
  EXPECT_THAT(Steps(report),
              ElementsAre("-> ClientHello 22", "<- ServerHello 22", "<- ChangeCipherSpec 20",
                          "<- EncryptedExtensions 23", "<- CertificateRequest 23", "<- Certificate 23",
                          "<- CertificateVerify 23", "<- Finished 23", "-> ChangeCipherSpec 20",
                          "-> Certificate 23", "-> CertificateVerify 23", "-> Finished 23",
                          "-> ApplicationData 23", "<- ApplicationData 23"));
  EXPECT_EQ(report["protocol"], "TLSv1.3");
  EXPECT_THAT(report["cipher"].get<std::string>(), ::testing::StartsWith("TLS_AES_"));
  EXPECT_EQ(report["certificate_verify"]["verified"], true);
  EXPECT_GT(report["timing_ms"].get<double>(), 0);
  EXPECT_EQ(report["certificate_request"]["authorities"],
            nlohmann::json::array({"CN=Client Root,O=Signet Test"}));
  EXPECT_FALSE(report["certificate_request"]["schemes"].empty());
}

TEST_F(Handshake, AHelloRetryRequestIsShownAndVerified) {
  const auto server = Server("1.3", Asks::kRequires, {"-groups", "P-384"});
  const auto result = Shake(*server, {"--identity", File(pki_.Issue({.common_name = "alice"}))});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto report = JsonOf(result);
  EXPECT_THAT(MessagesOf(report), ::testing::Contains("<- HelloRetryRequest 22"));
  EXPECT_EQ(report["certificate_verify"]["verified"], true);
}

// StepsForPeople lists the messages that are printed, as Steps does.
std::vector<std::string> StepsForPeople(const std::string& text) {
  static const std::regex line("(->|<-) (\\w+) +record type ([0-9]+), ");
  std::vector<std::string> steps;
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    const std::string message = (*it)[2];
    if (message == "NewSessionTicket" || message == "Alert") continue;
    steps.push_back((*it)[1].str() + " " + message + " " + (*it)[3].str());
  }
  return steps;
}

TEST_F(Handshake, PeopleSeeTheSame) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls);
    const std::string identity = File(pki_.Issue({.common_name = "alice"}));
    const auto result =
        RunSignet({"handshake", server->address(), "--trust", server->trust_file(), "--identity", identity});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("authority: CN=Client Root"), HasSubstr("presented   CN=alice"),
                                  HasSubstr("HTTP/1.0 200 ok")));
    EXPECT_EQ(StepsForPeople(result.out), Steps(JsonOf(Shake(*server, {"--identity", identity}))));
  }
}

TEST_F(Handshake, AServerWithoutARequestGetsNoCertificate) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls, Asks::kNever);
    SoftHsm hsm;
    hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "alice"});
    WrappedModule module(hsm);
    const auto result = Shake(*server, {"--identity", hsm.ObjectUri("\x01"), "--module", module.path()});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    const auto report = JsonOf(result);
    EXPECT_EQ(report["client_certificate"]["sent"], false);
    EXPECT_TRUE(report["certificate_request"].is_null());
    EXPECT_TRUE(report["certificate_verify"]["verified"].is_null());
    EXPECT_THAT(MessagesOf(report), ::testing::Not(::testing::Contains(HasSubstr("-> Certificate"))));
    ASSERT_EQ(report["considered"].size(), 1u);
    EXPECT_EQ(report["considered"][0]["chosen"], false);
    EXPECT_THAT(report["considered"][0]["reasons"][0].get<std::string>(),
                HasSubstr("asks for no certificate"));
    EXPECT_EQ(module.Count("C_Login"), 0u);
  }
}

TEST_F(Handshake, AnUntrustedServerGetsNoCertificateAndNoPinIsRequested) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls);
    SoftHsm hsm;
    hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "alice"});
    WrappedModule module(hsm);
    const std::string wrong_trust = directory_.Write("wrong.pem", other_pki_.root().RootPem());
    const auto result = RunSignet({"handshake", server->address(), "--trust", wrong_trust, "--json",
                                   "--identity", hsm.ObjectUri("\x01"), "--module", module.path()});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("could not be verified"), HasSubstr("which --trust names")));
    const auto report = JsonOf(result);
    EXPECT_EQ(report["server_verified"], false);
    EXPECT_EQ(report["client_certificate"]["sent"], false);
    EXPECT_EQ(report["error"]["what"], "untrusted-server");
    EXPECT_EQ(module.Count("C_Login"), 0u);
    EXPECT_EQ(module.Count("C_SignInit"), 0u);
  }
}

#if SIGNET_BOTAN_VERSION > 0
TEST_F(Handshake, BotanRejectsASelfSignedCertificateWithAReason) {
  const TestPki self(CertificateOptions::Server());
  const MutualTlsServer server(Kind::kOpenSsl,
                               {.identity = self.root(), .trust_pem = pki_.root().RootPem(), .tls = "1.2"});
  const std::string own = directory_.Write("own.pem", self.root().CertificatePem());
  const auto botan = RunSignet({"handshake", server.address(), "--trust", own, "--stack", "botan"});
  EXPECT_THAT(botan.err, ::testing::AnyOf(HasSubstr("Botan accepts no self-signed certificate"),
                                          Not(HasSubstr("could not be verified"))));
  const auto openssl = RunSignet({"handshake", server.address(), "--trust", own});
  EXPECT_THAT(openssl.err, Not(HasSubstr("could not be verified")));
}
#endif

TEST_F(Handshake, TheServersNameIsChecked) {
  CertificateOptions elsewhere = CertificateOptions::Server("example.org");
  elsewhere.ip_addresses = {"192.0.2.1"};
  SoftHsm hsm;
  hsm.Import(pki_.Issue({}), {.id = "\x01"});
  WrappedModule module(hsm);
  for (const std::string tls : {"1.2", "1.3"}) {
    const MutualTlsServer server(
        Kind::kOpenSsl,
        {.identity = server_pki_.Issue(elsewhere), .trust_pem = pki_.root().RootPem(), .tls = tls});
    for (const std::string host : {"127.0.0.1", "localhost"}) {
      SCOPED_TRACE(tls + " " + host);
      const auto result =
          RunSignet({"handshake", host + ":" + std::to_string(server.port()), "--trust", server.trust_file(),
                     "--json", "--identity", hsm.ObjectUri("\x01"), "--module", module.path()});
      EXPECT_EQ(result.exit_status, 1);
      EXPECT_THAT(result.err, AllOf(HasSubstr("Connect with a name"), Not(HasSubstr("--trust"))));
      const auto report = JsonOf(result);
      EXPECT_EQ(report["error"]["what"], "untrusted-server");
      EXPECT_EQ(report["client_certificate"]["sent"], false);
      EXPECT_EQ(module.Count("C_Login"), 0u);
    }
  }
}

TEST_F(Handshake, AServerThatKnowsOnlyOtherAuthoritiesAsksForNoPin) {
  const auto server = Server("1.3");
  SoftHsm hsm;
  hsm.Import(other_pki_.Issue({.common_name = "stranger"}), {.id = "\x01", .label = "stranger"});
  WrappedModule module(hsm);
  const auto result = Shake(*server, {"--identity", hsm.ObjectUri("\x01"), "--module", module.path()});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("CN=Client Root"), HasSubstr("CN=Other Root"),
                                HasSubstr("no client certificate was sent")));
  EXPECT_EQ(JsonOf(result)["client_certificate"]["sent"], false);
  EXPECT_EQ(module.Count("C_Login"), 0u);
}

TEST_F(Handshake, ACertificateOfAnUnknownCaIsRefusedInWords) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls);
    const auto result =
        Shake(*server, {"--identity", File(other_pki_.Issue({.common_name = "stranger"})), "--pinned"});
    EXPECT_EQ(result.exit_status, 1) << result.out;
    EXPECT_THAT(result.err, AllOf(HasSubstr("does not know the CA"), HasSubstr("unknown_ca")));
    const auto report = JsonOf(result);
    EXPECT_EQ(report["client_certificate"]["sent"], true);
    EXPECT_EQ(report["error"]["what"], "handshake");
    EXPECT_FALSE(report["error"]["hint"].get<std::string>().empty());
  }
}

TEST_F(Handshake, NginxsRefusalOfAnUnknownCaIsSaidInWords) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls, Asks::kRequires, {}, Kind::kNginx);
    const auto result =
        Shake(*server, {"--identity", File(other_pki_.Issue({.common_name = "stranger"})), "--pinned"});
    EXPECT_EQ(result.exit_status, 1) << tls;
    EXPECT_THAT(result.err, HasSubstr("does not know its CA")) << tls;
  }
}

TEST_F(Handshake, GnuTlssRefusalOfAnUnknownCaIsSaidInWords) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls, Asks::kRequires, {}, Kind::kGnuTls);
    const auto result =
        Shake(*server, {"--identity", File(other_pki_.Issue({.common_name = "stranger"})), "--pinned"});
    EXPECT_EQ(result.exit_status, 1) << tls << server->output();
    EXPECT_THAT(result.err, HasSubstr("the server")) << tls;
  }
}

TEST_F(Handshake, AnExpiredIdentityIsReported) {
  const auto server = Server("1.3");
  const auto expired = pki_.Issue(CertificateOptions{.common_name = "late"}.Expired());
  const auto result = Shake(*server, {"--identity", File(expired)});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("expired"));
  const auto pinned = Shake(*server, {"--identity", File(expired), "--pinned"});
  EXPECT_EQ(pinned.exit_status, 1);
  EXPECT_THAT(pinned.err, AllOf(HasSubstr("certificate_expired"), HasSubstr("this computer's clock says")));
}

TEST_F(Handshake, OfSeveralIdentitiesTheFittingOneIsPresentedAndTheOthersSayWhyNot) {
  const auto server = Server("1.3");
  const std::string stranger = File(other_pki_.Issue({.common_name = "stranger"}), "stranger.p12");
  const std::string expired =
      File(pki_.Issue(CertificateOptions{.common_name = "late"}.Expired()), "late.p12");
  const std::string alice = File(pki_.Issue({.common_name = "alice"}), "alice.p12");
  const auto result = Shake(*server, {"--identity", stranger, expired, alice});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(server->SawSubject("alice"));
  const auto report = JsonOf(result);
  ASSERT_EQ(report["considered"].size(), 3u);
  for (const auto& considered : report["considered"]) {
    const bool is_alice = considered["uri"].get<std::string>().find("alice.p12") != std::string::npos;
    EXPECT_EQ(considered["chosen"], is_alice);
    EXPECT_FALSE(considered["reasons"].empty());
    if (is_alice) {
      EXPECT_EQ(report["client_certificate"]["uri"], considered["uri"]);
    }
  }
  EXPECT_THAT(result.out, Not(HasSubstr("secret")));
}

TEST_F(Handshake, TheSameIdentityTwiceSaysWhyOneWasNotChosen) {
  const auto server = Server("1.3");
  const std::string alice = File(pki_.Issue({.common_name = "alice"}), "alice.p12");
  const auto report = JsonOf(Shake(*server, {"--identity", alice, alice}));
  ASSERT_EQ(report["considered"].size(), 2u);
  EXPECT_EQ(report["considered"][0]["chosen"], true);
  EXPECT_THAT(report["considered"][1]["reasons"][0].get<std::string>(),
              HasSubstr("is preferred: both present the same certificate"));
}

TEST_F(Handshake, TrustThatCannotBeReadSaysWhy) {
  for (const auto& [file, why] : std::vector<std::pair<std::string, std::string>>{
           {"/no/such/ca.pem", "No such file"},
           {directory_.path(), "not a regular file"},
           {directory_.Write("text.pem", "text"), "no trusted certificate"}}) {
    const auto result = RunSignet({"handshake", "127.0.0.1:1", "--trust", file});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr(file), HasSubstr(why)));
  }
}

TEST_F(Handshake, TimeoutBoundsAServerThatDripsBytes) {
  // A record of 16 kB whose bytes come one by one.
  const std::string drip =
      "import socket,sys,time\n"
      "s=socket.create_server(('127.0.0.1',0)); print('port',s.getsockname()[1],flush=True)\n"
      "c,_=s.accept(); c.sendall(b'\\x16\\x03\\x03\\x3f\\xff')\n"
      "try:\n"
      "  while True: c.sendall(b'\\x02'); time.sleep(0.05)\n"
      "except OSError: pass\n";
  std::vector<std::string> stacks = {"openssl"};
  if (SIGNET_BOTAN_VERSION > 0) stacks.emplace_back("botan");
#ifdef SIGNET_HAS_GNUTLS
  stacks.emplace_back("gnutls");
#endif
  for (const std::string& stack : stacks) {
    testing::BackgroundProcess server({.argv = {"/usr/bin/python3", "-c", drip}});
    const auto line = server.WaitForLine("port");
    ASSERT_TRUE(line);
    const auto begin = std::chrono::steady_clock::now();
    const auto result = RunSignet({"handshake", "127.0.0.1:" + line->substr(line->rfind(' ') + 1),
                                   "--timeout", "700", "--stack", stack});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << stack;
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr("did not respond in time")) << stack;
  }
}

TEST_F(Handshake, TimeoutBoundsAServerThatFloods) {
  // HelloRequests, which a client skips.
  const std::string flood =
      "import socket,sys\n"
      "s=socket.create_server(('127.0.0.1',0)); print('port',s.getsockname()[1],flush=True)\n"
      "c,_=s.accept(); c.recv(4096); record=b'\\x16\\x03\\x03\\x40\\x00'+bytes(16384)\n"
      "try:\n"
      "  while True: c.sendall(record)\n"
      "except OSError: pass\n";
  testing::BackgroundProcess server({.argv = {"/usr/bin/python3", "-c", flood}});
  const auto line = server.WaitForLine("port");
  ASSERT_TRUE(line);
  const auto begin = std::chrono::steady_clock::now();
  const auto result =
      RunSignet({"handshake", "127.0.0.1:" + line->substr(line->rfind(' ') + 1), "--timeout", "700"});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("did not respond in time"));
}

TEST_F(Handshake, IdentitiesMayStandBeforeTheServer) {
  const auto server = Server("1.3");
  const auto result = RunSignet({"handshake", "--trust", server->trust_file(), "--identity",
                                 File(pki_.Issue({.common_name = "alice"})), server->address()});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(Handshake, TheServerStandsAnywhereAndAsAnAddressOfAPage) {
  const std::string alice = File(pki_.Issue({.common_name = "alice"}));
  const std::string plain = alice.substr(alice.find(':') + 1);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--identity", alice, "SERVER"},
                                             {"--identity", plain, alice, "SERVER"},
                                             {"SERVER", "--identity", plain},
                                             {"SERVER", plain},
                                             {"https://SERVER/page", "--identity", plain}}) {
    const auto server = Server("1.3");
    std::vector<std::string> arguments = {"handshake", "--trust", server->trust_file(), "--json"};
    for (const std::string& word : words)
      arguments.push_back(std::regex_replace(word, std::regex("SERVER"), server->address()));
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 0) << ::testing::PrintToString(words) << result.err;
    EXPECT_EQ(JsonOf(result)["client_certificate"]["sent"], true);
  }
}

TEST_F(Handshake, ASecondConnectionResumesTheFirst) {
  for (const std::string tls : {"1.2", "1.3"}) {
    const auto server = Server(tls);
    const auto result =
        Shake(*server, {"--identity", File(pki_.Issue({.common_name = "alice"})), "--resume"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    const auto report = JsonOf(result);
    EXPECT_EQ(report["resumed"], false);
    EXPECT_EQ(report["resumption"]["resumed"], true) << tls;
    EXPECT_EQ(report["resumption"]["client_certificate"]["sent"], false);
    EXPECT_THAT(report["resumption"]["left_out"].get<std::vector<std::string>>(),
                ::testing::IsSupersetOf(
                    {"received CertificateRequest", "sent Certificate", "sent CertificateVerify"}));
    EXPECT_THAT(MessagesOf(report["resumption"]), Not(::testing::Contains(HasSubstr("CertificateVerify"))));
  }
}

TEST_F(Handshake, UnreachableServerIsReported) {
  const auto result = RunSignet({"handshake", "localhost:" + std::to_string(testing::FreePort()), "--json"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(JsonOf(result)["error"]["what"], "network");
  EXPECT_THAT(result.err, HasSubstr("no connection"));
}

TEST_F(Handshake, AServerWithoutCommonParametersIsReported) {
  const std::uint16_t port = testing::FreePort();
  testing::BackgroundProcess server({.argv = {"openssl", "s_server", "-accept", std::to_string(port),
                                              "-nocert", "-cipher", "aNULL:@SECLEVEL=0", "-tls1_2"}});
  ASSERT_TRUE(server.WaitForPort(port));
  const auto result = RunSignet({"handshake", "localhost:" + std::to_string(port)});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("no parameters that both sides accept"));
}

TEST_F(Handshake, AServerThatSpeaksNoTlsIsSaidInWords) {
  const Socket listener = Socket::Listen("127.0.0.1", 0);
  std::thread server([&] {
    const Socket visitor = listener.Accept(std::chrono::seconds(5));
    char hello[1024];
    EXPECT_GT(read(visitor.get(), hello, sizeof hello), 0);
    constexpr std::string_view kAnswer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_GT(write(visitor.get(), kAnswer.data(), kAnswer.size()), 0);
  });
  const auto result = RunSignet({"handshake", "127.0.0.1:" + std::to_string(listener.port())});
  server.join();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("uses TLS on this port"));
}

}  // namespace
}  // namespace signet
