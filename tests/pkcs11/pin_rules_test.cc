// What a PIN needs before it is sent, as far as SoftHSM behind the wrapping module can show it.
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using Pkcs11PinRules = OnWrappedToken;

TEST_F(Pkcs11PinRules, FlagsAreReadRightBeforeEachLogin) {
  Pkcs11Source source(settings());
  const Listing listing = source.List(Uri(false), nullptr);
  ASSERT_EQ(listing.identities.size(), 1u);
  for (const auto& [flag, code] : {std::pair(CKF_USER_PIN_FINAL_TRY, ErrorCode::kPinFinalTry),
                                   std::pair(CKF_USER_PIN_LOCKED, ErrorCode::kPinLocked)}) {
    Change([&](ModuleBehaviour& b) { b.token_flags_set = flag; });
    EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), code) << "load, after it was listed";
    EXPECT_EQ(CodeOf([&] { listing.identities[0].key()->Unlock(); }), code);
    EXPECT_EQ(source.List(Uri(), nullptr).problems.at(0).error.code(), code);
  }
  EXPECT_EQ(module->Count("C_Login"), 0u);
  Change([](ModuleBehaviour& b) { b.token_flags_set = 0; });
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11PinRules, AnEmptyPinFromAnySourceIsNotSent) {
  const TemporaryDirectory directory;
  const std::string file = directory.Write("empty", std::string_view("\n"));
  setenv("SIGNET_TEST_EMPTY_PIN", "", 1);
  const auto prompt = std::make_shared<FixedPrompt>("");
  for (const std::string& uri :
       {Uri(false) + "?pin-source=file:" + file, Uri(false) + "?pin-source=env:SIGNET_TEST_EMPTY_PIN",
        Uri(false) + "?pin-value="}) {
    Pkcs11Source source(settings());
    try {
      LoadKey(source, uri, prompt);
      ADD_FAILURE() << uri;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kPinNeeded) << uri;
      EXPECT_THAT(error.detail(), ::testing::HasSubstr("empty")) << uri;
    }
  }
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri(false), prompt); }), ErrorCode::kPinNeeded)
      << "Enter at a prompt";
  EXPECT_EQ(module->Count("C_Login"), 0u);
  unsetenv("SIGNET_TEST_EMPTY_PIN");
}

TEST_F(Pkcs11PinRules, AnEmptyPinValueIsSentToATokenWhosePinMustBeChanged) {
  Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_TO_BE_CHANGED; });
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri(false) + "?pin-value="); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

class Pkcs11LoginAnswer : public OnWrappedToken, public ::testing::WithParamInterface<unsigned long> {};

INSTANTIATE_TEST_SUITE_P(Codes, Pkcs11LoginAnswer,
                         ::testing::Values(CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED,
                                           CKR_FUNCTION_FAILED, CKR_GENERAL_ERROR, CKR_HOST_MEMORY,
                                           CKR_SESSION_CLOSED, CKR_SESSION_HANDLE_INVALID,
                                           CKR_OPERATION_NOT_INITIALIZED, CKR_USER_NOT_LOGGED_IN,
                                           CKR_CRYPTOKI_NOT_INITIALIZED, CKR_PIN_EXPIRED,
                                           CKR_FUNCTION_CANCELED, CKR_TOKEN_NOT_PRESENT,
                                           CKR_KEY_HANDLE_INVALID, 0x80000001UL));

TEST_P(Pkcs11LoginAnswer, SendsThePinOnceInTheActionThoughTheTokenMayHaveCheckedIt) {
  for (const bool after : {false, true}) {
    for (const bool list : {false, true}) {
      Pkcs11Source source(settings());
      module->Set({.faults = {{.function = "C_Login", .result = GetParam(), .times = 0, .after = after}}});
      module->Reset();
      if (list) {
        source.List(Uri(), nullptr);
      } else {
        CodeOf([&] { LoadKey(source, Uri()); });
      }
      EXPECT_LE(module->Count("C_Login"), 1u);
      module->Set({});
      EXPECT_TRUE(Signs(*LoadKey(source, Uri()))) << "the next action may";
    }
  }
}

TEST_P(Pkcs11LoginAnswer, AtTheLoginOfOneOperationToo) {
  module->Set({.always_authenticate = ModuleBehaviour::AlwaysAuthenticate::kEnforced, .context_pin = "1234"});
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_TRUE(Signs(*key));
  Change([](ModuleBehaviour& b) { b.faults = {{.function = "C_Login", .result = GetParam(), .times = 0}}; });
  module->Reset();
  EXPECT_TRUE(CodeOf([&] { Signs(*key); }).has_value());
  EXPECT_LE(module->Count("C_Login"), 2u)
      << "one for the operation, one for a user whose last session was closed";
  Change([](ModuleBehaviour& b) { b.faults = {}; });
  EXPECT_TRUE(Signs(*key));
}

