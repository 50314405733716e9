#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

class Mosquitto : public ::testing::Test {
 protected:
  Mosquitto() {
    port_ = site_.Port("8883");
    const std::string configuration = "user root\nlog_dest stderr\n" + page_.Block("ini");
    broker_ = site_.StartServer("mosquitto -c " + site_.Write("mosquitto.conf", configuration), port_);
  }

  const ProgramPage page_{"mosquitto.md"};
  ProgramSite site_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> broker_;
};

TEST_F(Mosquitto, BrokerAndPublisherPresentTheirIdentitiesInTheToken) {
  site_.module().Reset();
  const auto result = site_.Run(page_.Block("sh"));
  EXPECT_TRUE(result.ok()) << result.err << broker_->output();
  EXPECT_TRUE(broker_->WaitForLine("u'alice'")) << broker_->output();
  ExpectSignatures(site_.module(), 2);
  ExpectTwoCallsOnceWarm(site_.module());
  EXPECT_EQ(ServerName(site_, port_), "token-server");
}

TEST_F(Mosquitto, BrokerNeedsTwoCallsForAHandshake) {
  const std::string publish =
      "mosquitto_pub -h 127.0.0.1 -p 8883 --cafile ca.pem --cert plain-client.crt --key plain-client.key "
      "-t letters -m hello\n";
  EXPECT_TRUE(site_.Run(publish).ok());
  site_.module().Reset();
  EXPECT_TRUE(site_.Run(publish + publish + publish).ok());
  EXPECT_EQ(AwaitCount(*broker_, "u'bob'", 4), 4u) << broker_->output();
  ExpectOnlySignatures(site_.module(), 3);
}

}  // namespace
}  // namespace signet
