#include "applications/program_page.h"
#include "applications/program_site.h"

#include <filesystem>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace signet {
namespace {

const std::string kBob = "CN=bob,O=Signet Test\n";

class Nginx : public ::testing::Test {
 protected:
  static std::set<std::string> Workers(const testing::BackgroundProcess& server) {
    static const std::regex line("(^|\n)worker ([0-9]+)");
    const std::string output = server.output();
    std::set<std::string> workers;
    for (std::sregex_iterator it(output.begin(), output.end(), line), end; it != end; ++it) {
      workers.insert((*it)[2].str());
    }
    return workers;
  }

  // AwaitWorkers visits, several at a time, until this number of workers have served.
  static void AwaitWorkers(const ProgramSite& site, std::uint16_t port,
                           const testing::BackgroundProcess& server, std::size_t count) {
    std::string crowd;
    for (int i = 0; i < 8; ++i) {
      crowd += fmt::format(
          "curl -s --cacert ca.pem --cert plain-client.crt --key plain-client.key https://127.0.0.1:{}/ &\n",
          port);
    }
    for (int round = 0; round < 50 && Workers(server).size() < count; ++round) site.Run(crowd + "wait");
    ASSERT_EQ(Workers(server).size(), count) << server.output();
  }

  const ProgramPage page_{"nginx.md"};
};

TEST_F(Nginx, WorkersServeWithTheIdentityInTheToken) {
  ProgramSite site;
  const std::uint16_t port = site.Port("8443");
  const auto server = StartNginx(site, page_.Block("nginx"), port);
  EXPECT_EQ(Visit(site, port), kBob) << server->output();
  AwaitWorkers(site, port, *server, 2);
  site.module().Reset();
  EXPECT_EQ(Visit(site, port, 3), kBob + kBob + kBob);
  ExpectOnlySignatures(site.module(), 3);
}

TEST_F(Nginx, WorkersThatWorkAsAnotherUserSign) {
  ProgramSite site;
  site.HandToNobody();
  const std::uint16_t port = site.Port("8443");
  const auto server = StartNginx(site, page_.Block("nginx"), port, "nobody nogroup");
  EXPECT_EQ(Visit(site, port), kBob) << server->output();
  EXPECT_EQ(ServerName(site, port), "token-server");
  ExpectTwoCallsOnceWarm(site.module());
}

TEST_F(Nginx, ReloadBringsWorkersThatSign) {
  ProgramSite site;
  const std::uint16_t port = site.Port("8443");
  const auto server = StartNginx(site, page_.Block("nginx"), port);
  AwaitWorkers(site, port, *server, 2);
  server->Signal(SIGHUP);
  AwaitWorkers(site, port, *server, 4);
  EXPECT_EQ(Visit(site, port, 3), kBob + kBob + kBob) << server->output();
  ExpectTwoCallsOnceWarm(site.module());
}

TEST_F(Nginx, ProxyPresentsTheIdentityInTheToken) {
  ProgramSite site;
  MutualTlsServer backend(MutualTlsServer::Kind::kOpenSsl, PeerOf(site));
  site.UsePort("8443", backend.port());
  const std::uint16_t port = site.Port("8080");
  const auto server = StartNginx(site, "proxy_ssl_session_reuse off;\n" + page_.Block("nginx", 1), port);
  const std::string visit = "curl -sS http://127.0.0.1:8080/";
  EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_TRUE(backend.SawSubject("alice")) << server->output() << backend.output();
  const auto await_workers = [&](std::size_t count) {
    for (int round = 0; round < 50 && Workers(*server).size() < count; ++round) {
      site.Run(fmt::format("{0} &\n{0} &\n{0} &\n{0} &\nwait", visit));
    }
    ASSERT_EQ(Workers(*server).size(), count) << server->output();
  };
  await_workers(2);
  const std::size_t before = CountOf(backend.output(), "depth=0 ");
  site.module().Reset();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_EQ(AwaitCount(backend, "depth=0 ", before + 3), before + 3);
  ExpectOnlySignatures(site.module(), 3);

  site.module().Reset();
  server->Signal(SIGHUP);
  await_workers(4);
  EXPECT_TRUE(site.Run(visit).ok());
  ExpectTwoCallsOnceWarm(site.module());
}

// Each worker opens a new connection, and finds the server by a variable that nginx keeps.
TEST_F(Nginx, WorkersReachTheTokenThroughP11KitServer) {
  ProgramSite site;
  const std::string serve = "p11-kit server --foreground --provider " + site.module_path() +
                            " --name /etc/signet/token 'pkcs11:token=web'";
  auto token = site.Start(serve);
  ASSERT_TRUE(site.AwaitFile("token")) << token->output();
  site.environment()["P11_KIT_SERVER_ADDRESS"] = "unix:path=" + site.File("token");
  site.UseModule(KitDirectory() + "/p11-kit-client.so");
  const std::uint16_t port = site.Port("8443");
  const auto server = StartNginx(site, page_.Block("nginx"), port, "root", "env P11_KIT_SERVER_ADDRESS;\n");
  AwaitWorkers(site, port, *server, 2);
  site.module().Reset();
  EXPECT_EQ(Visit(site, port, 3), kBob + kBob + kBob) << server->output();
  ExpectOnlySignatures(site.module(), 3);

  token.reset();
  std::filesystem::remove(site.File("token"));
  EXPECT_NE(Visit(site, port), kBob);
  token = site.Start(serve);
  ASSERT_TRUE(site.AwaitFile("token")) << token->output();
  std::string answer;
  for (int i = 0; i < 100 && answer != kBob; ++i, usleep(50'000)) answer = Visit(site, port);
  EXPECT_EQ(answer, kBob) << server->output();
}

// nginx clears the environment of its workers: SoftHSM was initialised before that.
TEST_F(Nginx, WorkersThatLostTheTokensVariableSign) {
  ProgramSite site(ProgramSite::Module::kSoftHsm);
  const std::uint16_t port = site.Port("8443");
  const auto server = StartNginx(site, page_.Block("nginx"), port);
  EXPECT_EQ(Visit(site, port), kBob) << server->output();
}

}  // namespace
}  // namespace signet
