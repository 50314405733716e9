#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <atomic>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using Context = ModuleBehaviour::AlwaysAuthenticate;
using Pkcs11Pin = OnWrappedToken;

std::string WithPin(const std::string& uri, const std::string& pin) { return uri + "?pin-value=" + pin; }

TEST_F(Pkcs11Pin, AWrongOneUsesUpExactlyOneTry) {
  Pkcs11Source source(settings());
  const std::string uri = WithPin(Uri(false), "9999");
  EXPECT_EQ(CodeOf([&] { LoadKey(source, uri); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 1u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CodeOf([&] { LoadKey(source, uri); }), ErrorCode::kWrongPin);
  const Listing listing = source.List(uri, nullptr);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kWrongPin);
  EXPECT_TRUE(listing.identities.empty());
  EXPECT_EQ(module->Count("C_Login"), 1u);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11Pin, ARejectedOneIsNotSentByOtherThreadsSourcesOrProcesses) {
  const std::string uri = WithPin(Uri(false), "9998");
  Pkcs11Source source(settings());
  Pkcs11Source other(settings());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { EXPECT_EQ(CodeOf([&] { LoadKey(source, uri); }), ErrorCode::kWrongPin); });
    }
  }
  EXPECT_EQ(CodeOf([&] { LoadKey(other, uri); }), ErrorCode::kWrongPin);
  EXPECT_TRUE(InChild([&] { return CodeOf([&] { LoadKey(source, uri); }) == ErrorCode::kWrongPin; }));
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

TEST_F(Pkcs11Pin, OneThatWasRejectedInAForkedWorkerIsNotSentByItsParent) {
  const std::string uri = WithPin(Uri(false), "9997");
  Pkcs11Source source(settings());
  EXPECT_EQ(source.List(Uri(false), nullptr).identities.size(), 1u);
  EXPECT_TRUE(InChild([&] { return CodeOf([&] { LoadKey(source, uri); }) == ErrorCode::kWrongPin; }));
  EXPECT_EQ(CodeOf([&] { LoadKey(source, uri); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

TEST_F(Pkcs11Pin, IsNotSentOnTheFinalTryUnlessAllowed) {
  Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_FINAL_TRY; });
  Pkcs11Source careful(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(careful, Uri()); }), ErrorCode::kPinFinalTry);
  EXPECT_EQ(module->Count("C_Login"), 0u);
  Settings bold = settings();
  bold.allow_final_try = true;
  Pkcs11Source source(bold);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11Pin, FinalTryIsDetectedAfterTheTokenWasFound) {
  Change([](ModuleBehaviour& b) { b.pin_tries = 2; });
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, WithPin(Uri(false), "9996")); }), ErrorCode::kWrongPin);
  EXPECT_EQ(CodeOf([&] { LoadKey(source, WithPin(Uri(false), "9995")); }), ErrorCode::kPinFinalTry);
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

TEST_F(Pkcs11Pin, IsNotSentToALockedToken) {
  Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_LOCKED; });
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kPinLocked);
  EXPECT_EQ(module->Count("C_Login"), 0u);
}

TEST_F(Pkcs11Pin, AKeyKnowsWithoutAskingThatItCannotBeUnlocked) {
  for (const auto& [flag, code] : {std::pair(CKF_USER_PIN_LOCKED, ErrorCode::kPinLocked),
                                   std::pair(CKF_USER_PIN_FINAL_TRY, ErrorCode::kPinFinalTry)}) {
    Change([&](ModuleBehaviour& b) { b.token_flags_set = flag; });
    Pkcs11Source source(settings());
    const Listing listing = source.List(Uri(false), nullptr);
    ASSERT_EQ(listing.identities.size(), 1u);
    PrivateKey& key = *listing.identities[0].key();
    module->Reset();
    ASSERT_TRUE(key.Unavailable());
    EXPECT_EQ(key.Unavailable()->code(), code);
    EXPECT_ANY_THROW(key.Unlock());
    ASSERT_TRUE(key.Unavailable()) << "and still knows after it tried";
    EXPECT_EQ(key.Unavailable()->code(), code);
    EXPECT_EQ(module->Count("C_Login"), 0u);
    Settings bold = settings();
    bold.allow_final_try = true;
    Pkcs11Source allowed(bold);
    EXPECT_EQ(allowed.List(Uri(false), nullptr).identities.at(0).key()->Unavailable().has_value(),
              code == ErrorCode::kPinLocked);
  }
}

