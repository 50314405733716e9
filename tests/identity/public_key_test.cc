#include "identity/public_key.h"

#include "identity/signature_schemes.h"
#include "pkcs12/file_key.h"
#include <signet/error.h>
#include <signet/testing/test_pki.h>

#include <algorithm>
#include <ostream>

#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::TestPki;

struct Row {
  const char* kind;
  const char* shown;
  int bits;
  const char* curve;
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const Row& row, std::ostream* out) { *out << row.kind; }

class PublicKeys : public ::testing::TestWithParam<Row> {};

TEST_P(PublicKeys, AreDescribedAndVerify) {
  const auto made = TestPki().Issue({.key = GetParam().kind});
  const PublicKey key = PublicKey::FromSpki(made.certificate.subject_public_key_info());
  EXPECT_EQ(Description(key), GetParam().shown);
  EXPECT_EQ(key.bits(), GetParam().bits);
  EXPECT_EQ(key.curve(), GetParam().curve);
  EXPECT_EQ(PublicKey::FromNative(key.native()), key);
  const auto owner = FileKey::FromPkcs8(made.private_key);
  const SignatureScheme scheme = owner->schemes().front();
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  const std::vector<std::uint8_t> input(32, 7);
  std::vector<std::uint8_t> signature(owner->max_signature_size());
  signature.resize(owner->Sign(algorithm, input, signature));
  EXPECT_TRUE(key.Verify(algorithm, input, signature));
  EXPECT_FALSE(key.Verify(algorithm, std::vector<std::uint8_t>(32, 8), signature));
  signature.back() ^= 1;
  EXPECT_FALSE(key.Verify(algorithm, input, signature));
  EXPECT_FALSE(key.Verify(algorithm, input, {}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PublicKeys,
                         ::testing::Values(Row{"rsa:2048", "RSA 2048 bit", 2048, ""},
                                           Row{"rsa-pss:2048", "RSA-PSS 2048 bit", 2048, ""},
                                           Row{"ec:P-256", "EC P-256", 256, "prime256v1"},
                                           Row{"ed25519", "Ed25519", 256, ""},
                                           Row{"ed448", "Ed448", 456, ""}),
                         [](const auto& tested) {
                           std::string name = tested.param.kind;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST(PublicKey, DifferentOnesDiffer) {
  const TestPki pki;
  const auto spki = [&] {
    const auto made = pki.Issue({}).certificate;
    return PublicKey::FromSpki(made.subject_public_key_info());
  };
  EXPECT_NE(spki(), spki());
}

TEST(PublicKey, GarbageIsAnError) {
  EXPECT_THROW(PublicKey::FromSpki({}), Error);
  EXPECT_THROW(PublicKey::FromSpki(std::vector<std::uint8_t>{0x30, 0}), Error);
}

}  // namespace
}  // namespace signet
