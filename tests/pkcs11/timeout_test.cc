// Calls into a module that do not come back: call-timeout-ms.
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include "process/call_guard.h"
#include "testing/test_key.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

constexpr std::uint64_t kNever = 1000;  // calls in the module at a time

// Pkcs11Timeout makes functions hang until Release, under a time-out. On a busy machine a call that does not
// hang may take that long too: what is to succeed is tried until it does.
class Pkcs11Timeout : public OnWrappedToken {
 protected:
  Settings Impatient() const {
    Settings impatient = settings();
    impatient.call_timeout = std::chrono::milliseconds(100);
    return impatient;
  }
  void Hang(const std::string& function) {
    Change([&](ModuleBehaviour& b) { b.gather = {{function, kNever}}; });
  }
  // What hangs comes back, and then uses the module's files.
  ~Pkcs11Timeout() override {
    Release();
    Until([this] { return NoneUnderWay(); });
  }
  void Release() { module->Set({}); }
  bool NoneUnderWay() const {
    return std::ranges::none_of(module->Trace(),
                                [](const auto& call) { return call.result == CKR_FUNCTION_NOT_PARALLEL; });
  }
  // Until waits for what another thread does.
  static bool Until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      usleep(1000);
    }
    return condition();
  }
  // Works waits until `work` throws no Error.
  static bool Works(const std::function<void()>& work) {
    return Until([&] { return !CodeOf(work); });
  }
  static bool SignsAtLast(PrivateKey& key) {
    bool right = false;
    return Works([&] { right = Signs(key); }) && right;
  }
  std::shared_ptr<PrivateKey> LoadAtLast(Pkcs11Source& source, const std::string& uri) {
    std::shared_ptr<PrivateKey> key;
    EXPECT_TRUE(Works([&] { key = LoadKey(source, uri); }));
    return key;
  }
  // TimeoutIn gives the time-out of `work` in `function`, and not in another one that was slow.
  static Error TimeoutIn(const std::string& function, const std::function<void()>& work) {
    std::optional<Error> timeout;
    const auto times_out = [&] {
      try {
        work();
      } catch (const Error& error) {
        timeout = error;
      }
      return timeout && timeout->code() == ErrorCode::kTimeout && timeout->call() == function;
    };
    EXPECT_TRUE(Until(times_out)) << function;
    return timeout.value_or(Error({}));
  }
  // Settle waits until what was given up is back, and until the PIN is known to be right.
  void Settle() {
    Release();
    EXPECT_TRUE(Until([this] { return NoneUnderWay(); }));
    EXPECT_TRUE(Works([this] {
      module->LogOut();
      Pkcs11Source patient(settings());
      LoadKey(patient, Uri());
    }));
  }
};

