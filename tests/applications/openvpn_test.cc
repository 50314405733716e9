#include "applications/program_page.h"
#include "applications/program_site.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

// Steady gives the counts at a moment at which no signature is half done.
std::map<std::string, std::uint64_t> Steady(const testing::WrappedModule& module) {
  for (;;) {
    auto counts = module.Counts();
    if (counts["C_SignInit"] == counts["C_Sign"]) return counts;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(OpenVpn, BothPeersPresentTheirIdentitiesInTheToken) {
  const ProgramPage page("openvpn.md");
  ProgramSite site;
  site.Port("1194");
  // No network device, so no root is needed; keys are renegotiated every second.
  const std::string own = "dev null\nifconfig-noexec\nreneg-sec 1\nverb 3\n";
  const auto server = site.Start("openvpn " + site.Write("server.conf", own + page.Block("ini")));
  ASSERT_TRUE(server->WaitForLine("UDPv4 link remote")) << server->output();
  const auto client = site.Start("openvpn " + site.Write("client.conf", own + page.Block("ini", 1)));
  ASSERT_TRUE(client->WaitForLine("Initialization Sequence Completed"))
      << client->output() << server->output();
  EXPECT_TRUE(server->WaitForLine("VERIFY OK: depth=0, O=Signet Test, CN=alice")) << server->output();
  EXPECT_TRUE(client->WaitForLine("VERIFY OK: depth=0, O=Signet Test, CN=token-server")) << client->output();

  const auto before = Steady(site.module());
  while (site.module().Count("C_Sign") < before.at("C_Sign") + 4 && client->running() && server->running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  auto after = Steady(site.module());
  const std::uint64_t signatures = after["C_Sign"] - before.at("C_Sign");
  EXPECT_GE(signatures, 4u) << client->output() << server->output();
  auto expected = before;
  expected["C_SignInit"] += signatures;
  expected["C_Sign"] += signatures;
  EXPECT_EQ(after, expected) << "two calls for each side's handshake";
}

}  // namespace
}  // namespace signet
