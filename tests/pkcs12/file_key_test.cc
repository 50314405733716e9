#include "pkcs12/file_key.h"

#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/testing/test_pki.h>

#include <ostream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using signet::testing::TestPki;
using enum SignatureScheme;

std::shared_ptr<FileKey> Key(const std::string& kind) {
  return FileKey::FromPkcs8(TestPki().Issue({.key = kind}).private_key);
}

struct KindRow {
  const char* kind;
  KeyType type;
  std::size_t schemes;
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const KindRow& row, std::ostream* out) { *out << row.kind; }

class FileKeyKinds : public ::testing::TestWithParam<KindRow> {};

TEST_P(FileKeyKinds, EverySchemeVerifiesUnderThePublicKey) {
  if (!TestPki::HasKeyType(GetParam().kind))
    GTEST_SKIP() << "this OpenSSL does not support " << GetParam().kind;
  const auto key = Key(GetParam().kind);
  EXPECT_EQ(key->type(), GetParam().type);
  EXPECT_EQ(key->schemes().size(), GetParam().schemes);
  const PublicKey verifier = PublicKey::FromSpki(key->subject_public_key_info());
  const std::vector<std::uint8_t> message{'h', 'i'};
  for (const SignatureScheme scheme : key->schemes()) {
    SCOPED_TRACE(Name(scheme));
    const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
    EXPECT_TRUE(key->Supports(algorithm));
    const auto signature = key->SignMessage(scheme, message);
    const auto input = algorithm.hash == Hash::kNone ? message : Digest(algorithm.hash, message);
    EXPECT_TRUE(verifier.Verify(algorithm, input, signature));
    EXPECT_LE(signature.size(), key->max_signature_size());
  }
}

