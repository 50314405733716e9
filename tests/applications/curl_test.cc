#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

class Curl : public ::testing::Test {
 protected:
  Curl() { site_.UsePort("8443", server_.port()); }

  ProgramSite site_;
  MutualTlsServer server_{MutualTlsServer::Kind::kNginx, PeerOf(site_)};
  const std::string command_ = ProgramPage("curl.md").Block("sh");
};

TEST_F(Curl, PresentsTheIdentityInTheToken) {
  site_.module().Reset();
  const auto result = site_.Run(command_);
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_EQ(result.out, "CN=alice,O=Signet Test\n");
  EXPECT_TRUE(server_.SawSubject("alice"));
  ExpectSignatures(site_.module(), 1);
  ExpectTwoCallsOnceWarm(site_.module());
}

TEST_F(Curl, NeedsTwoCallsForAHandshakeInEitherVersion) {
  for (const std::string version : {"--tls-max 1.2", "--tlsv1.3"}) {
    SCOPED_TRACE(version);
    site_.module().Reset();
    const auto result = site_.Run(command_.substr(0, command_.size() - 1) + " " + version);
    EXPECT_EQ(result.out, "CN=alice,O=Signet Test\n") << result.err;
    ExpectSignatures(site_.module(), 1);
    ExpectTwoCallsOnceWarm(site_.module());
  }
}

// curl reads the key file again for each connection: eight calls to find the key, two to sign.
TEST_F(Curl, SignsOnceForEachConnection) {
  const std::string connect =
      command_.substr(0, command_.size() - 1) + " --no-sessionid -H 'Connection: close'";
  const std::string again = " https://127.0.0.1:8443/";
  const auto calls = [&](const std::string& command, std::uint64_t signatures) {
    site_.module().Reset();
    const auto result = site_.Run(command);
    EXPECT_TRUE(result.ok()) << result.err;
    ExpectSignatures(site_.module(), signatures);
    return site_.module().Count("*");
  };
  EXPECT_EQ(calls(connect + again + again, 3) - calls(connect, 1), 2u * (8 + 2));
  EXPECT_EQ(calls(command_.substr(0, command_.size() - 1) + again, 1), calls(command_, 1))
      << "one connection";
}

}  // namespace
}  // namespace signet
