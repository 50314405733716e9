#include "applications/program_page.h"
#include "applications/program_site.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

class Python : public ::testing::Test {
 protected:
  // Client runs the page's client with further lines, and returns the calls that it cost.
  std::uint64_t Client(const std::string& more) {
    const std::string script = site_.Write("client.py", page_.Block("python") + more);
    site_.module().Reset();
    const auto result = site_.Run("python3 " + script);
    EXPECT_TRUE(result.ok()) << result.err;
    return site_.module().Count("*");
  }

  const ProgramPage page_{"python.md"};
  ProgramSite site_;
};

TEST_F(Python, ClientPresentsTheIdentityInTheToken) {
  MutualTlsServer server(MutualTlsServer::Kind::kNginx, PeerOf(site_));
  site_.UsePort("8443", server.port());
  for (const std::string version : {"TLSv1_2", "TLSv1_3"}) {
    const std::string bound =
        "context.minimum_version = context.maximum_version = ssl.TLSVersion." + version + "\n";
    const std::uint64_t once = Client(bound + "visit()\n");
    EXPECT_TRUE(server.SawSubject("alice"));
    ExpectSignatures(site_.module(), 1);
    const std::uint64_t thrice = Client(bound + "visit()\nvisit()\nvisit()\n");
    ExpectSignatures(site_.module(), 3);
    EXPECT_EQ(thrice - once, 4u) << version << ": two calls for each further handshake";
  }
}

TEST_F(Python, ForkedClientPresentsTheIdentityInTheToken) {
  MutualTlsServer server(MutualTlsServer::Kind::kNginx, PeerOf(site_));
  site_.UsePort("8443", server.port());
  const std::string child = R"(
import os
import sys

{}
if os.fork() == 0:
    {}
    sys.exit()
_, status = os.wait()
assert status == 0
visit()
)";
  const std::uint64_t once = Client(fmt::format(fmt::runtime(child), "visit()", "visit()"));
  EXPECT_TRUE(server.SawSubject("alice"));
  ExpectSignatures(site_.module(), 3);
  const std::uint64_t thrice =
      Client(fmt::format(fmt::runtime(child), "visit()", "visit()\n    visit()\n    visit()"));
  ExpectSignatures(site_.module(), 5);
  EXPECT_EQ(thrice - once, 4u) << "two calls for each further handshake in the child";
  Client(fmt::format(fmt::runtime(child), "", "visit()"));  // not used before the fork
  ExpectSignatures(site_.module(), 2);
}

TEST_F(Python, ForkedWorkersServeWithTheIdentityInTheToken) {
  const std::uint16_t port = site_.Port("8443");
  const auto server =
      site_.StartServer("python3 " + site_.Write("server.py", page_.Block("python", 1)), port);
  // While one worker talks to a visitor who says nothing, the other serves.
  const auto serve_with_both = [&] {
    const auto silent = site_.Start(
        "openssl s_client -quiet -connect 127.0.0.1:8443 -CAfile ca.pem -verify_return_error "
        "-cert plain-client.crt -key plain-client.key");
    const std::size_t before = CountOf(server->output(), "saw bob");
    while (CountOf(server->output(), "saw bob") == before && silent->running()) usleep(5000);
    Visit(site_, port, 2);
  };
  serve_with_both();
  EXPECT_EQ(AwaitCount(*server, "saw bob", 3), 3u) << server->output();
  site_.module().Reset();
  serve_with_both();
  EXPECT_EQ(AwaitCount(*server, "saw bob", 6), 6u) << server->output();
  ExpectOnlySignatures(site_.module(), 3);
}

}  // namespace
}  // namespace signet
