#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace signet {
namespace {

// One process is both sides: all goes through the pair of them, and each handshake has two signatures.
TEST(Stunnel, BothSidesPresentTheirIdentitiesInTheToken) {
  ProgramSite site;
  MutualTlsServer backend(MutualTlsServer::Kind::kOpenSsl, PeerOf(site));
  site.UsePort("8080", backend.port());  // what it says does not matter here
  site.Port("8443");
  const std::uint16_t port = site.Port("8081");
  const std::string configuration =
      "foreground = yes\npid =\ndebug = info\nsessionResume = no\n" + ProgramPage("stunnel.md").Block("ini");
  const auto server = site.StartServer("stunnel " + site.Write("stunnel.conf", configuration), port);
  const std::string visit = "curl -sk --cert plain-client.crt --key plain-client.key https://127.0.0.1:8081/";
  EXPECT_TRUE(site.Run(visit).ok()) << server->output();
  EXPECT_TRUE(server->WaitForLine("accepted at depth=0: O=Signet Test, CN=alice")) << server->output();
  EXPECT_TRUE(server->WaitForLine("accepted at depth=0: O=Signet Test, CN=token-server")) << server->output();
  EXPECT_TRUE(backend.SawSubject("bob"));
  constexpr const char* kArrived = "accepted at depth=0: O=Signet Test, CN=alice";
  // Whether the port is open was asked by connecting to it, which stunnel passes on as a handshake of its
  // own.
  ASSERT_EQ(AwaitCount(*server, kArrived, 2), 2u) << server->output();
  site.module().Reset();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(site.Run(visit).ok());
  EXPECT_EQ(AwaitCount(*server, kArrived, 5), 5u) << server->output();
  ExpectOnlySignatures(site.module(), 6);
}

}  // namespace
}  // namespace signet
