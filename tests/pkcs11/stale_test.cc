#include "pkcs11/module/cryptoki.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/world.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

// Pkcs11Stale has a key that has signed, and takes away what it stands on.
class Pkcs11Stale : public OnWrappedToken {
 protected:
  Pkcs11Stale() : source(settings()), key(LoadKey(source, Uri())) { EXPECT_TRUE(Signs(*key)); }

  Pkcs11Source source;
  std::shared_ptr<PrivateKey> key;
};

struct FaultCase {
  const char* name;
  const char* function;
  unsigned long result;
};

class Pkcs11StaleCode : public Pkcs11Stale, public ::testing::WithParamInterface<FaultCase> {};

INSTANTIATE_TEST_SUITE_P(
    Codes, Pkcs11StaleCode,
    ::testing::Values(FaultCase{"InitSessionHandle", "C_SignInit", CKR_SESSION_HANDLE_INVALID},
                      FaultCase{"InitSessionClosed", "C_SignInit", CKR_SESSION_CLOSED},
                      FaultCase{"InitNotLoggedIn", "C_SignInit", CKR_USER_NOT_LOGGED_IN},
                      FaultCase{"InitKeyHandle", "C_SignInit", CKR_KEY_HANDLE_INVALID},
                      FaultCase{"InitObjectHandle", "C_SignInit", CKR_OBJECT_HANDLE_INVALID},
                      FaultCase{"InitDeviceRemoved", "C_SignInit", CKR_DEVICE_REMOVED},
                      FaultCase{"InitDeviceError", "C_SignInit", CKR_DEVICE_ERROR},
                      FaultCase{"InitTokenNotPresent", "C_SignInit", CKR_TOKEN_NOT_PRESENT},
                      FaultCase{"InitNotInitialized", "C_SignInit", CKR_CRYPTOKI_NOT_INITIALIZED},
                      FaultCase{"InitOperationActive", "C_SignInit", CKR_OPERATION_ACTIVE},
                      FaultCase{"InitGeneralError", "C_SignInit", CKR_GENERAL_ERROR},
                      FaultCase{"InitFunctionFailed", "C_SignInit", CKR_FUNCTION_FAILED},
                      FaultCase{"InitHostMemory", "C_SignInit", CKR_HOST_MEMORY},
                      FaultCase{"InitDeviceMemory", "C_SignInit", CKR_DEVICE_MEMORY},
                      FaultCase{"SignGeneralError", "C_Sign", CKR_GENERAL_ERROR},
                      FaultCase{"SignNotLoggedIn", "C_Sign", CKR_USER_NOT_LOGGED_IN},
                      FaultCase{"SignSessionHandle", "C_Sign", CKR_SESSION_HANDLE_INVALID},
                      FaultCase{"SignSessionClosed", "C_Sign", CKR_SESSION_CLOSED},
                      FaultCase{"SignDeviceRemoved", "C_Sign", CKR_DEVICE_REMOVED},
                      FaultCase{"SignDeviceError", "C_Sign", CKR_DEVICE_ERROR},
                      FaultCase{"SignNoOperation", "C_Sign", CKR_OPERATION_NOT_INITIALIZED},
                      FaultCase{"SignKeyHandle", "C_Sign", CKR_KEY_HANDLE_INVALID}),
    [](const auto& one) { return one.param.name; });

TEST_P(Pkcs11StaleCode, IsRepairedByDoingItOnceMore) {
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = GetParam().function, .result = GetParam().result}};
  });
  EXPECT_TRUE(Signs(*key));
  module->Reset();
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("*"), 2u) << "steady again";
}

TEST_P(Pkcs11StaleCode, ThatStaysIsAnErrorAfterAFewTriesAndLosesNothing) {
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = GetParam().function, .result = GetParam().result, .times = 0}};
  });
  module->Reset();
  EXPECT_TRUE(CodeOf([&] { Signs(*key); }).has_value());
  EXPECT_LE(module->Count(GetParam().function), 5u);
  EXPECT_LE(module->Count("C_Login"), 2u) << "with the last session the login goes, and is renewed";
  module->Set({});
  EXPECT_TRUE(Signs(*key));
}

