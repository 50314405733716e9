// Why a handshake failed, by the C interface.
#include "c_abi/handles.h"
#include <signet/signet.h>
#include <signet/testing/test_pki.h>

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::StrEq;
using testing::TestPki;

constexpr int kUnknownCa = 48, kNoAlert = -1;

class CHandshakeError : public ::testing::Test {
 protected:
  // Answer is what alice answers to a server that names the authority of `pki`.
  CChoice Answer(const TestPki& pki) const {
    const CRequest request(signet_request_new(0x0304));
    const auto name = pki.root().certificate.subject_der();
    signet_request_add_authority(request.get(), name.data(), name.size());
    signet_request_add_scheme(request.get(), 0x0403);
    const signet_identity* among[] = {alice.get()};
    return CChoice(signet_select(request.get(), among, 1, nullptr));
  }

  TestPki ours{CertificateOptions::Ca("Ours")}, theirs{CertificateOptions::Ca("Theirs")};
  CIdentity alice = FromPem(ours.Issue({.common_name = "alice"}));
};

TEST_F(CHandshakeError, SaysThatTheServerDoesNotTrustTheIssuer) {
  const CChoice choice = Answer(ours);
  const CError error(signet_handshake_error(choice.get(), kUnknownCa, nullptr));
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_HANDSHAKE);
  EXPECT_THAT(signet_error_detail(error.get()), HasSubstr("(alert unknown_ca)"));
  EXPECT_THAT(signet_error_hint(error.get()), HasSubstr("CN=Ours"));
}

TEST_F(CHandshakeError, SaysWhyNothingWasSent) {
  const CChoice choice = Answer(theirs);
  const CError error(signet_handshake_error(choice.get(), 116, nullptr));
  EXPECT_THAT(signet_error_detail(error.get()), HasSubstr("no client certificate was sent, as CN=alice"));
}

TEST_F(CHandshakeError, KeepsAFailureThatIsNoAlert) {
  const CChoice choice = Answer(ours);
  const CError pin(signet_error_new(SIGNET_ERROR_WRONG_PIN, "the PIN is wrong", "Enter the right one."));
  const CError error(signet_handshake_error(choice.get(), kNoAlert, pin.get()));
  EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_WRONG_PIN);
  EXPECT_THAT(signet_error_detail(error.get()), HasSubstr("the PIN is wrong"));
}

TEST_F(CHandshakeError, TakesAnyNumberForAnAlert) {
  for (const int alert : {0, 255, 256, 70'000, kNoAlert}) {
    const CError error(signet_handshake_error(nullptr, alert, nullptr));
    ASSERT_NE(error, nullptr) << alert;
    EXPECT_THAT(signet_error_detail(error.get()), ::testing::Not(StrEq(""))) << alert;
    EXPECT_THAT(signet_error_hint(error.get()), ::testing::Not(StrEq(""))) << alert;
  }
}

}  // namespace
}  // namespace signet