TEST_F(Pkcs11Timeout, ASignatureThatHangsFreesItsCallerAndItsSessionIsNotUsedAgain) {
  Pkcs11Source source(Impatient());
  const auto key = LoadAtLast(source, Uri());
  EXPECT_TRUE(SignsAtLast(*key));
  module->Reset();
  Hang("C_Sign");
  const Error error = TimeoutIn("C_Sign", [&] { Signs(*key); });
  EXPECT_THAT(error.what(), ::testing::HasSubstr("token signet-test: C_Sign did not return within 100 ms"));
  EXPECT_THAT(error.hint(), ::testing::HasSubstr("call-timeout-ms"));
  std::uint64_t lost = 0;
  for (const TracedCall& call : module->Trace()) {
    if (call.function == "C_Sign") lost = call.session;
  }
  Release();
  EXPECT_TRUE(Until([&] {
    return std::ranges::any_of(module->Trace(), [&](const TracedCall& call) {
      return call.function == "C_CloseSession" && call.session == lost;
    });
  }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(SignsAtLast(*key));
  std::vector<std::string> on_lost;
  for (const TracedCall& call : module->Trace()) {
    if (call.session == lost) on_lost.push_back(call.function);
  }
  ASSERT_GE(on_lost.size(), 3u);
  EXPECT_THAT(std::vector<std::string>(on_lost.end() - 3, on_lost.end()),
              ::testing::ElementsAre("C_SignInit", "C_Sign", "C_CloseSession"));
}

TEST_F(Pkcs11Timeout, DecryptionsAndDerivationsThatHangFreeTheirCallersToo) {
  const TestIdentity bob = pki.Issue({.key = "rsa:2048"});
  hsm.Import(bob, {.id = "\x02", .label = "rsa"});
  Pkcs11Source source(Impatient());
  const auto rsa = LoadAtLast(source, hsm.ObjectUri("\x02", true));
  const auto ec = LoadAtLast(source, Uri());
  // Any number that is less than the modulus is a raw block, and our own public point is one of the curve.
  std::vector<std::uint8_t> block(256, 0x11), message(256);
  const auto spki = ec->subject_public_key_info();
  const auto point = spki.last(65);
  const auto decrypt = [&] { rsa->Decrypt({.kind = DecryptionAlgorithm::Kind::kRsaRaw}, block, message); };
  const auto derive = [&] { EXPECT_EQ(ec->Derive(point).size(), 32u); };
  EXPECT_TRUE(Works(decrypt));
  EXPECT_NE(message, std::vector<std::uint8_t>(256));
  EXPECT_TRUE(Works(derive));
  Hang("C_Decrypt");
  EXPECT_EQ(CodeOf(decrypt), ErrorCode::kTimeout);
  Release();
  Hang("C_DeriveKey");
  EXPECT_EQ(CodeOf([&] { ec->Derive(point); }), ErrorCode::kTimeout);
  Release();
  EXPECT_TRUE(Works(decrypt));
  EXPECT_TRUE(Works(derive));
}

TEST_F(Pkcs11Timeout, OthersContinueAlthoughTheTokenHasOneSession) {
  Settings one = Impatient();
  one.max_sessions = 1;
  Pkcs11Source source(one);
  const auto key = LoadAtLast(source, Uri());
  EXPECT_TRUE(SignsAtLast(*key));
  Change([](ModuleBehaviour& b) { b.delays_us = {{"C_Sign", 4'000'000}}; });
  TimeoutIn("C_Sign", [&] { Signs(*key); });
  Release();
  EXPECT_TRUE(SignsAtLast(*key)) << "with another session,";
  EXPECT_FALSE(NoneUnderWay()) << "before the call is back";
}

TEST_F(Pkcs11Timeout, EveryCallOfALoadMayHangAndTheNextLoadWorks) {
  for (const char* function : {"C_Initialize", "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_Login",
                               "C_FindObjectsInit", "C_FindObjects", "C_GetAttributeValue"}) {
    Pkcs11Source source(Impatient());
    module->Reset();
    module->LogOut();  // a session that was opened too late may have kept the login
    Hang(function);
    EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kTimeout) << function;
    // What hung comes back first, and with it what is known of the PIN.
    Settle();
    EXPECT_TRUE(SignsAtLast(*LoadAtLast(source, Uri()))) << function;
    // A login of that may have been given up for being slow.
    Settle();
  }
}

// The call that is late and those that wait for it are one initialisation.
TEST_F(Pkcs11Timeout, ALateInitialisationServesAllCallers) {
  Pkcs11Source source(Impatient());
  Hang("C_Initialize");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kTimeout);
  Release();
  const auto key = LoadAtLast(source, Uri());
  EXPECT_TRUE(SignsAtLast(*key));
  EXPECT_TRUE(Until([this] { return NoneUnderWay(); }));
  EXPECT_EQ(module->Count("C_Initialize"), 1u);
  EXPECT_EQ(module->Count("C_Finalize"), 0u);
}

TEST_F(Pkcs11Timeout, APinIsNotSentAgainWhileItsResultIsUnknown) {
  Pkcs11Source source(Impatient());
  Hang("C_Login");
  const auto load = [&] { LoadKey(source, Uri()); };
  TimeoutIn("C_Login", load);
  EXPECT_TRUE(Until([&] { return CodeOf(load) == ErrorCode::kWrongPin; }));
  EXPECT_EQ(module->Count("C_Login"), 1u);
  Release();
  EXPECT_TRUE(Works(load)) << "it was right";
}

TEST_F(Pkcs11Timeout, AModuleThatHangsDoesNotTakeTheOthersAlong) {
  WrappedModule other(hsm);
  Settings both = Impatient();
  both.modules.push_back(other.path());
  Hang("C_GetSlotList");
  Listing listing;
  EXPECT_TRUE(Until([&] {
    listing = Pkcs11Source(both).List(Uri(), nullptr);
    return listing.identities.size() == 1;
  }));
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kTimeout);
  Release();
}

TEST_F(Pkcs11Timeout, WhenManyCallsAreLostTheNextFailsAtOnce) {
  Settings impatient = Impatient();
  impatient.call_timeout = std::chrono::milliseconds(5);
  Pkcs11Source patient(settings());
  LoadKey(patient, Uri());
  Pkcs11Source source(impatient);
  std::shared_ptr<PrivateKey> key;
  ASSERT_TRUE(Until([&] { return !CodeOf([&] { key = LoadKey(source, Uri()); }); }));
  ASSERT_TRUE(Until([&] { return !CodeOf([&] { Signs(*key); }); }));
  module->Reset();
  Hang("C_SignInit");
  for (int i = 0; i < CallGuard::kMostLost + 4; ++i) {
    EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kTimeout);
  }
  EXPECT_LE(module->Count("C_SignInit"), static_cast<std::uint64_t>(CallGuard::kMostLost));
  Release();
  EXPECT_TRUE(Until([&] { return !CodeOf([&] { EXPECT_TRUE(Signs(*key)); }); }));
}