// The token may have checked the PIN, and counted it.
TEST_F(Pkcs11Stale, ADeviceErrorAtTheLoginDoesNotSendThePinAgain) {
  Change([](ModuleBehaviour& b) { b.faults = {{.function = "C_Login", .result = CKR_DEVICE_ERROR}}; });
  module->DropSessions();
  module->Reset();
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kTokenTrouble);
  EXPECT_EQ(module->Count("C_Login"), 1u);
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Stale, EveryCallOfALoadMayFailOnceAndTheNextLoadWorks) {
  for (const unsigned long result :
       {CKR_DEVICE_ERROR, CKR_GENERAL_ERROR, CKR_HOST_MEMORY, CKR_SESSION_HANDLE_INVALID}) {
    for (const char* function :
         {"C_Initialize", "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_Login", "C_FindObjectsInit",
          "C_FindObjects", "C_FindObjectsFinal", "C_GetAttributeValue", "C_GetMechanismList"}) {
      Change([&](ModuleBehaviour& b) { b.faults = {{.function = function, .result = result}}; });
      Pkcs11Source fresh(settings());
      try {
        LoadKey(fresh, Uri());
      } catch (const Error& error) {
        EXPECT_FALSE(error.detail().empty());
      }
      EXPECT_TRUE(Signs(*LoadKey(fresh, Uri()))) << function << ' ' << RvName(result);
    }
  }
}

TEST_F(Pkcs11Stale, DroppedSessionsAreOpenedAgainWithTheKeptPin) {
  module->DropSessions();
  module->Reset();
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("C_Login"), 1u);
}

TEST_F(Pkcs11Stale, AnotherProgramsLogoutIsRepaired) {
  module->LogOut();
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Stale, HandlesThatChangeAreFoundAgain) {
  Change([](ModuleBehaviour& b) { b.handle_shift = 1; });
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Stale, ARemovedTokenIsAnErrorAndWorksAgainAfterReinsertion) {
  module->RemoveToken();
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kTokenAbsent);
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kTokenAbsent);
  const Listing listing = source.List(Uri(), nullptr);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kTokenAbsent);
  module->ReturnToken();
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Stale, AKeyKnowsWithoutACallThatItsTokenIsRemovedUntilReinsertion) {
  EXPECT_FALSE(key->Unavailable());
  module->RemoveToken();
  EXPECT_FALSE(key->Unavailable()) << "nobody has noticed yet";
  EXPECT_ANY_THROW(Signs(*key));
  module->Reset();
  ASSERT_TRUE(key->Unavailable());
  EXPECT_EQ(key->Unavailable()->code(), ErrorCode::kTokenAbsent);
  EXPECT_EQ(module->Count("*"), 0u);
  module->ReturnToken();
  EXPECT_TRUE(Signs(*key));
  EXPECT_FALSE(key->Unavailable());
}

TEST_F(Pkcs11Stale, ATokenThatIsPutInLaterIsSeen) {
  module->RemoveToken();
  Pkcs11Source later(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(later, Uri()); }), ErrorCode::kTokenAbsent);
  module->ReturnToken();
  EXPECT_TRUE(Signs(*LoadKey(later, Uri())));
}

TEST_F(Pkcs11Stale, AKeyThatWasDeletedSignsNoMore) {
  hsm.Remove({}, SoftHsm::ObjectClass::kPrivateKey);
  Change([](ModuleBehaviour& b) { b.handle_shift = 2; });  // SoftHSM sees it only when it looks again
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kNotFound);
}

