#include "conformance/sources.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using Kind = SigningAlgorithm::Kind;

class Signs : public ::testing::TestWithParam<SourceCase> {
 protected:
  // TrySign signs `size` bytes and checks the signature.
  static bool TrySign(const Identity& identity, const SigningAlgorithm& algorithm, std::size_t size) {
    const std::vector<std::uint8_t> input(size, 0x5a);
    std::vector<std::uint8_t> signature(identity.key()->max_signature_size());
    signature.resize(identity.key()->Sign(algorithm, input, signature));
    return PublicKey::FromSpki(identity.leaf().subject_public_key_info()).Verify(algorithm, input, signature);
  }

  // InChild runs `work` in a forked child.
  static bool InChild(const std::function<bool()>& work) {
    const pid_t child = fork();
    if (child == 0) {
      bool good = false;
      try {
        good = work();
      } catch (const std::exception& error) {
        static_cast<void>(dprintf(STDERR_FILENO, "in the child: %s\n", error.what()));
      }
      _exit(good ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0;
  }

  FilledPlace filled{GetParam()};
};

// SignsDigests is of those whose keys do.
class SignsDigests : public Signs {};

TEST_P(Signs, WithEverySchemeThatItLists) {
  for (const std::string& key : filled.keys()) {
    SCOPED_TRACE(key);
    const Identity identity = filled.Open(key);
    EXPECT_THAT(identity.key()->schemes(), Not(IsEmpty()));
    for (const SignatureScheme scheme : identity.key()->schemes()) {
      EXPECT_TRUE(identity.key()->Supports(RowOf(scheme).algorithm)) << Name(scheme);
      EXPECT_TRUE(Verifies(identity, scheme)) << Name(scheme);
    }
  }
}

// Each key is opened once: libp11 0.4.13 leaks one of which it is asked again after its EVP_PKEY is gone.
TEST_P(Signs, WithTheSchemesOfTls13) {
  using enum SignatureScheme;
  for (const auto& [key, wanted] : std::vector<std::pair<const char*, std::vector<SignatureScheme>>>{
           {"rsa:2048", {kRsaPssRsaeSha256, kRsaPssRsaeSha512, kRsaPkcs1Sha256}},
           {"rsa-pss:2048", {kRsaPssPssSha384}},
           {"ec:P-256", {kEcdsaSecp256r1Sha256}},
           {"ec:P-384", {kEcdsaSecp384r1Sha384}},
           {"ec:P-521", {kEcdsaSecp521r1Sha512}},
           {"ed25519", {kEd25519}},
           {"ed448", {kEd448}}}) {
    if (!filled.Has(key)) continue;
    EXPECT_THAT(filled.Open(key).key()->schemes(), ::testing::IsSupersetOf(wanted)) << key;
  }
}

TEST_P(SignsDigests, DigestsOfEveryHash) {
  const Identity rsa = filled.Open("rsa:2048");
  const Identity ec = filled.Open("ec:P-256");
  for (const Hash hash : {Hash::kSha1, Hash::kSha224, Hash::kSha256, Hash::kSha384, Hash::kSha512}) {
    SCOPED_TRACE(RowOf(hash).name);
    const std::size_t size = RowOf(hash).size;
    EXPECT_TRUE(TrySign(rsa, {.kind = Kind::kRsaPkcs1, .hash = hash}, size));
    EXPECT_TRUE(
        TrySign(rsa, {.kind = Kind::kRsaPss, .hash = hash, .mgf1_hash = hash, .salt_length = 0}, size));
    EXPECT_TRUE(TrySign(
        rsa, {.kind = Kind::kRsaPss, .hash = hash, .mgf1_hash = Hash::kSha256, .salt_length = 20}, size));
    EXPECT_TRUE(TrySign(ec, {.kind = Kind::kEcdsa, .hash = hash}, size));
  }
}

TEST_P(SignsDigests, EcdsaTakesDigestsOfAnyLength) {
  for (const char* key : {"ec:P-256", "ec:P-384", "ec:P-521"}) {
    const Identity identity = filled.Open(key);
    for (const std::size_t size : {1u, 20u, 31u, 32u, 33u, 48u, 64u, 66u, 100u}) {
      EXPECT_TRUE(TrySign(identity, {.kind = Kind::kEcdsa}, size)) << key << ", " << size << " bytes";
    }
  }
}

TEST_P(SignsDigests, BytesThatArePaddedAsTheyAre) {
  const Identity identity = filled.Open("rsa:2048");
  EXPECT_TRUE(TrySign(identity, {.kind = Kind::kRsaPkcs1}, 36));
  EXPECT_TRUE(TrySign(identity, {.kind = Kind::kRsaPkcs1}, 245));
}

TEST_P(Signs, MessagesOfEveryLengthWithEdwardsKeys) {
  for (const char* key : {"ed25519", "ed448"}) {
    if (!filled.Has(key)) continue;
    const Identity identity = filled.Open(key);
    for (const std::size_t size : {0u, 1u, 64u, 10'000u}) {
      EXPECT_TRUE(TrySign(identity, {.kind = Kind::kEdDsa}, size)) << key << ", " << size << " bytes";
    }
  }
}

TEST_P(SignsDigests, NoInputOfTheWrongLength) {
  const auto code = [](const Identity& identity, const SigningAlgorithm& algorithm, std::size_t input,
                       std::size_t room) {
    std::vector<std::uint8_t> bytes(input, 1);
    std::vector<std::uint8_t> signature(room);
    return CodeOf([&] { identity.key()->Sign(algorithm, bytes, signature); });
  };
  const Identity rsa = filled.Open("rsa:2048");
  const Identity ec = filled.Open("ec:P-256");
  const SigningAlgorithm pkcs1{.kind = Kind::kRsaPkcs1, .hash = Hash::kSha256};
  const SigningAlgorithm pss{
      .kind = Kind::kRsaPss, .hash = Hash::kSha256, .mgf1_hash = Hash::kSha256, .salt_length = 32};
  EXPECT_EQ(code(rsa, pkcs1, 31, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(rsa, pkcs1, 32, 255), ErrorCode::kBadArgument);
  EXPECT_EQ(code(rsa, pss, 33, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(rsa, {.kind = Kind::kRsaRaw}, 255, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(rsa, {.kind = Kind::kEcdsa}, 32, 256), ErrorCode::kBadArgument);
  EXPECT_EQ(code(ec, {.kind = Kind::kEcdsa}, 32, ec.key()->max_signature_size() - 1),
            ErrorCode::kBadArgument);
  EXPECT_EQ(code(ec, pkcs1, 32, 256), ErrorCode::kBadArgument);
  // And it continues signing.
  EXPECT_TRUE(TrySign(rsa, pkcs1, 32));
  EXPECT_TRUE(TrySign(ec, {.kind = Kind::kEcdsa}, 32));
}

TEST_P(Signs, InManyThreadsAtOnceFromTheFirstUseOn) {
  std::vector<Identity> identities;
  for (const std::string& key : filled.keys()) identities.push_back(filled.Open(key));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < 6; ++n) {
        const Identity& identity = identities[(i + n) % identities.size()];
        EXPECT_TRUE(Verifies(identity, identity.key()->schemes().front())) << identity.user_name();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(Signs, InForkedChildrenAndTheirsAndAfterwards) {
  const Identity fresh = filled.Open("ec:P-256");
  const Identity used = filled.Open("rsa:2048");
  using enum SignatureScheme;
  ASSERT_TRUE(Verifies(used, kRsaPssRsaeSha256));
  const auto both = [&] {
    return Verifies(fresh, kEcdsaSecp256r1Sha256) && Verifies(used, kRsaPssRsaeSha256);
  };
  EXPECT_TRUE(InChild([&] { return both() && InChild(both); }));
  EXPECT_TRUE(InChild(both));
  EXPECT_TRUE(both());
}

TEST_P(Signs, WhenItsSourceIsGone) {
  const Identity identity = filled.Open("ec:P-384");
  filled.DropSource();
  EXPECT_TRUE(Verifies(identity, SignatureScheme::kEcdsaSecp384r1Sha384));
}

TEST_P(Signs, AfterUnlockWithoutBeingLocked) {
  const Identity identity = filled.Open("ec:P-256");
  identity.key()->Unlock();
  EXPECT_FALSE(identity.key()->locked());
  EXPECT_TRUE(Verifies(identity, SignatureScheme::kEcdsaSecp256r1Sha256));
}

INSTANTIATE_TEST_SUITE_P(Conformance, SignsDigests, ::testing::ValuesIn(SourcesOfDigests()),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Conformance, Signs, ::testing::ValuesIn(Sources()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet::conformance
