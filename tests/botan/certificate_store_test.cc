#include "botan/keys.h"
#include "botan/version.h"
#include <signet/botan_credentials.h>

#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using testing::TestPki;

Botan::X509_Certificate Converted(const Certificate& certificate) {
  return {certificate.der().data(), certificate.der().size()};
}

TEST(CertificateStore, ContainsLeavesAndIntermediates) {
  const TestPki pki;
  const testing::TestIdentity issuing = pki.Intermediate("Issuing");
  const Identity alice = MakeIdentity(TestPki::IssueFrom(issuing, {.common_name = "alice"}), "test:alice");
  const Identity bob = MakeIdentity(pki.Issue({.common_name = "bob"}), "test:bob");
  const auto store = MakeCertificateStore({alice, bob});
  ASSERT_GE(alice.chain().certificates().size(), 2U);
  for (const Certificate& certificate : alice.chain().certificates()) {
    EXPECT_TRUE(store->certificate_known(Converted(certificate))) << certificate.subject();
  }
  EXPECT_TRUE(store->certificate_known(Converted(bob.leaf())));
  EXPECT_FALSE(store->certificate_known(Converted(pki.Issue({.common_name = "eve"}).certificate)));
}

}  // namespace
}  // namespace signet::botan