TEST_F(Pkcs11Stale, AReplacedKeyNeverSigns) {
  hsm.Remove({}, SoftHsm::ObjectClass::kPrivateKey);
  hsm.Remove({}, SoftHsm::ObjectClass::kPublicKey);
  hsm.ImportKey(pki.Issue({}), {});
  Change([](ModuleBehaviour& b) { b.handle_shift = 2; });
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kKeyCertificateMismatch);
  ASSERT_TRUE(key->Unavailable());
  EXPECT_EQ(key->Unavailable()->code(), ErrorCode::kKeyCertificateMismatch);
}

TEST_F(Pkcs11Stale, ManyThreadsGetOverTheSameLoss) {
  Change([](ModuleBehaviour& b) { b.delays_us = {{"C_Sign", 500}}; });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(Signs(*key));
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  module->DropSessions();
}

TEST_F(Pkcs11Stale, AnInaccessibleTokenAfterChrootIsReportedWithAHint) {
  // Root may chroot; others may in a user namespace of their own, where the system allows that.
  const bool may = geteuid() == 0 || InChild([] { return unshare(CLONE_NEWUSER) == 0; });
  if (!may) GTEST_SKIP() << "this system lets nobody but root change the root directory";
  const TemporaryDirectory empty;
  // As SoftHSM does whose files cannot be opened any more.
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = "C_SignInit", .result = CKR_OBJECT_HANDLE_INVALID, .times = 0}};
  });
  EXPECT_TRUE(InChild([&] {
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) return false;
    if (chroot(empty.path().c_str()) != 0 || chdir("/") != 0) return false;
    try {
      Signs(*key);
      return false;
    } catch (const Error& error) {
      return error.hint().find("p11-kit server") != std::string::npos;
    }
  }));
}

TEST_F(Pkcs11Stale, EveryPathRecoversFromALogoutByAnotherProgram) {
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  const std::string with_prompt = Uri(false);
  for (int i = 0; i < 3; ++i) {
    module->LogOut();
    EXPECT_TRUE(Signs(*LoadKey(source, Uri()))) << "load";
    module->LogOut();
    EXPECT_EQ(source.List(Uri(), nullptr).identities.size(), 1u) << "list";
    module->LogOut();
    Pkcs11Source fresh(settings());
    EXPECT_TRUE(Signs(*LoadKey(fresh, Uri()))) << "a new source";
    module->LogOut();
    EXPECT_TRUE(Signs(*key)) << "sign";
  }
}

TEST_F(Pkcs11Stale, OneNotLoggedInDoesNotMakeTheKeyAskForItsPinEachTime) {
  for (const char* function : {"C_SignInit", "C_Sign"}) {
    Change(
        [&](ModuleBehaviour& b) { b.faults = {{.function = function, .result = CKR_USER_NOT_LOGGED_IN}}; });
    module->Reset();
    EXPECT_TRUE(Signs(*key));
    EXPECT_EQ(module->Count("C_Login"), 0u) << "the user is logged in, as the token says";
    module->Reset();
    EXPECT_TRUE(Signs(*key));
    EXPECT_EQ(module->Count("*"), 2u);
  }
}

TEST_F(Pkcs11Stale, AFailedContextLoginDoesNotMakeTheKeyAskForItsPinEachTime) {
  Change([&](ModuleBehaviour& b) {
    b.faults = {{.function = "C_Sign", .result = CKR_USER_NOT_LOGGED_IN, .times = 2},
                {.function = "C_Login", .result = CKR_USER_ALREADY_LOGGED_IN}};
  });
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("C_Login"), 2u) << "the load's, and one for the operation";
  module->Set({});
  module->Reset();
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("*"), 2u);
}

