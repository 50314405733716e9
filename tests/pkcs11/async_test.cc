#include "identity/hashes.h"
#include "identity/signature_schemes.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

struct Answer {
  std::vector<std::uint8_t> signature;
  std::optional<ErrorCode> error;
  std::thread::id thread;
};

const std::vector<std::uint8_t> kDigest(32, 7);

const SigningAlgorithm& Ecdsa() { return RowOf(SignatureScheme::kEcdsaSecp256r1Sha256).algorithm; }

std::future<Answer> SignLater(PrivateKey& key, const SigningAlgorithm& algorithm = Ecdsa()) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto answer = promise->get_future();
  key.SignAsync(algorithm, kDigest, [promise](std::vector<std::uint8_t> signature, const Error* error) {
    promise->set_value({.signature = std::move(signature),
                        .error = error != nullptr ? std::optional(error->code()) : std::nullopt,
                        .thread = std::this_thread::get_id()});
  });
  return answer;
}

class Pkcs11Async : public OnWrappedToken {
 protected:
  Pkcs11Async() : source(settings()), key(LoadKey(source, Uri())) { EXPECT_TRUE(Signs(*key)); }
  bool Verifies(const Answer& answer) const {
    return PublicKey::FromSpki(alice.certificate.subject_public_key_info())
        .Verify(Ecdsa(), kDigest, answer.signature);
  }

  Pkcs11Source source;
  std::shared_ptr<PrivateKey> key;
};

TEST_F(Pkcs11Async, OneThreadRunsManySignaturesWithTwoCallsEach) {
  module->Reset();
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 16}}; });
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 16; ++i) answers.push_back(SignLater(*key));
  for (auto& future : answers) {
    const Answer answer = future.get();
    EXPECT_EQ(answer.error, std::nullopt);
    EXPECT_NE(answer.thread, std::this_thread::get_id());
    EXPECT_TRUE(Verifies(answer));
  }
  EXPECT_GE(module->MaxInFlight(), 16);
  EXPECT_EQ(module->Count("C_Sign"), 16u);
  EXPECT_EQ(module->Count("*"), 32u + 2 * module->Count("C_OpenSession"));
}

TEST_F(Pkcs11Async, WorkersAreBoundedByTheSessions) {
  Settings few = settings();
  few.max_sessions = 3;
  Pkcs11Source bounded(few);
  const auto bounded_key = LoadKey(bounded, Uri());
  EXPECT_TRUE(Signs(*bounded_key));
  module->Reset();
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 3}}; });
  std::vector<std::future<Answer>> answers;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 32; ++i) answers.push_back(SignLater(*bounded_key));
  for (auto& future : answers) threads.insert(future.get().thread);
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_EQ(module->MaxInFlight(), 3);
}

TEST_F(Pkcs11Async, ErrorsArriveWithTheAnswer) {
  EXPECT_EQ(SignLater(*key, RowOf(SignatureScheme::kRsaPssRsaeSha256).algorithm).get().error,
            ErrorCode::kBadArgument);
  module->RemoveToken();
  const Answer answer = SignLater(*key).get();
  EXPECT_EQ(answer.error, ErrorCode::kTokenAbsent);
  EXPECT_TRUE(answer.signature.empty());
  module->ReturnToken();
  EXPECT_TRUE(Verifies(SignLater(*key).get()));
}

TEST_F(Pkcs11Async, TheKeyExistsUntilTheAnswer) {
  module->Reset();
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 2}}; });
  Pkcs11Source another(settings());
  auto last = SignLater(*LoadKey(another, Uri()));
  EXPECT_TRUE(Signs(*key));
  EXPECT_TRUE(Verifies(last.get()));
}

TEST_F(Pkcs11Async, AChildSignsWithItsOwnWorkersAndTheParentGetsItsResult) {
  module->Reset();
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 2}}; });
  auto before = SignLater(*key);
  EXPECT_TRUE(InChild([&] {
    alarm(60);
    return Verifies(SignLater(*key).get());
  }));
  EXPECT_TRUE(Verifies(before.get()));
}

TEST_F(Pkcs11Async, AKeyInThisProcessAnswersAtOnce) {
  // As every key does that does not say otherwise.
  class Direct final : public PrivateKey {
   public:
    KeyType type() const noexcept override { return KeyType::kEc; }
    std::span<const std::uint8_t> subject_public_key_info() const noexcept override { return {}; }
    std::vector<SignatureScheme> schemes() const override { return {}; }
    std::size_t max_signature_size() const noexcept override { return 8; }
    bool Supports(const SigningAlgorithm&) const override { return true; }
    bool in_hardware() const noexcept override { return false; }
    std::size_t Sign(const SigningAlgorithm&, std::span<const std::uint8_t>,
                     std::span<std::uint8_t>) override {
      return 5;
    }
  } direct;
  auto answer = SignLater(direct);
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const Answer got = answer.get();
  EXPECT_EQ(got.signature.size(), 5u);
  EXPECT_EQ(got.thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace signet::testing
