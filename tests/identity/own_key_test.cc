// A program's own key, as a PrivateKey.
#include "error_of.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "pkcs12/file_key.h"
#include "test_own_key.h"
#include <signet/error.h>
#include <signet/own_key.h>

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = SigningAlgorithm::Kind;
using enum SignatureScheme;
using testing::TestIdentity;
using testing::TestPki;

const TestIdentity& Rsa() {
  static const TestIdentity identity = TestPki().Issue({.key = "rsa:2048"});
  return identity;
}
const TestIdentity& P384() {
  static const TestIdentity identity = TestPki().Issue({.key = "ec:P-384"});
  return identity;
}

constexpr SigningAlgorithm kPkcs1 = {.kind = Kind::kRsaPkcs1, .hash = Hash::kSha256};

std::vector<std::uint8_t> SignDigestOf(PrivateKey& key, const SigningAlgorithm& algorithm,
                                       std::span<const std::uint8_t> input) {
  std::vector<std::uint8_t> signature(key.max_signature_size());
  signature.resize(key.Sign(algorithm, input, signature));
  return signature;
}

TEST(OwnKey, OfThreeFunctionsSignsMessagesWithEveryScheme) {
  for (const char* kind : {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-521", "ed25519", "ed448"}) {
    SCOPED_TRACE(kind);
    const TestIdentity identity = TestPki().Issue({.key = kind});
    const auto key = MakeKey(std::make_shared<TestOwnKey>(identity));
    EXPECT_TRUE(key->in_hardware());
    EXPECT_FALSE(key->ExportPkcs8());
    EXPECT_EQ(key->max_signature_size(), MaxSignatureSize(key->subject_public_key_info()));
    ASSERT_FALSE(key->schemes().empty());
    for (const SignatureScheme scheme : key->schemes()) {
      const std::vector<std::uint8_t> message = {1, 2, 3};
      EXPECT_TRUE(key->Supports(AlgorithmOf(scheme)));
      EXPECT_EQ(key->NeedsMessage(AlgorithmOf(scheme)), AlgorithmOf(scheme).hash != Hash::kNone);
      const auto signature = key->SignMessage(scheme, message);
      EXPECT_TRUE(Verifies(key->subject_public_key_info(), scheme, message, signature)) << Name(scheme);
    }
  }
}

TEST(OwnKey, ThatSignsMessagesAloneSignsNoDigest) {
  const auto key = MakeKey(std::make_shared<TestOwnKey>(Rsa()));
  const Error error = ErrorOf([&] { SignDigestOf(*key, kPkcs1, Digest(Hash::kSha256, {})); });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.what(), HasSubstr("signs messages"));
  EXPECT_FALSE(key->Supports({.kind = Kind::kRsaRaw}));
  EXPECT_FALSE(key->CanDecrypt({.kind = DecryptionAlgorithm::Kind::kRsaPkcs1}));
  EXPECT_EQ(ErrorOf([&] { key->Derive({}); }).code(), ErrorCode::kUnsupported);
}

// Hashing is a key that signs digests only where it is told the hash, as a cloud's key store.
class Hashing final : public TestOwnKey {
 public:
  using TestOwnKey::TestOwnKey;
  bool CanSignDigest(const SigningAlgorithm& algorithm) const override {
    return algorithm.hash != Hash::kNone && key().Supports(algorithm);
  }
  std::vector<std::uint8_t> SignDigest(const SigningAlgorithm& algorithm,
                                       std::span<const std::uint8_t> digest) override {
    EXPECT_EQ(digest.size(), DigestSize(algorithm.hash));
    return SignDigestOf(key(), algorithm, digest);
  }
};

TEST(OwnKey, IsToldTheHashOfADigestInfoAndOfAnEcdsaDigest) {
  const auto rsa = MakeKey(std::make_shared<Hashing>(Rsa()));
  const auto digest = Digest(Hash::kSha384, {});
  const auto signature = SignDigestOf(*rsa, {.kind = Kind::kRsaPkcs1}, DigestInfo(Hash::kSha384, digest));
  EXPECT_TRUE(Verifies(rsa->subject_public_key_info(), kRsaPkcs1Sha384, {}, signature));
  EXPECT_EQ(ErrorOf([&] { SignDigestOf(*rsa, {.kind = Kind::kRsaPkcs1}, digest); }).code(),
            ErrorCode::kUnsupported);

  const auto ec = MakeKey(std::make_shared<Hashing>(P384()));
  EXPECT_TRUE(Verifies(ec->subject_public_key_info(), kEcdsaSecp384r1Sha384, {},
                       SignDigestOf(*ec, {.kind = Kind::kEcdsa}, digest)));
}

TEST(OwnKey, DecryptsAndDerivesWhereItCan) {
  const auto rsa = MakeKey(std::make_shared<WholeOwnKey>(Rsa()));
  const auto in_memory = FileKey::FromPkcs8(Rsa().private_key);
  const DecryptionAlgorithm raw{.kind = DecryptionAlgorithm::Kind::kRsaRaw};
  std::vector<std::uint8_t> block(256, 1), out(256), expected(256);
  ASSERT_TRUE(rsa->CanDecrypt(raw));
  EXPECT_EQ(rsa->Decrypt(raw, block, out), 256u);
  in_memory->Decrypt(raw, block, expected);
  EXPECT_EQ(out, expected);
  EXPECT_EQ(ErrorOf([&] { rsa->Decrypt(raw, std::span(block).first(9), out); }).code(),
            ErrorCode::kBadArgument);

  const auto ec = MakeKey(std::make_shared<WholeOwnKey>(P384()));
  const auto spki = ec->subject_public_key_info();
  const auto point = spki.last(97);
  ASSERT_TRUE(ec->can_derive());
  EXPECT_EQ(ec->Derive(point).view(), FileKey::FromPkcs8(P384().private_key)->Derive(point).view());
}

