#include "pkcs12/file_key.h"
#include <signet/error.h>
#include <signet/identity.h>
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestIdentity;
using testing::TestPki;

Identity Made(const TestIdentity& from) {
  return Identity::Make(CertificateChain(from.certificate), FileKey::FromPkcs8(from.private_key),
                        Identity::Source::kApplication, "test:");
}

std::vector<std::string> Reasons(const CertificateOptions& options) {
  const ClientAuthFitness fitness =
      Made(TestPki().Issue(options)).FitForClientAuth(std::chrono::system_clock::now());
  EXPECT_EQ(fitness.fit, fitness.reasons.empty());
  return fitness.reasons;
}

TEST(Fitness, OrdinaryClientCertificateIsFit) {
  EXPECT_THAT(Reasons({}), IsEmpty());
  EXPECT_THAT(Reasons({.key_usage = "", .extended_key_usage = ""}), IsEmpty());
  EXPECT_THAT(Reasons({.extended_key_usage = "anyExtendedKeyUsage"}), IsEmpty());
  EXPECT_THAT(Reasons({.extended_key_usage = "serverAuth,clientAuth"}), IsEmpty());
}

TEST(Fitness, EachReasonIsSaid) {
  EXPECT_THAT(Reasons(CertificateOptions().Expired()), ElementsAre(HasSubstr("expired on")));
  EXPECT_THAT(Reasons(CertificateOptions().NotYetValid()), ElementsAre(HasSubstr("not valid before")));
  EXPECT_THAT(Reasons({.key_usage = "critical,keyEncipherment"}), ElementsAre(HasSubstr("digitalSignature")));
  EXPECT_THAT(Reasons({.extended_key_usage = "serverAuth"}), ElementsAre(HasSubstr("clientAuth")));
  EXPECT_THAT(Reasons({.key = "dsa:2048"}), ElementsAre(HasSubstr("no signature scheme")));
  EXPECT_THAT(Reasons({.key = "rsa:1024"}), ElementsAre(HasSubstr("80 bits of security")));
  EXPECT_THAT(Reasons({.key = "ec:P-192"}), ElementsAre(HasSubstr("80 bits of security")));
  EXPECT_THAT(Reasons({.digest = "SHA1"}), ElementsAre(HasSubstr("(SHA1) is too weak")));
}

TEST(Fitness, ARootsOwnSignatureDoesNotCount) {
  const TestPki pki(CertificateOptions{.common_name = "self", .digest = "SHA1"});
  EXPECT_TRUE(Made(pki.root()).FitForClientAuth(std::chrono::system_clock::now()).fit);
}

TEST(Fitness, AllReasonsAreSaidAtOnce) {
  CertificateOptions options = CertificateOptions().Expired();
  options.key_usage = "critical,keyEncipherment";
  options.extended_key_usage = "serverAuth";
  EXPECT_EQ(Reasons(options).size(), 3u);
}

TEST(Fitness, TimeIsTheCallers) {
  const Identity alice = Made(TestPki().Issue({}));
  EXPECT_TRUE(alice.FitForClientAuth(alice.leaf().not_before()).fit);
  EXPECT_TRUE(alice.FitForClientAuth(alice.leaf().not_after()).fit);
  EXPECT_FALSE(alice.FitForClientAuth(alice.leaf().not_after() + std::chrono::seconds(1)).fit);
  EXPECT_FALSE(alice.FitForClientAuth(alice.leaf().not_before() - std::chrono::seconds(1)).fit);
}

TEST(Identity, AnothersCertificateIsAMismatch) {
  const TestPki pki;
  TestIdentity mixed = pki.Issue({});
  mixed.certificate = pki.Issue({.common_name = "bob"}).certificate;
  try {
    Made(mixed);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kKeyCertificateMismatch);
    EXPECT_THAT(error.detail(), HasSubstr("bob"));
  }
  const Identity alice = Made(pki.Issue({}));
  EXPECT_THROW(alice.WithChain(CertificateChain(mixed.certificate)), Error);
}

TEST(Identity, NamesItsSubject) {
  const TestPki pki;
  const TestIdentity alice = pki.Issue({.emails = {"a@example.org"}});
  const Identity identity =
      Made(alice).WithChain(CertificateChain(alice.certificate, {pki.root().certificate}));
  EXPECT_EQ(identity.user_name(), "a@example.org");
  EXPECT_EQ(identity.subject(), alice.certificate.subject());
  EXPECT_EQ(identity.uri(), "test:");
  EXPECT_EQ(identity.chain().certificates().size(), 2u);
  EXPECT_EQ(Name(identity.source()), "application");
  EXPECT_EQ(Name(Identity::Source::kPkcs11), "pkcs11");
  EXPECT_EQ(Name(Identity::Source::kPkcs12), "pkcs12");
}

}  // namespace
}  // namespace signet
