#include "botan/padding.h"

#include <signet/error.h>

#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using Kind = SigningAlgorithm::Kind;

struct Spelling {
  KeyType key;
  const char* padding;
  Kind kind;
  Hash hash;
  int salt = 0;
};

constexpr Spelling kSpellings[] = {
    // Botan 2.19
    {KeyType::kRsa, "PSSR(SHA-256,MGF1,32)", Kind::kRsaPss, Hash::kSha256, 32},
    {KeyType::kRsa, "PSSR(SHA-512,MGF1,64)", Kind::kRsaPss, Hash::kSha512, 64},
    {KeyType::kRsa, "EMSA4(SHA-384)", Kind::kRsaPss, Hash::kSha384, 48},
    {KeyType::kRsa, "EMSA_PSS(SHA-256,MGF1,20)", Kind::kRsaPss, Hash::kSha256, 20},
    {KeyType::kRsa, "EMSA_PKCS1(SHA-256)", Kind::kRsaPkcs1, Hash::kSha256},
    {KeyType::kRsa, "EMSA3(SHA-512)", Kind::kRsaPkcs1, Hash::kSha512},
    {KeyType::kEc, "EMSA1(SHA-256)", Kind::kEcdsa, Hash::kSha256},
    // Botan 3
    {KeyType::kRsa, "PSS(SHA-256,MGF1,32)", Kind::kRsaPss, Hash::kSha256, 32},
    {KeyType::kRsa, "PSS(SHA-384,MGF1(SHA-384),48)", Kind::kRsaPss, Hash::kSha384, 48},
    {KeyType::kRsa, "PKCS1v15(SHA-384)", Kind::kRsaPkcs1, Hash::kSha384},
    {KeyType::kRsa, "PKCS1v15(Raw)", Kind::kRsaPkcs1, Hash::kNone},
    {KeyType::kEc, "SHA-512", Kind::kEcdsa, Hash::kSha512},
    {KeyType::kEc, "Raw", Kind::kEcdsa, Hash::kNone},
    {KeyType::kEd25519, "", Kind::kEdDsa, Hash::kNone},
    {KeyType::kEd25519, "Pure", Kind::kEdDsa, Hash::kNone},
    {KeyType::kMlDsa65, "Randomized", Kind::kMlDsa, Hash::kNone},
};

TEST(Padding, EveryNameOfBothVersionsIsAccepted) {
  for (const Spelling& spelling : kSpellings) {
    const SigningAlgorithm algorithm = AlgorithmFor(spelling.key, spelling.padding);
    EXPECT_EQ(algorithm.kind, spelling.kind) << spelling.padding;
    EXPECT_EQ(algorithm.hash, spelling.hash) << spelling.padding;
    EXPECT_EQ(algorithm.salt_length, spelling.salt) << spelling.padding;
    if (spelling.kind == Kind::kRsaPss) {
      EXPECT_EQ(algorithm.mgf1_hash, spelling.hash) << spelling.padding;
    }
  }
}

TEST(Padding, MaskHashMayDiffer) {
  const SigningAlgorithm algorithm = AlgorithmFor(KeyType::kRsa, "PSS(SHA-256,MGF1(SHA-1),20)");
  EXPECT_EQ(algorithm.hash, Hash::kSha256);
  EXPECT_EQ(algorithm.mgf1_hash, Hash::kSha1);
  EXPECT_EQ(algorithm.salt_length, 20);
}

TEST(Padding, WhatIsUnknownIsRefused) {
  for (const char* padding :
       {"", "Raw", "SHA-256", "OAEP(SHA-256)", "PSS", "PSS()", "PSS(Raw)", "PSS(SHA-256,MGF2)",
        "PSS(SHA-256,MGF1,x)", "PSS(SHA-256,MGF1,-1)", "PKCS1v15", "PKCS1v15(NoSuchHash)",
        "ISO_9796_DS2(SHA-256)", "PSS(SHA-256", "PSS(SHA-256,MGF1,32,1)"}) {
    EXPECT_THROW(AlgorithmFor(KeyType::kRsa, padding), Error) << padding;
  }
  for (const char* padding : {"", "EMSA1(NoSuchHash)", "PSS(SHA-256)", "NoSuchHash"}) {
    EXPECT_THROW(AlgorithmFor(KeyType::kEc, padding), Error) << padding;
  }
  EXPECT_THROW(AlgorithmFor(KeyType::kEd25519, "Ed25519ph"), Error);
  EXPECT_THROW(AlgorithmFor(KeyType::kOther, "Pure"), Error);
}

}  // namespace
}  // namespace signet::botan