TEST_F(Pkcs11Pin, ATokenThatSaysLockedOnlyAtTheLoginIsBelieved) {
  Change(
      [](ModuleBehaviour& b) { b.faults = {{.function = "C_Login", .result = CKR_PIN_LOCKED, .times = 0}}; });
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kPinLocked);
}

TEST_F(Pkcs11Pin, APromptIsInformedOfWrongPins) {
  Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_COUNT_LOW; });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt)));
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_TRUE(prompt->last.count_low);
  EXPECT_FALSE(prompt->last.final_try);
  EXPECT_EQ(prompt->last.name, "signet-test");
  EXPECT_EQ(prompt->last.uri.find("1234"), std::string::npos);
}

TEST_F(Pkcs11Pin, IsReportedIfMissing) {
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri(false)); }), ErrorCode::kPinNeeded);
  const auto prompt = std::make_shared<FixedPrompt>(std::nullopt);
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri(false), prompt); }), ErrorCode::kPinNeeded);
  EXPECT_EQ(prompt->asked, 1);
}

TEST_F(Pkcs11Pin, IsEnteredAtTheReaderWhereThereIsAPad) {
  Change([](ModuleBehaviour& b) { b.reader_pin = "1234"; });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("9994");
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt)));
  EXPECT_EQ(prompt->told, 1);
  EXPECT_EQ(prompt->asked, 0);
}

TEST_F(Pkcs11Pin, IsSentToATokenThatDoesNotAskForOneOnlyWhereLoginBehaviorIsAlways) {
  Change([](ModuleBehaviour& b) { b.token_flags_clear = CKF_LOGIN_REQUIRED; });
  Settings some = settings();
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  {
    Pkcs11Source source(some);
    EXPECT_NE(CodeOf([&] { LoadKey(source, Uri(false), prompt); }), std::nullopt);  // SoftHSM hides it
    EXPECT_EQ(prompt->asked, 0);
    EXPECT_EQ(module->Count("C_Login"), 0u);
  }
  some.Set("pkcs11-module-login-behavior", "always");
  Pkcs11Source source(some);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt)));
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

// As pkcs11-provider has it: the setting is about certificates and public keys, which some tokens hide as
// well.
TEST_F(Pkcs11Pin, IsSentForCertificatesAsLoginBehaviorSays) {
  struct Row {
    const char* behavior;
    bool visible;  // without a login
    std::size_t certificates;
    std::uint64_t logins;
  };
  for (const Row& row : {Row{"auto", true, 1, 0}, Row{"auto", false, 1, 1}, Row{"always", true, 1, 1},
                         Row{"always", false, 1, 1}, Row{"never", true, 1, 0}, Row{"never", false, 0, 0}}) {
    SCOPED_TRACE(std::string(row.behavior) + (row.visible ? ", visible" : ", hidden"));
    Change([&](ModuleBehaviour& b) { b.hide_before_login = !row.visible; });
    module->Reset();
    Settings some = settings();
    some.Set("pkcs11-module-login-behavior", row.behavior);
    Pkcs11Source source(some);
    EXPECT_EQ(source.Load(Uri(), kWantCertificates, nullptr).certificates.size(), row.certificates);
    EXPECT_EQ(module->Count("C_Login"), row.logins);
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
  }
}

TEST_F(Pkcs11Pin, IsNotRequestedForMissingCertificates) {
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  EXPECT_TRUE(source.Load(hsm.ObjectUri("\x07"), kWantCertificates, prompt).certificates.empty());
  EXPECT_EQ(prompt->asked, 0);
}

