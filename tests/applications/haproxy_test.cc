#include "applications/program_page.h"
#include "applications/program_site.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace signet {
namespace {

const std::string kBobsDn = "/O=Signet Test/CN=bob\n";

// KitDirectory is where p11-kit's modules are on this architecture.
std::string KitDirectory() {
  for (const auto& triplet : std::filesystem::directory_iterator("/usr/lib")) {
    const auto directory = triplet.path() / "pkcs11";
    if (exists(directory / "p11-kit-client.so")) return directory.string();
  }
  throw std::runtime_error("there is no p11-kit-client.so: install p11-kit-modules");
}

class HaProxy : public ::testing::Test {
 protected:
  // Start runs the page's configuration, after further lines of its section `global`.
  std::unique_ptr<testing::BackgroundProcess> Start(ProgramSite& site, const std::string& global) {
    backend_ = std::make_unique<MutualTlsServer>(MutualTlsServer::Kind::kOpenSsl, PeerOf(site));
    site.UsePort("8444", backend_->port());
    inside_ = site.Port("8080");
    port_ = site.Port("8443");
    const std::string configuration =
        "global\n" + global + "  tune.ssl.cachesize 0\n" + "  ssl-default-bind-options no-tls-tickets\n" +
        "defaults\n  option httpclose\n  default-server no-ssl-reuse\n" +
        "  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n" + page_.Block("haproxy");
    return site.StartServer(with_ + "haproxy -W -db -f " + site.Write("haproxy.cfg", configuration), port_);
  }
  // StartInChroot puts the root into the site: only root may, or who is root in a namespace of users.
  std::unique_ptr<testing::BackgroundProcess> StartInChroot(ProgramSite& site) {
    if (geteuid() != 0) with_ = "unshare --map-root-user ";
    site.Put("/var/lib/haproxy", "/etc/signet/root");
    return Start(site, page_.Block("haproxy", 2).substr(std::string("global\n").size()));
  }

  const ProgramPage page_{"haproxy.md"};
  std::string with_;
  std::unique_ptr<MutualTlsServer> backend_;
  std::uint16_t inside_ = 0, port_ = 0;
};

TEST_F(HaProxy, ServesAndLogsInWithTheIdentitiesInTheToken) {
  ProgramSite site;
  const auto server = Start(site, "  nbthread 2\n");
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  const std::string visit = "curl -sS http://127.0.0.1:8080/\n";
  EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_TRUE(backend_->SawSubject("alice")) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  EXPECT_TRUE(site.Run(visit + visit).ok());
  ExpectSignatures(site.module(), 3 + 2);
  ExpectTwoCallsOnceWarm(site.module());
}

TEST_F(HaProxy, ReloadBringsAWorkerThatSigns) {
  ProgramSite site;
  const auto server = Start(site, "");
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  server->Signal(SIGUSR2);
  ASSERT_EQ(AwaitCount(*server, "Loading success.", 2), 2u) << server->output();
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  ExpectOnlySignatures(site.module(), 3);
}

TEST_F(HaProxy, AsynchronousModeSigns) {
  ProgramSite site;
  const auto server = Start(site, page_.Block("haproxy", 1).substr(std::string("global\n").size()));
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  ExpectOnlySignatures(site.module(), 3);
}

TEST_F(HaProxy, ChrootPutsTheTokensFilesOutOfReach) {
  ProgramSite site;
  ASSERT_TRUE(site.Run("mkdir root").ok());
  const auto server = StartInChroot(site);
  EXPECT_NE(Visit(site, port_), kBobsDn);
  EXPECT_EQ(site.module().Count("C_Sign"), 0u);
}

TEST_F(HaProxy, SignsInAChrootThroughP11KitServer) {
  ProgramSite site;
  // What HAProxy sees in its root under the socket's path is what is outside under the same.
  site.Put("/var/lib/haproxy/run/signet", "/etc/signet/root/etc/signet/run");
  site.Put("/run/signet", "/etc/signet/run");
  site.Put("/usr/lib/softhsm/libsofthsm2.so", site.module_path());
  const auto made = site.Run(page_.Block("sh"));
  ASSERT_TRUE(made.ok()) << made.err;
  const auto token = site.Start(page_.Block("sh", 1));
  for (int i = 0; i < 1000 && !std::filesystem::exists(site.File("run/token")); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(std::filesystem::exists(site.File("run/token"))) << token->output();
  site.environment()["P11_KIT_SERVER_ADDRESS"] =
      site.Run(page_.Block("sh", 2) + "printf %s \"$P11_KIT_SERVER_ADDRESS\"").out;
  site.Put("/usr/lib/x86_64-linux-gnu/pkcs11", KitDirectory());
  const std::string setting = site.Filled(page_.Block("ini"));
  site.UseModule(setting.substr(setting.find('/'), setting.size() - setting.find('/') - 1));

  const auto server = StartInChroot(site);
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  ExpectOnlySignatures(site.module(), 3);
}

}  // namespace
}  // namespace signet
