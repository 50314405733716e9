#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

class Redis : public ::testing::Test {
 protected:
  void StartRedis() {
    port_ = site_.Port("6379");
    const std::string configuration = "dir /etc/signet\n" + page_.Block("ini");
    redis_ = site_.StartServer("redis-server " + site_.Write("redis.conf", configuration), port_);
  }
  // Plain is what redis-cli answers to Bob.
  std::string Plain(const std::string& command) {
    const auto result = site_.Run(
        "redis-cli -h 127.0.0.1 -p 6379 --tls --cacert ca.pem --cert plain-client.crt --key "
        "plain-client.key " +
        command);
    return result.out + result.err;
  }

  const ProgramPage page_{"redis.md"};
  ProgramSite site_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> redis_;
};

TEST_F(Redis, ServerAndClientPresentTheirIdentitiesInTheToken) {
  StartRedis();
  site_.module().Reset();
  const auto result = site_.Run(page_.Block("sh"));
  EXPECT_EQ(result.out, "PONG\n") << result.err << redis_->output();
  ExpectSignatures(site_.module(), 2);
  ExpectTwoCallsOnceWarm(site_.module());
  EXPECT_EQ(ServerName(site_, port_), "token-server");
}

// Redis does not log its clients' certificates; OpenSSL's server does.
TEST_F(Redis, ClientsSubjectArrives) {
  MutualTlsServer server(MutualTlsServer::Kind::kOpenSsl, PeerOf(site_));
  site_.UsePort("6379", server.port());
  site_.module().Reset();
  const auto client = site_.Start(page_.Block("sh"));  // it waits for an answer that does not come
  EXPECT_TRUE(server.SawSubject("alice")) << server.output();
  ExpectSignatures(site_.module(), 1);
}

TEST_F(Redis, ServerNeedsTwoCallsForAHandshakeAlsoAfterItForkedToSave) {
  StartRedis();
  EXPECT_EQ(Plain("bgsave"), "Background saving started\n") << redis_->output();
  EXPECT_TRUE(redis_->WaitForLine("Background saving terminated with success")) << redis_->output();
  site_.module().Reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Plain("ping"), "PONG\n");
  ExpectOnlySignatures(site_.module(), 3);
}

}  // namespace
}  // namespace signet
