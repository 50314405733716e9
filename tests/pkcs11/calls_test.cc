#include "pkcs11/fillers.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::testing {
namespace {

// Pkcs11Calls counts; its token has further objects, to see that they do not matter.
class Pkcs11Calls : public OnWrappedToken, public ::testing::WithParamInterface<int> {
 protected:
  Pkcs11Calls() {
    hsm.Import(pki.Issue({.key = "rsa:2048", .common_name = "bob"}), {.id = "\x02", .label = "bob"});
    AddFillers(hsm, TestPki().root().certificate, GetParam());
  }
};

// The token has a thousand objects, or the three of each of two identities.
INSTANTIATE_TEST_SUITE_P(Fillers, Pkcs11Calls, ::testing::Values(0, 994));

TEST_P(Pkcs11Calls, TheFirstKeyTakesAtMost20AndTheNextAtMost9ByIdOrLabel) {
  for (const bool by_label : {false, true}) {
    Pkcs11Source source(settings());
    module->Reset();
    const std::string first =
        by_label ? hsm.TokenUri() + ";object=key?pin-value=1234" : hsm.ObjectUri("\x01", true);
    const std::string next =
        by_label ? hsm.TokenUri() + ";object=bob?pin-value=1234" : hsm.ObjectUri("\x02", true);
    const auto key = LoadKey(source, first);
    EXPECT_LE(module->Count("*"), 20u);
    module->Reset();
    const auto second = LoadKey(source, next);
    EXPECT_LE(module->Count("*"), 9u);
    module->Reset();
    EXPECT_TRUE(Signs(*key));
    EXPECT_TRUE(Signs(*second));
    EXPECT_EQ(module->Count("*"), 4u);
  }
}

class Pkcs11Pool : public OnWrappedToken, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Sessions, Pkcs11Pool, ::testing::Values(1, 2, 16));

TEST_P(Pkcs11Pool, ServesThirtyTwoThreadsWithTheSessionsThatTheTokenHas) {
  const auto sessions = static_cast<std::uint64_t>(GetParam());
  for (const bool hidden : {false, true}) {
    module->Set({.delays_us = {{"C_Sign", 300}}, .max_sessions = sessions, .hide_session_limit = hidden});
    Pkcs11Source source(settings());
    const auto key = LoadKey(source, Uri());
    module->Reset();
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 32; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 4; ++n) EXPECT_TRUE(Signs(*key));
        });
      }
    }
    EXPECT_EQ(module->Count("C_Sign"), 128u);
    EXPECT_LE(module->MaxInFlight(), GetParam() + (hidden ? 32 : 0));
    if (!hidden) {
      EXPECT_LT(module->Count("C_OpenSession"), sessions + 1);
    }
  }
}

// Every session is in a call that hangs, and the other threads wait for one, when the process forks; the
// child's own call is the one that lets all continue.
TEST_P(Pkcs11Pool, OfAChildForkedFromThirtyTwoThreadsIsSeparate) {
  const auto sessions = static_cast<std::uint64_t>(GetParam());
  Change([&](ModuleBehaviour& b) { b.max_sessions = sessions; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  Change([&](ModuleBehaviour& b) { b.gather = {{"C_Sign", sessions + 1}}; });
  module->Reset();
  const auto hanging = [this] {
    return std::ranges::count_if(module->Trace(), [](const TracedCall& call) {
      return call.function == "C_Sign" && call.result == CKR_FUNCTION_NOT_PARALLEL;
    });
  };
  std::array<std::atomic<pid_t>, 32> ids{};
  // None of them may hold a lock of a library's at the fork: all wait, in the call or for a session.
  const auto all_wait = [&] {
    return hanging() == GetParam() &&
           std::ranges::all_of(ids, [](const auto& id) { return id != 0 && Sleeps(id); });
  };
  {
    std::vector<std::jthread> threads;
    for (auto& id : ids) {
      threads.emplace_back([&] {
        id = gettid();
        EXPECT_TRUE(Signs(*key));
      });
    }
    for (int i = 0; i < 10'000 && !all_wait(); ++i) usleep(1000);
    EXPECT_EQ(hanging(), GetParam());
    EXPECT_TRUE(InChild([&] { return Signs(*key); }));
  }
  EXPECT_EQ(module->Count("C_Sign"), 33u);
}

using Pkcs11PoolLimit = OnWrappedToken;

TEST_F(Pkcs11PoolLimit, OfTheSettingsIsKept) {
  Change([](ModuleBehaviour& b) { b.delays_us = {{"C_Sign", 2000}}; });
  Settings few = settings();
  few.max_sessions = 3;
  Pkcs11Source source(few);
  const auto key = LoadKey(source, Uri());
  module->Reset();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) threads.emplace_back([&] { EXPECT_TRUE(Signs(*key)); });
  }
  EXPECT_LE(module->MaxInFlight(), 3);
  EXPECT_EQ(module->Count("C_OpenSession"), 2u);
}

TEST_F(Pkcs11PoolLimit, SignaturesOverlapAndNoLockIsHeldDuringACall) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 8}}; });
  module->Reset();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(Signs(*key)); });
  }
  EXPECT_EQ(module->MaxInFlight(), 8);
}

TEST_F(Pkcs11PoolLimit, IdleSessionsAreClosedByTheNextSignatureAndTheLoginStays) {
  Settings soon = settings();
  soon.session_idle = std::chrono::milliseconds(20);
  Pkcs11Source source(soon);
  const auto key = LoadKey(source, Uri());
  module->Reset();
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 8}}; });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(Signs(*key)); });
  }
  EXPECT_EQ(module->Count("C_OpenSession"), 7u);
  EXPECT_EQ(module->Count("C_CloseSession"), 0u);
  module->Set({});
  usleep(40'000);
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("C_CloseSession"), 7u);
  EXPECT_EQ(module->Count("C_Login"), 0u);
  module->Set({});
  module->Reset();
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("*"), 2u);
}

TEST_F(Pkcs11PoolLimit, ReadWriteSessionsAreUsedWhereThereAreNoOthers) {
  Change(
      [](ModuleBehaviour& b) { b.faults = {{.function = "C_OpenSession", .result = CKR_FUNCTION_FAILED}}; });
  Pkcs11Source source(settings());
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11PoolLimit, SessionsAreClosedWithTheLastKey) {
  {
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
  }
  EXPECT_EQ(module->Count("C_OpenSession"), module->Count("C_CloseSession"));
  EXPECT_EQ(module->Count("C_Finalize"), 1u);
}

TEST_F(Pkcs11PoolLimit, TheCallLogNamesTokenMechanismAndResult) {
  const TemporaryDirectory directory;
  Settings logging = settings();
  logging.call_log = directory.path() + "/log";
  Pkcs11Source source(logging);
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
  FILE* file = std::fopen(logging.call_log.c_str(), "r");
  ASSERT_NE(file, nullptr);
  std::string text(65536, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  EXPECT_THAT(text, ::testing::ContainsRegex("signet-test C_SignInit CKM_ECDSA = CKR_OK \\([0-9.]+ ms\\)\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("C_Initialize = CKR_OK"));
}

}  // namespace
}  // namespace signet::testing