TEST_F(Pkcs11Pin, EightThreadsThatComeFirstAtOnceLogInOnce) {
  Change([](ModuleBehaviour& b) { b.delays_us = {{"C_Login", 20'000}}; });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { EXPECT_TRUE(Signs(*LoadKey(source, Uri(false), prompt))); });
  }
  EXPECT_EQ(module->Count("C_Login"), 1u);
  EXPECT_EQ(module->Count("C_Initialize"), 1u);
  EXPECT_EQ(prompt->asked, 1);
}

TEST_F(Pkcs11Pin, OfTheSettingsIsForTheOnlyTokenOfTheOnlyModule) {
  Settings with_pin = settings();
  with_pin.token_pin = PinSource::Value(Secret("1234"));
  Pkcs11Source source(with_pin);
  EXPECT_TRUE(Signs(*LoadKey(source, "pkcs11:object=key")));
}

TEST_F(Pkcs11Pin, OfTheSettingsIsSentOnlyIfOneTokenMatches) {
  Settings with_pin = settings();
  with_pin.token_pin = PinSource::Value(Secret("1234"));
  hsm.AddToken({.label = "other"});
  Pkcs11Source source(with_pin);
  try {
    LoadKey(source, "pkcs11:object=key");
    ADD_FAILURE() << "which of the tokens?";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kPinNeeded);
    EXPECT_THAT(error.hint(), ::testing::HasSubstr("Name the token in the URI"));
  }
  EXPECT_EQ(module->Count("C_Login"), 0u);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri(false))));
}

TEST_F(Pkcs11Pin, OfAUriThatMatchesSeveralTokensIsNotSent) {
  hsm.AddToken({.label = "other"});
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { source.Load("pkcs11:object=key?pin-value=1234", kWantAll, nullptr); }),
            ErrorCode::kAmbiguous);
  const Listing listing = source.List("pkcs11:object=key?pin-value=1234", nullptr);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kAmbiguous);
  EXPECT_EQ(module->Count("C_Login"), 0u);
}

TEST_F(Pkcs11Pin, ComesFromEveryPinSource) {
  const TemporaryDirectory directory;
  const std::string file = directory.Write("pin", std::string_view("1234\n"));
  setenv("SIGNET_TEST_TOKEN_PIN", "1234", 1);
  setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  for (const std::string& pin :
       {"file:" + file, file, "file://" + file, std::string("env:SIGNET_TEST_TOKEN_PIN"),
        std::string("credential:pin"), "fd:" + std::to_string(descriptor)}) {
    SCOPED_TRACE(pin);
    Pkcs11Source fresh(settings());
    EXPECT_TRUE(Signs(*LoadKey(fresh, Uri(false) + "?pin-source=" + pin)));
    Settings set = settings();
    lseek(descriptor, 0, SEEK_SET);  // it was read to its end
    set.token_pin = PinSource::Parse(pin);
    Pkcs11Source from_settings(set);
    EXPECT_TRUE(Signs(*LoadKey(from_settings, Uri(false))));
  }
  close(descriptor);
  unsetenv("SIGNET_TEST_TOKEN_PIN");
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(Pkcs11Pin, FromASourceThatIsNotThereIsAnErrorAndSpendsNoTry) {
  for (const char* pin : {"file:/no/such/pin", "env:SIGNET_NO_SUCH_PIN", "credential:none", "fd:987"}) {
    Pkcs11Source source(settings());
    EXPECT_TRUE(CodeOf([&] { LoadKey(source, Uri(false) + "?pin-source=" + pin); }).has_value()) << pin;
  }
  EXPECT_EQ(module->Count("C_Login"), 0u);
}

TEST_F(Pkcs11Pin, IsInNoErrorAndNoLog) {
  std::string log;
  Settings logging = settings();
  logging.call_log_callback = [&](std::string_view line) { log += line; };
  Pkcs11Source source(logging);
  try {
    LoadKey(source, WithPin(Uri(false), "87654321"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("87654321"), std::string::npos);
  }
  EXPECT_NE(log.find("C_Login = CKR_PIN_INCORRECT"), std::string::npos) << log;
  EXPECT_EQ(log.find("87654321"), std::string::npos);
}

class Pkcs11ContextPin : public OnWrappedToken, public ::testing::WithParamInterface<Context> {};

INSTANTIATE_TEST_SUITE_P(Attribute, Pkcs11ContextPin,
                         ::testing::Values(Context::kEnforced, Context::kEnforcedAndHidden),
                         [](const auto& one) {
                           return one.param == Context::kEnforced ? "Shown" : "Hidden";
                         });

TEST_P(Pkcs11ContextPin, IsSentBetweenInitAndSignWithNothingElse) {
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = GetParam();
    b.context_pin = "1234";
  });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  const auto key = LoadKey(source, Uri(false), prompt);
  EXPECT_TRUE(Signs(*key));
  for (int i = 0; i < 3; ++i) {
    module->Reset();
    EXPECT_TRUE(Signs(*key));
    std::vector<std::string> functions;
    for (const TracedCall& call : module->Trace()) functions.push_back(call.function);
    EXPECT_THAT(functions, ::testing::ElementsAre("C_GetTokenInfo", "C_SignInit", "C_Login", "C_Sign"))
        << "the flags are read before, and nothing comes between";
  }
  EXPECT_EQ(prompt->asked, 1);
}