TEST_P(FileKeyKinds, ExportComesBackAsTheSameKey) {
  if (!TestPki::HasKeyType(GetParam().kind))
    GTEST_SKIP() << "this OpenSSL does not support " << GetParam().kind;
  const auto key = Key(GetParam().kind);
  const std::optional<Secret> der = key->ExportPkcs8();
  ASSERT_TRUE(der.has_value());
  const auto again =
      FileKey::FromPkcs8({reinterpret_cast<const std::uint8_t*>(der->view().data()), der->size()});
  EXPECT_TRUE(std::ranges::equal(again->subject_public_key_info(), key->subject_public_key_info()));
  EXPECT_FALSE(key->in_hardware());
  EXPECT_FALSE(key->locked());
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, FileKeyKinds,
    ::testing::Values(KindRow{"rsa:2048", KeyType::kRsa, 8}, KindRow{"rsa:1024", KeyType::kRsa, 7},
                      KindRow{"rsa-pss:2048", KeyType::kRsaPss, 3}, KindRow{"ec:P-256", KeyType::kEc, 3},
                      KindRow{"ec:P-384", KeyType::kEc, 3}, KindRow{"ec:P-521", KeyType::kEc, 3},
                      KindRow{"ed25519", KeyType::kEd25519, 1}, KindRow{"ed448", KeyType::kEd448, 1},
                      KindRow{"ml-dsa-65", KeyType::kMlDsa65, 1}, KindRow{"dsa:2048", KeyType::kOther, 0}),
    [](const auto& tested) {
      std::string name = tested.param.kind;
      std::ranges::replace_if(
          name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

TEST(FileKey, RawAndUnprefixedRsaWork) {
  const auto key = Key("rsa:2048");
  const PublicKey verifier = PublicKey::FromSpki(key->subject_public_key_info());
  const SigningAlgorithm raw{.kind = SigningAlgorithm::Kind::kRsaRaw};
  const SigningAlgorithm bare{.kind = SigningAlgorithm::Kind::kRsaPkcs1};
  std::vector<std::uint8_t> signature(key->max_signature_size());
  std::vector<std::uint8_t> block(256, 1);
  block[0] = 0;
  EXPECT_EQ(key->Sign(raw, block, signature), 256u);
  EXPECT_TRUE(verifier.Verify(raw, block, signature));
  const std::vector<std::uint8_t> md5_and_sha1(36, 7);
  EXPECT_EQ(key->Sign(bare, md5_and_sha1, signature), 256u);
  EXPECT_TRUE(verifier.Verify(bare, md5_and_sha1, signature));
}

TEST(FileKey, WhatDoesNotFitIsABadArgument) {
  const auto rsa = Key("rsa:2048");
  const SigningAlgorithm pss = RowOf(kRsaPssRsaeSha256).algorithm;
  std::vector<std::uint8_t> room(256);
  const auto code = [&](const SigningAlgorithm& algorithm, std::size_t input, std::size_t space) {
    try {
      rsa->Sign(algorithm, std::vector<std::uint8_t>(input), std::span(room).first(space));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kNetwork;
  };
  EXPECT_EQ(code(pss, 31, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(pss, 32, 255), ErrorCode::kBadArgument);
  EXPECT_EQ(code({.kind = SigningAlgorithm::Kind::kRsaRaw}, 255, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(RowOf(kEcdsaSecp256r1Sha256).algorithm, 32, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(RowOf(kEd25519).algorithm, 32, 256), ErrorCode::kBadArgument);
}

TEST(FileKey, PlainRsaBecomesThePssKeyThatACertificateSays) {
  const TestPki pki;
  const auto pss_spki = FileKey::FromPkcs8(pki.Issue({.key = "rsa-pss:2048"}).private_key);
  const auto bound = Key("rsa:2048")->AsRsaPss(pss_spki->subject_public_key_info());
  EXPECT_EQ(bound->type(), KeyType::kRsaPss);
  EXPECT_THAT(bound->schemes(), ::testing::ElementsAre(kRsaPssPssSha256, kRsaPssPssSha384, kRsaPssPssSha512));
  EXPECT_FALSE(bound->Supports(RowOf(kRsaPkcs1Sha256).algorithm));
}

TEST(FileKey, SaltThatDoesNotFitIsNotSupported) {
  const auto key = Key("rsa:1024");
  SigningAlgorithm algorithm = RowOf(kRsaPssRsaeSha512).algorithm;
  EXPECT_FALSE(key->Supports(algorithm));
  algorithm.salt_length = 62;
  EXPECT_TRUE(key->Supports(algorithm));
}

TEST(FileKey, ThreadsShareAKey) {
  const auto key = Key("ec:P-256");
  const PublicKey verifier = PublicKey::FromSpki(key->subject_public_key_info());
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint8_t i = 0; i < 50; ++i) {
        const std::vector<std::uint8_t> digest(32, i);
        std::vector<std::uint8_t> signature(key->max_signature_size());
        const SigningAlgorithm& algorithm = RowOf(kEcdsaSecp256r1Sha256).algorithm;
        signature.resize(key->Sign(algorithm, digest, signature));
        good += verifier.Verify(algorithm, digest, signature) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

TEST(FileKey, GarbageIsMalformedAndForeignAlgorithmsAreNamed) {
  const auto error = [](const std::vector<std::uint8_t>& der) {
    try {
      FileKey::FromPkcs8(der);
    } catch (const Error& caught) {
      return caught;
    }
    return Error({.code = ErrorCode::kNetwork});
  };
  EXPECT_EQ(error({}).code(), ErrorCode::kMalformed);
  EXPECT_EQ(error({0x30, 0x03, 0x02, 0x01, 0x00}).code(), ErrorCode::kMalformed);
  EXPECT_EQ(error(std::vector<std::uint8_t>(20'000, 0)).code(), ErrorCode::kTooCostly);
  // A PrivateKeyInfo of GOST R 34.10-2012 (1.2.643.7.1.1.1.1), which OpenSSL knows by name alone.
  const Error gost = error({0x30, 0x13, 0x02, 0x01, 0x00, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x85,
                            0x03, 0x07, 0x01, 0x01, 0x01, 0x01, 0x04, 0x02, 0x04, 0x00});
  EXPECT_EQ(gost.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(gost.detail(), ::testing::HasSubstr("GOST R 34.10-2012"));
}

}  // namespace
}  // namespace signet
