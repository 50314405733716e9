#include <signet/certificate_chain.h>
#include <signet/testing/test_pki.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::ElementsAre;
using testing::TestIdentity;
using testing::TestPki;

class Chains : public ::testing::Test {
 protected:
  TestPki pki_;
  TestIdentity upper_ = pki_.Intermediate("Upper");
  TestIdentity lower_ = TestPki::IssueFrom(upper_, CertificateOptions::Ca("Lower"));
  TestIdentity alice_ = TestPki::IssueFrom(lower_, {});
};

TEST_F(Chains, AnyOrderBecomesLeafFirst) {
  std::vector<Certificate> others{upper_.certificate, lower_.certificate, pki_.root().certificate,
                                  TestPki().root().certificate};
  std::ranges::sort(others, {}, &Certificate::sha256);
  int orders = 0;
  do {
    ++orders;
    EXPECT_THAT(
        CertificateChain(alice_.certificate, others).certificates(),
        ElementsAre(alice_.certificate, lower_.certificate, upper_.certificate, pki_.root().certificate));
  } while (std::ranges::next_permutation(others, {}, &Certificate::sha256).found);
  EXPECT_EQ(orders, 24);
}

TEST_F(Chains, EndsWhereNoIssuerIs) {
  EXPECT_THAT(CertificateChain(alice_.certificate, {upper_.certificate}).certificates(),
              ElementsAre(alice_.certificate));
  EXPECT_THAT(CertificateChain(pki_.root().certificate, {alice_.certificate}).certificates(),
              ElementsAre(pki_.root().certificate));
}

TEST_F(Chains, IsCompletedFromElsewhere) {
  const CertificateChain part(alice_.certificate, {lower_.certificate});
  EXPECT_THAT(part.Completed({upper_.certificate}).certificates(),
              ElementsAre(alice_.certificate, lower_.certificate, upper_.certificate));
  EXPECT_EQ(part.Completed({}).certificates().size(), 2u);
}

TEST_F(Chains, NameWithoutTheKeyIsNotTheIssuer) {
  const TestIdentity impostor = pki_.Intermediate("Lower");
  EXPECT_THAT(CertificateChain(alice_.certificate, {impostor.certificate}).certificates(),
              ElementsAre(alice_.certificate));
  EXPECT_EQ(
      CertificateChain(alice_.certificate, {impostor.certificate, lower_.certificate}).certificates().size(),
      2u);
}

TEST_F(Chains, RenewedIssuerThatLastsLongerIsPreferred) {
  CertificateOptions options = CertificateOptions::Ca("Lower");
  options.not_after = std::chrono::system_clock::now() + std::chrono::hours(24 * 300);
  const TestIdentity renewed =
      TestPki::CertifyFrom(upper_, lower_.certificate.subject_public_key_info(), options);
  for (const auto& pool : {std::vector{lower_.certificate, renewed.certificate},
                           std::vector{renewed.certificate, lower_.certificate}}) {
    EXPECT_THAT(CertificateChain(alice_.certificate, pool).certificates(),
                ElementsAre(alice_.certificate, renewed.certificate));
  }
}

// RFC 4210 section 4.4: the old key certifies the new one, under the same name.
TEST_F(Chains, CertificateOfACasNewKeyByItsOldOneIsNoRoot) {
  const CertificateOptions ca = CertificateOptions::Ca("Test Root");
  const TestPki old_key(ca);
  const TestPki new_key(ca);
  const auto new_by_old =
      TestPki::CertifyFrom(old_key.root(), new_key.root().certificate.subject_public_key_info(), ca);
  EXPECT_FALSE(new_by_old.certificate.self_signed());
  EXPECT_TRUE(old_key.root().certificate.self_signed());
  const auto alice = new_key.Issue({});
  EXPECT_THAT(CertificateChain(alice.certificate, {old_key.root().certificate, new_by_old.certificate})
                  .certificates(),
              ElementsAre(alice.certificate, new_by_old.certificate, old_key.root().certificate));
}

TEST_F(Chains, PathHasAnEnd) {
  std::vector<Certificate> pool;
  TestIdentity last = pki_.root();
  for (int i = 0; i < 20; ++i) {
    last = TestPki::IssueFrom(last, CertificateOptions::Ca("CA " + std::to_string(i)));
    pool.push_back(last.certificate);
  }
  const CertificateChain cut(last.certificate, pool);
  EXPECT_EQ(cut.certificates().size(), 16u);
  EXPECT_TRUE(cut.cut());
  EXPECT_TRUE(cut.Completed({pki_.root().certificate}).cut());
  // Sixteen are whole, with the root or where its certificate is missing.
  const std::vector<Certificate> fifteen(pool.begin(), pool.begin() + 15);
  EXPECT_FALSE(CertificateChain(pool[15], fifteen).cut());
  EXPECT_EQ(CertificateChain(pool[15], fifteen).certificates().size(), 16u);
  std::vector<Certificate> rooted(pool.begin(), pool.begin() + 14);
  rooted.push_back(pki_.root().certificate);
  EXPECT_FALSE(CertificateChain(pool[14], rooted).cut());
  EXPECT_EQ(CertificateChain(pool[14], rooted).certificates().size(), 16u);
}

TEST_F(Chains, CertificatesThatIssuedEachOtherMakeNoEndlessPath) {
  const TestIdentity a = pki_.Intermediate("A");
  const TestIdentity b = TestPki::IssueFrom(a, CertificateOptions::Ca("B"));
  const TestIdentity a_by_b =
      TestPki::CertifyFrom(b, a.certificate.subject_public_key_info(), CertificateOptions::Ca("A"));
  const CertificateChain chain(TestPki::IssueFrom(a, {}).certificate, {a_by_b.certificate, b.certificate});
  EXPECT_EQ(chain.certificates().size(), 3u);
}

}  // namespace
}  // namespace signet