// The wrapped module in this process is finalised as another part of the program would do it.
TEST_F(Pkcs11Stale, EveryPathRecoversFromAForeignFinalize) {
  for (int i = 0; i < 5; ++i) {
    Change(
        [](ModuleBehaviour& b) { b.faults = {{.function = "*", .result = CKR_CRYPTOKI_NOT_INITIALIZED}}; });
    const bool works = i == 0   ? Signs(*key)
                       : i == 1 ? Signs(*LoadKey(source, Uri()))
                       : i == 2 ? source.List(Uri(), nullptr).identities.size() == 1
                       : i == 3
                           ? source.List("pkcs11:", nullptr).identities.size() == 1
                           : source.Load(Uri(false), kWantCertificates, nullptr).certificates.size() == 1;
    EXPECT_TRUE(works) << i;
    module->Set({});
    EXPECT_TRUE(Signs(*key)) << i;
  }
}

class Pkcs11Fork : public Pkcs11Stale, public ::testing::WithParamInterface<bool> {
 protected:
  Pkcs11Fork() {
    Change([](ModuleBehaviour& b) { b.strict_fork = GetParam(); });
  }
};

INSTANTIATE_TEST_SUITE_P(Strict, Pkcs11Fork, ::testing::Bool());

TEST_P(Pkcs11Fork, TheChildSignsAndSoDoesTheParentAfterwards) {
  EXPECT_TRUE(InChild([&] { return Signs(*key) && InChild([&] { return Signs(*key); }) && Signs(*key); }));
  module->Reset();
  EXPECT_TRUE(Signs(*key));
  EXPECT_EQ(module->Count("*"), 2u);
}

TEST_P(Pkcs11Fork, TheChildSignsWithoutTheEnvironment) {
  unsetenv("SOFTHSM2_CONF");
  EXPECT_TRUE(InChild([&] {
    clearenv();
    return Signs(*key);
  }));
}

TEST_P(Pkcs11Fork, TheChildLoadsFurtherKeysAndDropsWhatItHas) {
  EXPECT_TRUE(InChild([&] {
    const auto another = LoadKey(source, Uri());
    key.reset();
    return Signs(*another);
  }));
  EXPECT_TRUE(Signs(*key));
}

// The others are in a call when the process forks, and none holds a lock of a library's; the child's own call
// is the one that lets all continue.
TEST_P(Pkcs11Fork, InTheMiddleOfOtherThreadsSignatures) {
  Change([](ModuleBehaviour& b) { b.gather = {{"C_Sign", 5}}; });
  std::atomic<bool> stop{false};
  std::array<std::atomic<pid_t>, 4> ids{};
  const auto sleeps = [](const std::atomic<pid_t>& id) { return id != 0 && Sleeps(id); };
  std::vector<std::jthread> threads;
  for (auto& id : ids) {
    threads.emplace_back([&] {
      id = gettid();
      while (!stop) EXPECT_TRUE(Signs(*key));
    });
  }
  for (int i = 0; i < 5; ++i) {
    module->Reset();
    for (int seen = 0; seen < 10; usleep(1000)) seen = std::ranges::all_of(ids, sleeps) ? seen + 1 : 0;
    EXPECT_TRUE(InChild([&] {
      alarm(60);
      return Signs(*key);
    }));
  }
  stop = true;
  Change([](ModuleBehaviour& b) { b.gather = {}; });
}

// ForkingPrompt forks while it is asked, as a program does that runs a helper, and lets the child sign too.
// One after the other: SoftHSM writes to its files at a login.
class ForkingPrompt final : public PinPrompt {
 public:
  std::optional<Secret> Ask(const PinRequest&) override {
    if (child == -1) child = fork();
    if (child > 0) waitpid(child, &status, 0);
    return Secret("1234");
  }
  pid_t child = -1;
  int status = -1;
};

TEST_P(Pkcs11Fork, InsideAPrompt) {
  Pkcs11Source fresh(settings());
  module->LogOut();
  const auto prompt = std::make_shared<ForkingPrompt>();
  bool right = false;
  try {
    right = Signs(*LoadKey(fresh, Uri(false), prompt));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    right = false;
  }
  if (prompt->child == 0) _exit(right ? 0 : 1);
  EXPECT_TRUE(right);
  EXPECT_EQ(prompt->status, 0);
}

}  // namespace
}  // namespace signet::testing
