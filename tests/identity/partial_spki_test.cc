#include "identity/partial_spki.h"

#include "identity/public_key.h"
#include <signet/error.h>
#include <signet/testing/test_pki.h>

#include <ostream>

#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::TestPki;

struct Row {
  const char* name;
  KeyShape shape;
  const char* key;  // as TestPki makes it
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class PartialSpkis : public ::testing::TestWithParam<Row> {
 protected:
  static PublicKey RealKey() {
    return PublicKey::FromSpki(
        TestPki().Issue({.key = GetParam().key}).certificate.subject_public_key_info());
  }
};

TEST_P(PartialSpkis, ContainOnlyTypeAndCurve) {
  const auto der = PartialSpki(GetParam().shape);
  ASSERT_FALSE(der.empty());
  const auto shape = ReadPartialSpki(der);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->type, GetParam().shape.type);
  EXPECT_EQ(shape->curve, GetParam().shape.curve);
  EXPECT_THROW(PublicKey::FromSpki(der), Error);
}

TEST_P(PartialSpkis, GiveKeysWithTheSizesOfTheirCurveThatMatchNothing) {
  const PublicKey key = PublicKey::FromPartialSpki(PartialSpki(GetParam().shape));
  const PublicKey real = RealKey();
  EXPECT_FALSE(key.known());
  EXPECT_EQ(key.type(), real.type());
  EXPECT_EQ(key.curve(), real.curve());
  EXPECT_EQ(key.bits(), real.bits());
  EXPECT_EQ(key.max_signature_size(), real.max_signature_size());
  EXPECT_EQ(Description(key), Description(real));
  EXPECT_FALSE(key == real);
  EXPECT_FALSE(key == PublicKey::OfShape(GetParam().shape));
  EXPECT_FALSE(key.Verify({.kind = SigningAlgorithm::Kind::kEcdsa}, std::vector<std::uint8_t>(32),
                          std::vector<std::uint8_t>(70)));
}

TEST_P(PartialSpkis, AreDistinguishedFromCompleteOnes) {
  const PublicKey real = RealKey();
  EXPECT_FALSE(ReadPartialSpki(real.spki()));
  EXPECT_TRUE(PublicKey::FromPartialSpki(real.spki()).known());
  auto longer = PartialSpki(GetParam().shape);
  longer.push_back(0);
  EXPECT_FALSE(ReadPartialSpki(longer));
  auto shorter = PartialSpki(GetParam().shape);
  shorter.erase(shorter.begin() + 2);
  EXPECT_FALSE(ReadPartialSpki(shorter));
}

INSTANTIATE_TEST_SUITE_P(Shapes, PartialSpkis,
                         ::testing::Values(Row{"P256", {KeyType::kEc, "prime256v1"}, "ec:P-256"},
                                           Row{"P384", {KeyType::kEc, "secp384r1"}, "ec:P-384"},
                                           Row{"P521", {KeyType::kEc, "secp521r1"}, "ec:P-521"},
                                           Row{"Ed25519", {KeyType::kEd25519, ""}, "ed25519"},
                                           Row{"Ed448", {KeyType::kEd448, ""}, "ed448"}),
                         [](const auto& row) { return row.param.name; });

TEST(PartialSpki, IsEmptyForOtherTypesAndUnknownCurves) {
  for (const KeyShape& shape : {KeyShape{KeyType::kRsa, ""}, KeyShape{KeyType::kEc, ""},
                                KeyShape{KeyType::kEc, "no-such-curve"}, KeyShape{KeyType::kOther, ""}}) {
    EXPECT_TRUE(PartialSpki(shape).empty()) << shape.curve;
    EXPECT_THROW(PublicKey::OfShape(shape), Error) << shape.curve;
  }
}

TEST(RsaPssOf, IsTheSameKeyUnderAnotherAlgorithmWithoutRestrictions) {
  const TestPki pki;
  const PublicKey rsa =
      PublicKey::FromSpki(pki.Issue({.key = "rsa:2048"}).certificate.subject_public_key_info());
  const PublicKey pss = RsaPssOf(rsa);
  EXPECT_EQ(pss.type(), KeyType::kRsaPss);
  EXPECT_EQ(pss.bits(), 2048);
  EXPECT_EQ(pss.algorithm(), "RSA-PSS");
}

}  // namespace
}  // namespace signet
