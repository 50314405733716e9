// Selection by the C interface decides what Select decides.
#include "c_abi/handles.h"
#include <signet/signet.h>
#include <signet/testing/test_pki.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::StrEq;
using testing::TestIdentity;
using testing::TestPki;

class CSelection : public ::testing::Test {
 protected:
  CChoice Select(const signet_request* asked) const {
    const signet_identity* both[] = {alice.get(), bob.get()};
    return CChoice(signet_select(asked, both, 2, nullptr));
  }
  static void Ask(signet_request* asked, const TestPki& pki) {
    const auto name = pki.root().certificate.subject_der();
    EXPECT_TRUE(signet_request_add_authority(asked, name.data(), name.size()));
  }

  TestPki ours{CertificateOptions::Ca("Ours")}, theirs{CertificateOptions::Ca("Theirs")};
  CIdentity alice = FromPem(ours.Issue({.common_name = "alice"}));
  CIdentity bob = FromPem(theirs.Issue({.key = "rsa:2048", .common_name = "bob"}));
  CRequest request{signet_request_new(0x0304)};
};

TEST_F(CSelection, TakesTheIdentityOfTheAuthorityThatThePeerNames) {
  Ask(request.get(), theirs);
  signet_request_add_scheme(request.get(), 0x0804);
  const CChoice choice = Select(request.get());
  ASSERT_NE(signet_choice_identity(choice.get()), nullptr);
  EXPECT_THAT(signet_identity_subject(signet_choice_identity(choice.get())), HasSubstr("bob"));
  EXPECT_EQ(signet_choice_scheme(choice.get()), 0x0804);
  EXPECT_EQ(signet_choice_considered_count(choice.get()), 2u);
  EXPECT_TRUE(signet_choice_fits(choice.get(), 0));
  EXPECT_FALSE(signet_choice_fits(choice.get(), 1));
  EXPECT_NE(signet_choice_reason(choice.get(), 1, 0), nullptr);
  EXPECT_EQ(signet_choice_reason(choice.get(), 1, 99), nullptr);
  EXPECT_EQ(signet_choice_considered(choice.get(), 2), nullptr);
  EXPECT_THAT(signet_choice_explain(choice.get()), HasSubstr("not chosen"));
}

TEST_F(CSelection, NoFittingIdentityIsAResult) {
  const TestPki strangers(CertificateOptions::Ca("Strangers"));
  Ask(request.get(), strangers);
  const CChoice choice = Select(request.get());
  ASSERT_NE(choice, nullptr);
  EXPECT_EQ(signet_choice_identity(choice.get()), nullptr);
  EXPECT_EQ(signet_choice_scheme(choice.get()), 0);
}

TEST_F(CSelection, UsesThePinnedIdentityAndTheStacksSchemes) {
  signet_request_add_stack_scheme(request.get(), 0x0403);
  EXPECT_THAT(signet_identity_subject(signet_choice_identity(Select(request.get()).get())),
              HasSubstr("alice"));
  CRequest other(signet_request_new(0x0303));
  signet_request_add_certificate_type(other.get(), 1);  // rsa_sign
  const CChoice choice = Select(other.get());
  ASSERT_NE(signet_choice_identity(choice.get()), nullptr);
  EXPECT_THAT(signet_identity_subject(signet_choice_identity(choice.get())), HasSubstr("bob"));
}

TEST_F(CSelection, WithoutIdentitiesSelectsNone) {
  signet_error* error = nullptr;
  const CChoice choice(signet_select(request.get(), nullptr, 0, &error));
  EXPECT_EQ(error, nullptr);
  ASSERT_NE(choice, nullptr);
  EXPECT_EQ(signet_choice_identity(choice.get()), nullptr);
}

TEST_F(CSelection, ANullAmongTheIdentitiesIsAnError) {
  const signet_identity* both[] = {alice.get(), nullptr};
  signet_error* error = nullptr;
  EXPECT_EQ(signet_select(request.get(), both, 2, &error), nullptr);
  const CError owned(error);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT);
}

}  // namespace
}  // namespace signet
