#include "botan/stack_schemes.h"

#include "botan/keys.h"
#include "identity/signature_schemes.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using enum SignatureScheme;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TestPki;

std::shared_ptr<signet::PrivateKey> KeyFor(const char* key) {
  return FileKey::FromPkcs8(TestPki().Issue({.key = key}).private_key);
}

TEST(StackSchemes, AreThePolicysOwn) {
  const Botan::TLS::Policy policy;
  const auto tls12 = StackSchemes(policy, {});
  for (const SignatureScheme scheme :
       {kRsaPkcs1Sha256, kRsaPkcs1Sha384, kRsaPkcs1Sha512, kRsaPssRsaeSha256, kRsaPssRsaeSha384,
        kRsaPssRsaeSha512, kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384, kEcdsaSecp521r1Sha512}) {
    EXPECT_THAT(tls12, Contains(scheme)) << Name(scheme);
  }
  for (const SignatureScheme scheme : {kEd25519, kEd448, kRsaPssPssSha256, kMlDsa65}) {
    EXPECT_THAT(tls12, Not(Contains(scheme))) << Name(scheme);
  }
}

TEST(StackSchemes, Pkcs1ThatThePolicyPrefersIsTroubleInTls13) {
  const std::vector<SignatureScheme> stack = {kRsaPkcs1Sha256, kRsaPssRsaeSha256};
  CertificateRequest request{.protocol_version = 0x0303, .schemes = stack};
  EXPECT_THAT(CheckPick(Botan::TLS::Policy(), stack, request, *KeyFor("rsa:2048")), IsEmpty());
  request.protocol_version = 0x0304;
  EXPECT_THAT(CheckPick(Botan::TLS::Policy(), stack, request, *KeyFor("rsa:2048")),
              ::testing::HasSubstr("rsa_pkcs1_sha256, which TLS 1.3 does not allow"));
  request.schemes = {kRsaPssRsaeSha256};
  EXPECT_THAT(CheckPick(Botan::TLS::Policy(), stack, request, *KeyFor("rsa:2048")), IsEmpty());
}

TEST(StackSchemes, HashThatThePolicyDoesNotAllowIsTroubleInTls12) {
  struct NoSha256 : Botan::TLS::Policy {
    std::vector<std::string> allowed_signature_hashes() const override { return {"SHA-384"}; }
  };
  const std::vector<SignatureScheme> stack = {kRsaPssRsaeSha256, kEcdsaSecp384r1Sha384};
  const CertificateRequest request{.protocol_version = 0x0303, .schemes = stack};
  EXPECT_THAT(CheckPick(NoSha256(), stack, request, *KeyFor("rsa:2048")),
              ::testing::HasSubstr("but does not allow its hash"));
  EXPECT_THAT(CheckPick(NoSha256(), stack, request, *KeyFor("ec:P-384")), IsEmpty());
}

TEST(StackSchemes, KeepToTheKeyTypesThatBotanNames) {
  for (const SignatureScheme scheme : StackSchemes(Botan::TLS::Policy(), {"ECDSA"})) {
    EXPECT_EQ(RowOf(scheme).key, KeyType::kEc);
  }
  EXPECT_THAT(StackSchemes(Botan::TLS::Policy(), {"DSA"}), IsEmpty());
}

TEST(StackSchemes, PickFollowsThePolicyNotThePeer) {
  const std::vector<SignatureScheme> stack = {kRsaPssRsaeSha384, kRsaPkcs1Sha256, kEcdsaSecp384r1Sha384,
                                              kEcdsaSecp256r1Sha256};
  CertificateRequest request{.protocol_version = 0x0303};
  request.schemes = {kRsaPkcs1Sha256, kRsaPssRsaeSha384, kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384};
  EXPECT_EQ(PickedScheme(stack, request, *KeyFor("rsa:2048")), kRsaPssRsaeSha384);
  // TLS 1.2 binds no curve to a hash; TLS 1.3 does.
  EXPECT_EQ(PickedScheme(stack, request, *KeyFor("ec:P-256")), kEcdsaSecp384r1Sha384);
  request.protocol_version = 0x0304;
  EXPECT_EQ(PickedScheme(stack, request, *KeyFor("ec:P-256")), kEcdsaSecp256r1Sha256);
  EXPECT_EQ(PickedScheme(stack, request, *KeyFor("ec:P-521")), std::nullopt);
}

TEST(StackSchemes, EveryKeyTypeIsUsedOrHasAReason) {
  EXPECT_THAT(WhyUnusable(*KeyFor("rsa:2048")), IsEmpty());
  EXPECT_THAT(WhyUnusable(*KeyFor("ec:P-256")), IsEmpty());
  for (const char* key : {"ed25519", "ed448", "rsa-pss:2048"}) {
    EXPECT_THAT(WhyUnusable(*KeyFor(key)), ::testing::HasSubstr("no signature scheme")) << key;
  }
}

std::optional<Reason::Code> RefusedAs(const testing::CertificateOptions& options, std::uint16_t version) {
  const auto made = testing::TestPki().Issue(options);
  const std::optional<Reason> reason =
      Refusal(Botan::TLS::Policy(), {.protocol_version = version}, made.certificate, true);
  return reason ? std::optional(reason->code) : std::nullopt;
}

TEST(StackRefusal, FollowsThePolicysKeySizesHashesAndGroups) {
  EXPECT_EQ(RefusedAs({.key = "rsa:1024"}, 0x0304), Reason::Code::kKeyTooWeak);
  EXPECT_EQ(RefusedAs({.key = "rsa:2048"}, 0x0303), std::nullopt);
  EXPECT_EQ(RefusedAs({.digest = "SHA1"}, 0x0303), Reason::Code::kSignatureTooWeak);
  EXPECT_EQ(RefusedAs({.key = "ec:secp256k1"}, 0x0303), Reason::Code::kCurveNotOffered);
  EXPECT_EQ(RefusedAs({.key = "ec:secp256k1"}, 0x0304), std::nullopt);
  EXPECT_EQ(RefusedAs({}, 0x0303), std::nullopt);
}

TEST(StackRefusal, SelfSignedCertificatesOwnSignatureDoesNotCount) {
  auto options = testing::CertificateOptions::Ca("Old Root");
  options.digest = "SHA1";
  const testing::TestPki pki(options);
  EXPECT_FALSE(Refusal(Botan::TLS::Policy(), {}, pki.root().certificate, false));
}

}  // namespace
}  // namespace signet::botan