TEST(OwnKey, ListsOnAnotherCurveWhatTls12Takes) {
  class Both final : public TestOwnKey {
   public:
    using TestOwnKey::TestOwnKey;
    std::vector<SignatureScheme> schemes() const override {
      return {kEcdsaSecp384r1Sha384, kEcdsaSecp256r1Sha256};
    }
  };
  const auto key = MakeKey(std::make_shared<Both>(P384()));
  EXPECT_THAT(key->schemes(), ElementsAre(kEcdsaSecp384r1Sha384));
  EXPECT_TRUE(key->Supports(AlgorithmOf(kEcdsaSecp256r1Sha256)));
  EXPECT_FALSE(key->SignMessage(kEcdsaSecp256r1Sha256, {}).empty());
  EXPECT_FALSE(key->Supports(AlgorithmOf(kEcdsaSecp521r1Sha512)));
}

// Odd answers as a test tells it.
struct Odd final : OwnKey {
  std::vector<std::uint8_t> public_key() const override { return spki(); }
  std::vector<SignatureScheme> schemes() const override { return listed(); }
  std::vector<std::uint8_t> Sign(SignatureScheme, std::span<const std::uint8_t>) override { return sign(); }

  std::function<std::vector<std::uint8_t>()> spki = [] {
    const auto key = P384().certificate.subject_public_key_info();
    return std::vector<std::uint8_t>(key.begin(), key.end());
  };
  std::function<std::vector<SignatureScheme>()> listed = [] { return std::vector{kEcdsaSecp384r1Sha384}; };
  std::function<std::vector<std::uint8_t>()> sign = [] { return std::vector<std::uint8_t>(64); };
};

TEST(OwnKey, InvalidKeyIsRejectedByMakeKey) {
  const auto with = [](auto change) {
    auto key = std::make_shared<Odd>();
    change(*key);
    return ErrorOf([&] { MakeKey(key); });
  };
  EXPECT_EQ(ErrorOf([] { MakeKey(nullptr); }).code(), ErrorCode::kBadArgument);
  EXPECT_EQ(with([](Odd& key) { key.spki = [] {
                                  return std::vector<std::uint8_t>{1, 2};
                                }; }).code(),
            ErrorCode::kUnsupported);
  const Error scheme = with([](Odd& key) { key.listed = [] { return std::vector{kEd25519}; }; });
  EXPECT_EQ(scheme.code(), ErrorCode::kBadArgument);
  EXPECT_THAT(scheme.what(), HasSubstr("lists ed25519, but EC P-384 keys do not support it"));
  EXPECT_EQ(with([](Odd& key) { key.listed = [] { return std::vector{SignatureScheme{0x1234}}; }; }).code(),
            ErrorCode::kBadArgument);
  const Error thrown = with([](Odd& key) {
    key.listed = []() -> std::vector<SignatureScheme> { throw std::runtime_error("no schemes today"); };
  });
  EXPECT_EQ(thrown.code(), ErrorCode::kApplication);
  EXPECT_THAT(thrown.what(), HasSubstr("no schemes today (OwnKey::schemes)"));
}

TEST(OwnKey, WhatItThrowsIsAnErrorOfSignet) {
  auto own = std::make_shared<Odd>();
  const auto key = MakeKey(own);
  const auto sign = [&] { return ErrorOf([&] { key->SignMessage(kEcdsaSecp384r1Sha384, {}); }); };
  own->sign = []() -> std::vector<std::uint8_t> { throw std::runtime_error("the vault is closed"); };
  EXPECT_EQ(sign().code(), ErrorCode::kApplication);
  EXPECT_EQ(sign().detail(), "the vault is closed");
  own->sign = []() -> std::vector<std::uint8_t> { throw 5; };
  EXPECT_EQ(sign().code(), ErrorCode::kApplication);
  own->sign = []() -> std::vector<std::uint8_t> {
    throw Error({.code = ErrorCode::kPinLocked, .detail = "locked"});
  };
  EXPECT_EQ(sign().code(), ErrorCode::kPinLocked);
}

TEST(OwnKey, NoAnswerThatIsNoSignatureIsReleased) {
  auto own = std::make_shared<Odd>();
  const auto key = MakeKey(own);
  const auto sign = [&] { return ErrorOf([&] { key->SignMessage(kEcdsaSecp384r1Sha384, {}); }).code(); };
  EXPECT_EQ(sign(), ErrorCode::kKeyCertificateMismatch);
  own->sign = [] { return std::vector<std::uint8_t>(); };
  EXPECT_EQ(sign(), ErrorCode::kApplication);
  own->sign = [] { return std::vector<std::uint8_t>(5000); };
  EXPECT_EQ(sign(), ErrorCode::kApplication);
}

TEST(OwnKey, SignsAsynchronouslyOnTheProgramsThread) {
  class Queueing final : public TestOwnKey {
   public:
    using TestOwnKey::TestOwnKey;
    void RunAsync(std::function<void()> work) override { queue.push_back(std::move(work)); }
    std::vector<std::function<void()>> queue;
  };
  const auto own = std::make_shared<Queueing>(TestPki().Issue({.key = "ed25519"}));
  auto key = MakeKey(own);
  std::size_t size = 0;
  key->SignAsync(AlgorithmOf(kEd25519), {},
                 [&](std::vector<std::uint8_t> signature, const Error*) { size = signature.size(); });
  key.reset();  // the work keeps it
  EXPECT_EQ(size, 0u);
  ASSERT_EQ(own->queue.size(), 1u);
  own->queue.front()();
  EXPECT_EQ(size, 64u);
}

}  // namespace
}  // namespace signet