TEST_F(Pkcs11Timeout, ACallThatHangsDoesNotKeepTheProcess) {
  Hang("C_Sign");
  const pid_t child = fork();
  if (child == 0) {
    alarm(15);  // before the call comes back
    static Pkcs11Source source(Impatient());
    static const auto key = LoadAtLast(source, Uri());
    const auto code = CodeOf([&] { Signs(*key); });
    exit(code == ErrorCode::kTimeout ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  module->Reset();  // the child's call never comes back
}

// Administration that hangs in one function.
struct HangingVerb {
  const char* function;
  void (*work)(const TokenPlace&, const PinToSend& pin, const PinToSend& so_pin);
};
void SetsOwnPin(const TokenPlace& place, const PinToSend& pin, const PinToSend&) {
  ChangePin(place, pin, pin.pin->Clone());
}
void ResetsPin(const TokenPlace& place, const PinToSend& pin, const PinToSend& so_pin) {
  ResetPin(place, so_pin, pin.pin->Clone());
}
void GeneratesKey(const TokenPlace& place, const PinToSend& pin, const PinToSend&) {
  GenerateKey(place, pin, KeySpec::Parse("ec:P-256"), {.id = NewId(), .label = {}}, {});
}
void ImportsKey(const TokenPlace& place, const PinToSend& pin, const PinToSend&) {
  static const auto key = ReadPkcs8(TestPki().Issue({}).private_key);
  Import(place, pin, {.key = key.get(), .name = {.id = NewId(), .label = {}}});
}
void RemovesKey(const TokenPlace& place, const PinToSend& pin, const PinToSend&) {
  FoundObjects found(place, pin, "pkcs11:id=%02");
  found.Remove();
}
constexpr HangingVerb kHangingVerbs[] = {
    {"C_OpenSession", SetsOwnPin},
    {"C_Login", SetsOwnPin},
    {"C_SetPIN", SetsOwnPin},
    {"C_Login", ResetsPin},
    {"C_InitPIN", ResetsPin},
    {"C_GetTokenInfo", GeneratesKey},
    {"C_Login", GeneratesKey},
    {"C_FindObjectsInit", GeneratesKey},
    {"C_GenerateKeyPair", GeneratesKey},
    {"C_GetAttributeValue", GeneratesKey},
    {"C_CreateObject", ImportsKey},
    {"C_FindObjects", ImportsKey},
    {"C_DestroyObject", RemovesKey},
};

TEST_F(Pkcs11Timeout, EveryCallOfAdministrationMayHangAndItsCallerIsFreed) {
  const PinToSend pin{.pin = Secret(hsm.pin())};
  const PinToSend so_pin{.pin = Secret(hsm.so_pin())};
  hsm.Generate("ec:P-256", {.id = "\x02", .label = "two"});
  for (const auto& [function, work] : kHangingVerbs) {
    const auto does = [&work = work, &pin, &so_pin](const TokenPlace& place) {
      return CodeOf([&] { work(place, pin, so_pin); });
    };
    std::optional<TokenPlace> place;
    EXPECT_TRUE(Works([&] { place = FindTokens(Impatient()).at(0); }));
    module->Reset();
    Hang(function);
    EXPECT_EQ(does(place.value()), ErrorCode::kTimeout) << function;
    Release();
    EXPECT_TRUE(Until([this] { return NoneUnderWay(); }));
    EXPECT_TRUE(Until([&] { return !does(FindTokens(settings()).at(0)); })) << function;
  }
}

TEST_F(Pkcs11Timeout, TokensAreLookedForUnderTheTimeout) {
  for (const char* function : {"C_Initialize", "C_GetSlotList", "C_GetTokenInfo"}) {
    Hang(function);
    EXPECT_EQ(CodeOf([&] { FindTokens(Impatient()); }), ErrorCode::kTimeout) << function;
    EXPECT_EQ(CodeOf([&] { FindPlaceFor(Impatient(), "new", false); }), ErrorCode::kTimeout) << function;
    Release();
    EXPECT_TRUE(Until([this] { return NoneUnderWay(); }));
  }
}

TEST_F(Pkcs11Timeout, ObjectWhoseCreationDidNotReturnIsNamed) {
  Hang("C_GenerateKeyPair");
  const Error error = TimeoutIn("C_GenerateKeyPair", [&] {
    const TokenPlace place = FindTokens(Impatient()).at(0);
    GenerateKey(place, {.pin = Secret(hsm.pin())}, KeySpec::Parse("ec:P-256"), {{7}, "seven"}, {});
  });
  EXPECT_THAT(error.detail(), ::testing::HasSubstr("may still create: private key id=07 object=seven"));
}

TEST_F(Pkcs11Timeout, WithoutItNoThreadIsMade) {
  EXPECT_TRUE(InChild([&] {
    const auto threads = [] {
      const std::filesystem::directory_iterator all("/proc/self/task");
      return std::distance(begin(all), end(all));
    };
    const auto before = threads();
    Pkcs11Source source(settings());
    const auto key = LoadKey(source, Uri());
    const bool without = Signs(*key) && threads() == before;
    Pkcs11Source impatient(Impatient());
    return without && SignsAtLast(*LoadAtLast(impatient, Uri())) && threads() > before;
  }));
}

}  // namespace
}  // namespace signet::testing