// One thread is in C_Login when the others begin to wait for it.
TEST_P(Pkcs11LoginAnswer, IsThatOfAllThreadsThatWaitForIt) {
  const auto fail = [](ModuleBehaviour& b) {
    b.faults = {{.function = "C_Login", .result = GetParam(), .times = 0}};
  };
  Change([&](ModuleBehaviour& b) {
    fail(b);
    b.gather = {{"C_Login", 1000}};
  });
  Pkcs11Source source(settings());
  std::array<std::atomic<pid_t>, 8> ids{};
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (auto& id : ids) {
      threads.emplace_back([&] {
        id = gettid();
        if (CodeOf([&] { LoadKey(source, Uri(false) + "?pin-value=9999"); })) ++failures;
      });
    }
    const auto all_wait = [&] {
      return module->Count("C_Login") == 1 &&
             std::ranges::all_of(ids, [](const auto& id) { return id != 0 && Sleeps(id); });
    };
    for (int i = 0; i < 20'000 && !all_wait(); ++i) usleep(1000);
    Change([&](ModuleBehaviour& b) {
      fail(b);
      b.gather = {};
    });
  }
  EXPECT_EQ(failures, 8);
  EXPECT_EQ(module->Count("C_Login"), 1u);
  module->Set({});
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11PinRules, APinThatFailedInAnotherThreadDoesNotKeepAnotherPinBack) {
  Change([](ModuleBehaviour& b) { b.delays_us = {{"C_Login", 200'000}}; });
  Pkcs11Source source(settings());
  std::jthread wrong([&] { CodeOf([&] { LoadKey(source, Uri(false) + "?pin-value=9999"); }); });
  while (module->Count("C_Login") == 0) usleep(1000);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11PinRules, OnlyTokensThatRequireALoginAreCandidatesForTheConfiguredPin) {
  const std::string trust = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-trust.so";
  ASSERT_TRUE(std::filesystem::exists(trust));
  Settings both = settings();
  both.modules.push_back(trust);
  both.token_pin = PinSource::Value(Secret("1234"));
  Pkcs11Source source(both);
  EXPECT_TRUE(Signs(*LoadKey(source, "pkcs11:object=key")));
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

TEST_F(Pkcs11PinRules, AListSaysThatTheConfiguredPinFitsSeveralTokens) {
  hsm.AddToken({.label = "other"});
  Settings with_pin = settings();
  with_pin.token_pin = PinSource::Value(Secret("9999"));
  Pkcs11Source source(with_pin);
  const Listing listing = source.List("pkcs11:", nullptr);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kAmbiguous);
  EXPECT_EQ(listing.identities.size(), 1u);
  EXPECT_EQ(module->Count("C_Login"), 0u);
}

TEST_F(Pkcs11PinRules, ARotatedPinFileIsReadBeforeTheKeptPinIsSent) {
  const TemporaryDirectory directory;
  const std::string file = directory.Write("pin", std::string_view("1234\n"));
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri(false) + "?pin-source=file:" + file);
  EXPECT_TRUE(Signs(*key));
  std::filesystem::remove(file);
  module->LogOut();
  EXPECT_TRUE(Signs(*key)) << "the PIN that worked serves where the file is gone";
  directory.Write("pin", std::string_view("8888\n"));
  module->LogOut();
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kWrongPin) << "the file's comes first";
}

// UsingPrompt uses the token that it asks the PIN for.
class UsingPrompt final : public PinPrompt {
 public:
  explicit UsingPrompt(std::function<void()> use) : use_(std::move(use)) {}
  std::optional<Secret> Ask(const PinRequest&) override {
    const auto code = CodeOf(use_);
    if (!first) first = code.value_or(ErrorCode::kInternal);
    return Secret("1234");
  }
  std::optional<ErrorCode> first;

 private:
  const std::function<void()> use_;
};

TEST_F(Pkcs11PinRules, APromptThatUsesItsTokenGetsAnErrorAndDoesNotHang) {
  Pkcs11Source source(settings());
  std::shared_ptr<UsingPrompt> prompt;
  prompt = std::make_shared<UsingPrompt>([&] { LoadKey(source, Uri(false), prompt); });
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt)));
  EXPECT_EQ(prompt->first, ErrorCode::kBadArgument);
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

// ProgramsPrompt hands over what a program takes for the key's pass phrase.
class ProgramsPrompt final : public PinPrompt {
 public:
  explicit ProgramsPrompt(std::string answer) : answer_(std::move(answer)) {}
  std::optional<Secret> Ask(const PinRequest&) override { return Secret(answer_); }
  bool asks_person() const noexcept override { return false; }

 private:
  const std::string answer_;
};

TEST_F(Pkcs11PinRules, AProgramsPassPhraseIsNotSentWhileAWrongPinWasEnteredLast) {
  Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_COUNT_LOW; });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<ProgramsPrompt>("1234");
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri(false), prompt); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 0u);
  Change([](ModuleBehaviour& b) { b.token_flags_set = 0; });
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt)));
}

TEST_F(Pkcs11PinRules, AProgramsFailedPassPhraseIsSentOnceInAProcess) {
  const auto prompt = std::make_shared<ProgramsPrompt>("whatever");
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = "C_Login", .result = CKR_GENERAL_ERROR, .times = 0}};
  });
  for (int i = 0; i < 3; ++i) {
    Pkcs11Source source(settings());
    EXPECT_TRUE(CodeOf([&] { LoadKey(source, Uri(false), prompt); }).has_value());
  }
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

std::size_t ThreadsOfThisProcess() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

TEST_F(Pkcs11PinRules, NoThreadIsStartedUnlessRequested) {
  std::thread([] {}).join();  // with the first one, ThreadSanitizer's runtime starts one of its own
  const std::size_t before = ThreadsOfThisProcess();
  Settings soon = settings();
  soon.session_idle = std::chrono::milliseconds(20);
  Pkcs11Source source(soon);
  source.List(Uri(), nullptr);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after a list";
  module->LogOut();
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  Pkcs11Source asking(soon);
  const auto key = LoadKey(asking, Uri(false), prompt);
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after a prompt";
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(Signs(*key)); });
  }
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after signatures from eight threads";
  usleep(100'000);
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after idling";
}

}  // namespace
}  // namespace signet::testing
