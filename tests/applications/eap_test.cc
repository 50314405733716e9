#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

class Eap : public ::testing::Test {
 protected:
  Eap() {
    site_.Port("1812");
    site_.Write("eap.users", "* TLS\n");
    site_.Write("radius.clients", "127.0.0.1 secret\n");
    site_.Write("eapol.conf", page_.Block("ini", 1));
    server_ = site_.Start("hostapd -d " + site_.Write("hostapd.conf", page_.Block("ini")));
    if (!server_->WaitForLine("AP-ENABLED")) throw std::runtime_error(server_->output());
  }

  const ProgramPage page_{"eap.md"};
  ProgramSite site_;
  std::unique_ptr<Program> server_;
};

TEST_F(Eap, ServerAndSupplicantPresentTheirIdentitiesInTheToken) {
  site_.module().Reset();
  const auto result = site_.Run(page_.Block("sh"));
  EXPECT_TRUE(result.ok()) << result.out << server_->output();
  EXPECT_TRUE(server_->WaitForLine("subject=/O=Signet Test/CN=alice")) << server_->output();
  EXPECT_NE(result.out.find("EAP-PEER-CERT depth=0 subject='/O=Signet Test/CN=token-server'"),
            std::string::npos)
      << result.out;
  ExpectSignatures(site_.module(), 2);
  ExpectTwoCallsOnceWarm(site_.module());
}

TEST_F(Eap, ServerNeedsTwoCallsForAHandshake) {
  site_.Write("eapol.conf", std::string(page_.Block("ini", 1)));
  const std::string log_in =
      "sed 's/client[.]/plain-client./' eapol.conf >plain.conf\n"
      "eapol_test -c plain.conf -a 127.0.0.1 -p 1812 -s secret\n";
  EXPECT_TRUE(site_.Run(log_in).ok());
  site_.module().Reset();
  EXPECT_TRUE(site_.Run(log_in + log_in + log_in).ok());
  EXPECT_EQ(AwaitCount(*server_, "peer certificate: depth=0 ", 4), 4u);
  ExpectOnlySignatures(site_.module(), 3);
}

}  // namespace
}  // namespace signet
