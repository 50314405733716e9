#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using enum SignatureScheme;

// Each list is next to a switch without default: the compiler warns about the enumerator that is missing
// in the switch, and the test about the one that is missing in the list.
constexpr SignatureScheme kSchemes[] = {kRsaPkcs1Sha1,
                                        kEcdsaSha1,
                                        kRsaPkcs1Sha224,
                                        kEcdsaSha224,
                                        kRsaPkcs1Sha256,
                                        kEcdsaSecp256r1Sha256,
                                        kRsaPkcs1Sha384,
                                        kEcdsaSecp384r1Sha384,
                                        kRsaPkcs1Sha512,
                                        kEcdsaSecp521r1Sha512,
                                        kRsaPssRsaeSha256,
                                        kRsaPssRsaeSha384,
                                        kRsaPssRsaeSha512,
                                        kEd25519,
                                        kEd448,
                                        kRsaPssPssSha256,
                                        kRsaPssPssSha384,
                                        kRsaPssPssSha512,
                                        kMlDsa44,
                                        kMlDsa65,
                                        kMlDsa87};

int Listed(SignatureScheme scheme) {
  switch (scheme) {
    case kRsaPkcs1Sha1:
    case kEcdsaSha1:
    case kRsaPkcs1Sha224:
    case kEcdsaSha224:
    case kRsaPkcs1Sha256:
    case kEcdsaSecp256r1Sha256:
    case kRsaPkcs1Sha384:
    case kEcdsaSecp384r1Sha384:
    case kRsaPkcs1Sha512:
    case kEcdsaSecp521r1Sha512:
    case kRsaPssRsaeSha256:
    case kRsaPssRsaeSha384:
    case kRsaPssRsaeSha512:
    case kEd25519:
    case kEd448:
    case kRsaPssPssSha256:
    case kRsaPssPssSha384:
    case kRsaPssPssSha512:
    case kMlDsa44:
    case kMlDsa65:
    case kMlDsa87:
      return static_cast<int>(std::ranges::count(kSchemes, scheme));
  }
  return 0;
}

TEST(SchemeTable, EverySchemeHasOneRow) {
  for (const SignatureScheme scheme : kSchemes) {
    EXPECT_EQ(Listed(scheme), 1);
    EXPECT_EQ(std::ranges::count(SignatureSchemes(), scheme, &SchemeRow::scheme), 1) << Name(scheme);
    EXPECT_EQ(&RowOf(scheme), FindRow(scheme));
    EXPECT_EQ(SchemeFromName(Name(scheme)), scheme);
  }
  EXPECT_EQ(SignatureSchemes().size(), std::size(kSchemes));
}

TEST(SchemeTable, RowsAgreeWithTheirNames) {
  for (const SchemeRow& row : SignatureSchemes()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(row.name.starts_with("rsa_pkcs1"), row.algorithm.kind == SigningAlgorithm::Kind::kRsaPkcs1);
    EXPECT_EQ(row.name.starts_with("rsa_pss"), row.algorithm.kind == SigningAlgorithm::Kind::kRsaPss);
    EXPECT_EQ(row.name.starts_with("rsa_pss_pss"), row.key == KeyType::kRsaPss);
    EXPECT_EQ(row.name.starts_with("ecdsa"), row.key == KeyType::kEc);
    EXPECT_EQ(row.name.starts_with("mldsa"), row.algorithm.kind == SigningAlgorithm::Kind::kMlDsa);
    EXPECT_TRUE(row.tls12 || row.tls13);
    // TLS 1.3 has no PKCS#1 v1.5 and no SHA-1 in CertificateVerify (RFC 8446 section 4.2.3).
    if (row.tls13) {
      EXPECT_NE(row.algorithm.kind, SigningAlgorithm::Kind::kRsaPkcs1);
      EXPECT_NE(row.algorithm.hash, Hash::kSha1);
    }
    if (row.algorithm.kind == SigningAlgorithm::Kind::kRsaPss) {
      EXPECT_EQ(row.algorithm.mgf1_hash, row.algorithm.hash);
      EXPECT_EQ(static_cast<std::size_t>(row.algorithm.salt_length), RowOf(row.algorithm.hash).size);
    }
  }
}

TEST(SchemeTable, UnknownOnesAreReported) {
  EXPECT_EQ(FindRow(static_cast<SignatureScheme>(0x9999)), nullptr);
  EXPECT_EQ(Name(static_cast<SignatureScheme>(0x9999)), "unknown");
  EXPECT_THROW(RowOf(static_cast<SignatureScheme>(0x9999)), Error);
  EXPECT_FALSE(SchemeFromName("rsa_md5").has_value());
}

TEST(SchemeTable, CurveAndModulusDecideWhatAKeyCanDo) {
  EXPECT_THAT(SchemesFor(KeyType::kEc, "prime256v1", 256),
              ElementsAre(kEcdsaSecp256r1Sha256, kEcdsaSha224, kEcdsaSha1));
  EXPECT_THAT(SchemesFor(KeyType::kEc, "brainpoolP256r1", 256), ElementsAre(kEcdsaSha224, kEcdsaSha1));
  EXPECT_THAT(SchemesFor(KeyType::kRsaPss, "", 2048),
              ElementsAre(kRsaPssPssSha256, kRsaPssPssSha384, kRsaPssPssSha512));
  // 512 + 512 + 16 bits do not fit into a modulus of 1024.
  EXPECT_THAT(SchemesFor(KeyType::kRsaPss, "", 1024), ElementsAre(kRsaPssPssSha256, kRsaPssPssSha384));
  EXPECT_TRUE(SchemesFor(KeyType::kOther, "", 2048).empty());
  EXPECT_THAT(SchemesFor(KeyType::kEd25519, "", 256), ElementsAre(kEd25519));
}

TEST(HashTable, EveryHashHasARowAndWorks) {
  const auto last = static_cast<int>(Hash::kSha3_512);
  EXPECT_EQ(Hashes().size(), static_cast<std::size_t>(last));
  for (int i = 1; i <= last; ++i) {
    const auto hash = static_cast<Hash>(i);
    EXPECT_EQ(RowOf(hash).hash, hash);
    EXPECT_EQ(Digest(hash, {}).size(), RowOf(hash).size);
    EXPECT_EQ(HashFromName(RowOf(hash).name), hash);
    EXPECT_EQ(HashFromName(RowOf(hash).alias), hash);
  }
  EXPECT_THROW(RowOf(Hash::kNone), Error);
  EXPECT_FALSE(HashFromName("no such hash").has_value());
  EXPECT_EQ(HashFromName("sha256"), Hash::kSha256);
}

TEST(KeyTypeTable, EveryTypeButOtherHasARow) {
  std::set<KeyType> types;
  for (const KeyTypeRow& row : KeyTypes()) types.insert(row.type);
  EXPECT_EQ(types.size(), static_cast<std::size_t>(KeyType::kOther));
  EXPECT_FALSE(types.contains(KeyType::kOther));
}

}  // namespace
}  // namespace signet
