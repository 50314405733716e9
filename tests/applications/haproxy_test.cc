#include "applications/program_page.h"
#include "applications/program_site.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace signet {
namespace {

const std::string kBobsDn = "/O=Signet Test/CN=bob\n";

class HaProxy : public ::testing::Test {
 protected:
  // Start runs the page's configuration, after further lines of its section `global`.
  std::unique_ptr<Program> Start(ProgramSite& site, const std::string& global) {
    if (backend_ == nullptr) {
      backend_ = std::make_unique<MutualTlsServer>(MutualTlsServer::Kind::kOpenSsl, PeerOf(site));
    }
    site.UsePort("8444", backend_->port());
    inside_ = site.Port("8080");
    port_ = site.Port("8443");
    const std::string configuration =
        "global\n" + global + "  tune.ssl.cachesize 0\n" + "  ssl-default-bind-options no-tls-tickets\n" +
        "defaults\n  option httpclose\n  default-server no-ssl-reuse\n" +
        "  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n" + log_ + page_.Block("haproxy");
    return site.StartServer(with_ + "haproxy -W -db -f " + site.Write("haproxy.cfg", configuration), port_);
  }
  // StartInChroot puts the root into the site: only root may, or who is root in a namespace of users.
  std::unique_ptr<Program> StartInChroot(ProgramSite& site) {
    if (geteuid() != 0) with_ = "unshare --map-root-user ";
    site.Put("/var/lib/haproxy", "/etc/signet/root");
    return Start(site, page_.Block("haproxy", 2).substr(std::string("global\n").size()));
  }

  const ProgramPage page_{"haproxy.md"};
  std::string with_;
  std::string log_;  // lines of the section `defaults`
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
  const auto before = Signers(site.module());
  // A worker may serve before its master heeds signals: one that came too early is sent again.
  std::size_t loads = 1;
  for (int attempt = 0; attempt < 3 && loads < 2; ++attempt) {
    server->Signal(SIGUSR2);
    loads = AwaitCount(*server, "Loading success.", 2);
  }
  ASSERT_EQ(loads, 2u) << server->output();
  const std::string visit = "curl -sS http://127.0.0.1:8080/\n";
  EXPECT_TRUE(AwaitSigners(site, "curl -sS http://127.0.0.1:8080/", 1, before)) << server->output();
  EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_TRUE(backend_->SawSubject("alice")) << server->output();
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  EXPECT_TRUE(site.Run(visit + visit).ok());
  ExpectOnlySignatures(site.module(), 3 + 2);
}

// No signature comes back before four are in progress, on both sides.
TEST_F(HaProxy, AsynchronousModeOverlapsSignaturesOnOneThread) {
  ProgramSite site;
  backend_ = std::make_unique<MutualTlsServer>(MutualTlsServer::Kind::kNginx, PeerOf(site));
  const auto server =
      Start(site, "  nbthread 1\n" + page_.Block("haproxy", 1).substr(std::string("global\n").size()));
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  const std::string visit_inside = "curl -sS --fail --max-time 30 -o /dev/null http://127.0.0.1:8080/";
  EXPECT_TRUE(site.Run(visit_inside).ok()) << server->output();
  EXPECT_TRUE(backend_->SawSubject("alice")) << backend_->output();
  const std::string visit =
      "curl -sS --fail --max-time 30 -o /dev/null --cacert ca.pem --cert plain-client.crt "
      "--key plain-client.key https://127.0.0.1:8443/";
  for (const std::string& one : {visit, visit_inside}) {
    SCOPED_TRACE(one);
    testing::ModuleBehaviour behaviour;
    behaviour.gather = {{"C_Sign", 4}};
    site.module().Set(behaviour);
    site.module().Reset();
    std::string crowd = "visits=\n";
    for (int i = 0; i < 4; ++i) crowd += one + " & visits=\"$visits $!\"\n";
    const auto result = site.Run(crowd + "for one in $visits; do wait $one; done");
    EXPECT_TRUE(result.ok()) << result.err << server->output();
    EXPECT_GE(site.module().MaxInFlight(), 4);
    EXPECT_EQ(site.module().Count("C_Sign"), 4u);
    EXPECT_EQ(site.module().Count("C_SignInit"), 4u);
  }
  site.module().Set({});
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  EXPECT_TRUE(site.Run(visit_inside + "\n" + visit_inside).ok());
  ExpectOnlySignatures(site.module(), 3 + 2);
}

TEST_F(HaProxy, ChrootMakesTheTokensFilesInaccessible) {
  ProgramSite site;
  ASSERT_TRUE(site.Run("mkdir root").ok());
  log_ = page_.Block("haproxy", 3).substr(std::string("defaults\n").size());
  const auto server = StartInChroot(site);
  EXPECT_NE(Visit(site, port_), kBobsDn);
  EXPECT_EQ(site.module().Count("C_Sign"), 0u);
  EXPECT_EQ(AwaitCount(*server, "signet::token-trouble", 1), 1u) << server->output();
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
  ASSERT_TRUE(site.AwaitFile("run/token")) << token->output();
  site.environment()["P11_KIT_SERVER_ADDRESS"] =
      site.Run(page_.Block("sh", 2) + "printf %s \"$P11_KIT_SERVER_ADDRESS\"").out;
  site.Put("/usr/lib/x86_64-linux-gnu/pkcs11", KitDirectory());
  const std::string setting = site.Filled(page_.Block("ini"));
  site.UseModule(setting.substr(setting.find('/'), setting.size() - setting.find('/') - 1));

  const auto server = StartInChroot(site);
  EXPECT_EQ(Visit(site, port_), kBobsDn) << server->output();
  const std::string visit = "curl -sS http://127.0.0.1:8080/\n";
  EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_TRUE(backend_->SawSubject("alice")) << server->output();
  site.module().Reset();
  EXPECT_EQ(Visit(site, port_, 3), kBobsDn + kBobsDn + kBobsDn);
  EXPECT_TRUE(site.Run(visit + visit).ok());
  ExpectOnlySignatures(site.module(), 3 + 2);
}

}  // namespace
}  // namespace signet
