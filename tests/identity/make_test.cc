// Identity::Make: when key and certificate belong together, and when that is known.
#include "identity/forwarding_key.h"
#include "identity/partial_spki.h"
#include "identity/public_key.h"
#include "pkcs12/file_key.h"
#include "test_own_key.h"
#include <signet/identity.h>

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::Each;
using testing::TestIdentity;
using testing::TestPki;

std::optional<ErrorCode> CodeOf(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

// ClaimingKey says that it is the key of `claimed`, and signs with its own.
class ClaimingKey final : public ForwardingKey {
 public:
  ClaimingKey(const TestIdentity& own, std::vector<std::uint8_t> claimed)
      : ForwardingKey(FileKey::FromPkcs8(own.private_key)), claimed_(std::move(claimed)) {}
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override { return claimed_; }
  Proof proof() const noexcept override { return Proof::kNone; }

 private:
  const std::vector<std::uint8_t> claimed_;
};

std::vector<std::uint8_t> SpkiOf(const TestIdentity& identity) {
  const auto spki = identity.certificate.subject_public_key_info();
  return {spki.begin(), spki.end()};
}

std::vector<std::uint8_t> PartialOf(const TestIdentity& identity) {
  const PublicKey key = PublicKey::FromSpki(identity.certificate.subject_public_key_info());
  return PartialSpki({.type = key.type(), .curve = key.curve()});
}

class Make : public ::testing::TestWithParam<const char*> {
 protected:
  const TestPki pki;
  const TestIdentity alice = pki.Issue({.key = GetParam(), .common_name = "alice"});
  const TestIdentity eve = pki.Issue({.key = GetParam(), .common_name = "eve"});

  static Identity With(const TestIdentity& certified, std::shared_ptr<PrivateKey> key) {
    return Identity::Make(CertificateChain(certified.certificate, certified.issuers), std::move(key));
  }
  static std::optional<ErrorCode> SignCode(const Identity& identity) {
    return CodeOf([&] { identity.key()->SignMessage(identity.key()->schemes().front(), {}); });
  }
};

TEST_P(Make, TakesTheLeafsKeyAndKnowsItAtOnce) {
  const Identity identity = With(alice, FileKey::FromPkcs8(alice.private_key));
  EXPECT_TRUE(identity.proven());
  EXPECT_EQ(identity.source(), Identity::Source::kApplication);
  EXPECT_EQ(identity.uri(), "");
}

TEST_P(Make, RefusesAnotherKeyAndNone) {
  EXPECT_EQ(CodeOf([&] { With(alice, FileKey::FromPkcs8(eve.private_key)); }),
            ErrorCode::kKeyCertificateMismatch);
  EXPECT_EQ(CodeOf([&] { With(alice, MakeKey(std::make_shared<TestOwnKey>(eve))); }),
            ErrorCode::kKeyCertificateMismatch);
  EXPECT_EQ(CodeOf([&] { With(alice, nullptr); }), ErrorCode::kBadArgument);
}

TEST_P(Make, AKeysClaimIsProvenByItsFirstSignature) {
  const Identity identity = With(alice, std::make_shared<ClaimingKey>(alice, SpkiOf(alice)));
  EXPECT_FALSE(identity.proven());
  EXPECT_EQ(SignCode(identity), std::nullopt);
  EXPECT_TRUE(identity.proven());
}

TEST_P(Make, NoSignatureOfAKeyThatLiesIsReleased) {
  const Identity identity = With(alice, std::make_shared<ClaimingKey>(eve, SpkiOf(alice)));
  EXPECT_EQ(SignCode(identity), ErrorCode::kKeyCertificateMismatch);
  EXPECT_FALSE(identity.proven());
  ASSERT_TRUE(identity.key()->Unavailable());
  EXPECT_EQ(identity.key()->Unavailable()->code(), ErrorCode::kKeyCertificateMismatch);
  EXPECT_FALSE(identity.key()->ExportPkcs8()) << "nor are its bytes";

  const SigningAlgorithm algorithm = AlgorithmOf(identity.key()->schemes().front());
  const auto input =
      algorithm.hash == Hash::kNone ? std::vector<std::uint8_t>(32) : Digest(algorithm.hash, {});
  std::vector<std::uint8_t> room(identity.key()->max_signature_size());
  EXPECT_EQ(CodeOf([&] { identity.key()->Sign(algorithm, input, room); }),
            ErrorCode::kKeyCertificateMismatch);
  EXPECT_THAT(room, Each(0));
}

TEST_P(Make, AKeyOfWhichTypeAndCurveAloneAreKnownIsProvenByItsFirstSignature) {
  if (PartialOf(alice).empty()) GTEST_SKIP() << "an RSA key has no such form";
  const Identity right = With(alice, std::make_shared<ClaimingKey>(alice, PartialOf(alice)));
  EXPECT_FALSE(right.proven());
  EXPECT_THAT(right.key()->subject_public_key_info(), ::testing::ElementsAreArray(SpkiOf(alice)));
  EXPECT_EQ(SignCode(right), std::nullopt);
  EXPECT_TRUE(right.proven());

  const Identity wrong = With(alice, std::make_shared<ClaimingKey>(eve, PartialOf(alice)));
  EXPECT_EQ(SignCode(wrong), ErrorCode::kKeyCertificateMismatch);

  const TestIdentity other = pki.Issue({.key = "ec:P-384"});
  EXPECT_EQ(CodeOf([&] { With(alice, std::make_shared<ClaimingKey>(other, PartialOf(other))); }),
            ErrorCode::kKeyCertificateMismatch)
      << "another curve is known to be wrong";
}

TEST_P(Make, WithAnotherChainTheProofStays) {
  const Identity identity = With(alice, std::make_shared<ClaimingKey>(alice, SpkiOf(alice)));
  const Identity again = identity.WithChain(CertificateChain(alice.certificate));
  EXPECT_EQ(SignCode(identity), std::nullopt);
  EXPECT_TRUE(again.proven());
  const TestIdentity renewed = TestPki().Certify(alice.certificate.subject_public_key_info(), {});
  EXPECT_TRUE(identity.WithChain(CertificateChain(renewed.certificate)).proven());
  EXPECT_EQ(CodeOf([&] { identity.WithChain(CertificateChain(eve.certificate)); }),
            ErrorCode::kKeyCertificateMismatch);
}

INSTANTIATE_TEST_SUITE_P(Identity, Make, ::testing::Values("rsa:2048", "ec:P-256", "ed25519"),
                         [](const auto& row) { return "Key" + std::to_string(row.index); });

}  // namespace
}  // namespace signet