TEST_P(Pkcs11ContextPin, ThreadsDoNotComeBetween) {
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = GetParam();
    b.context_pin = "1234";
    b.delay_us = 200;
  });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_TRUE(Signs(*key));
  module->Reset();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 3; ++n) EXPECT_TRUE(Signs(*key));
      });
    }
  }
  const auto trace = module->Trace();
  ASSERT_EQ(trace.size(), 96u);
  int signatures = 0;
  for (std::size_t i = 0; i + 2 < trace.size(); ++i) {
    if (trace[i].function != "C_SignInit") continue;
    EXPECT_EQ(trace[i + 1].function, "C_Login");
    EXPECT_EQ(trace[i + 2].function, "C_Sign");
    ++signatures;
  }
  EXPECT_EQ(signatures, 24);
}

TEST_P(Pkcs11ContextPin, AWrongOneIsSentOnce) {
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = GetParam();
    b.context_pin = "5678";
  });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 2u);  // one for the user, one for the operation
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kWrongPin);
  EXPECT_EQ(module->Count("C_Login"), 2u);
}

TEST_P(Pkcs11ContextPin, IsNotSentToATokenAtItsFinalTry) {
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = GetParam();
    b.context_pin = "1234";
  });
  for (const bool allowed : {false, true}) {
    Settings bold = settings();
    bold.allow_final_try = allowed;
    Change([](ModuleBehaviour& b) { b.token_flags_set = 0; });
    Pkcs11Source source(bold);
    const auto key = LoadKey(source, Uri());  // logs the user in
    Change([](ModuleBehaviour& b) { b.token_flags_set = CKF_USER_PIN_FINAL_TRY; });
    module->Reset();
    if (allowed) {
      EXPECT_TRUE(Signs(*key));
    } else {
      EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kPinFinalTry);
      EXPECT_EQ(module->Count("C_Login"), 0u);
    }
  }
}

TEST_P(Pkcs11ContextPin, IsRequestedOnceForManyThreadsAndAWrongOneIsSentOnce) {
  for (const char* right : {"4711", "0815"}) {
    Change([&](ModuleBehaviour& b) {
      b.always_authenticate = GetParam();
      b.context_pin = right;
    });
    Pkcs11Source source(settings());
    const auto prompt = std::make_shared<FixedPrompt>("4711");
    const auto key = LoadKey(source, Uri(), prompt);
    EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kWrongPin);  // The user's was tried for the key.
    module->Reset();
    std::atomic<int> signatures{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          if (!CodeOf([&] { EXPECT_TRUE(Signs(*key)); })) ++signatures;
        });
      }
    }
    if (std::string_view(right) == "4711") {
      EXPECT_EQ(prompt->asked, 1);
      EXPECT_EQ(signatures, 8);
    } else {
      EXPECT_EQ(signatures, 0);
      EXPECT_EQ(module->Count("C_Login"), 1u);
    }
    // The next round is another token, of which nothing was refused.
    Change([](ModuleBehaviour& b) { b.serial = GetParam() == Context::kEnforced ? "shown" : "hidden"; });
  }
}

TEST_P(Pkcs11ContextPin, MayDifferFromTheUsersAndIsAskedForOnce) {
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = GetParam();
    b.context_pin = "5678";
  });
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("5678");
  const auto key = LoadKey(source, Uri(), prompt);
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kWrongPin);  // The user's was tried for the key.
  EXPECT_EQ(prompt->asked, 0);
  EXPECT_TRUE(Signs(*key));
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_EQ(prompt->last.kind, PinRequest::Kind::kContextPin);
}

}  // namespace
}  // namespace signet::testing
