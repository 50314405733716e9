#include "testing/raw_module.h"
#include <signet/testing/wrapped_module.h>

#include <array>
#include <filesystem>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using Context = ModuleBehaviour::AlwaysAuthenticate;

// Client uses a module as programs do: with sessions, a login, a key that it looks for.
class Client {
 public:
  explicit Client(const std::string& path) : module_(path), slot_(module_.SlotOf("signet-test")) {}

  CK_FUNCTION_LIST& f() const { return *module_.functions(); }
  CK_SLOT_ID slot() const { return slot_; }
  CK_SESSION_HANDLE Open() const {
    CK_SESSION_HANDLE session = 0;
    last_ = f().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
    return session;
  }
  CK_RV last() const { return last_; }
  CK_RV Login(CK_SESSION_HANDLE session, std::string pin, CK_USER_TYPE user = CKU_USER) const {
    return f().C_Login(session, user, reinterpret_cast<unsigned char*>(pin.data()), pin.size());
  }
  CK_OBJECT_HANDLE Find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY) const {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof(object_class)};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(f().C_FindObjectsInit(session, &wanted, 1), CKR_OK);
    EXPECT_EQ(f().C_FindObjects(session, &object, 1, &count), CKR_OK);
    EXPECT_EQ(f().C_FindObjectsFinal(session), CKR_OK);
    return count > 0 ? object : 0;
  }
  CK_RV SignInit(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type = CKM_ECDSA) const {
    CK_MECHANISM mechanism{type, nullptr, 0};
    return f().C_SignInit(session, &mechanism, key);
  }
  CK_RV Finish(CK_SESSION_HANDLE session) const {
    std::array<unsigned char, 32> digest{};
    length_ = signature_.size();
    return f().C_Sign(session, digest.data(), digest.size(), signature_.data(), &length_);
  }
  CK_RV Sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) const {
    const CK_RV result = SignInit(session, key);
    return result == CKR_OK ? Finish(session) : result;
  }
  CK_ULONG length() const { return length_; }
  CK_TOKEN_INFO Info() const {
    CK_TOKEN_INFO info{};
    EXPECT_EQ(f().C_GetTokenInfo(slot_, &info), CKR_OK);
    return info;
  }

 private:
  RawModule module_;
  CK_SLOT_ID slot_;
  mutable CK_RV last_ = CKR_OK;
  mutable CK_ULONG length_ = 0;
  mutable std::array<unsigned char, 256> signature_{};
};

class WrappedModuleTest : public ::testing::Test {
 protected:
  WrappedModuleTest() { hsm.Generate("ec:P-256", {}); }

  void Change(const std::function<void(ModuleBehaviour&)>& change) {
    ModuleBehaviour behaviour = wrapped.behaviour();
    change(behaviour);
    wrapped.Set(behaviour);
  }

  // Ready opens, logs in and finds the key.
  void Ready() {
    session = client.Open();
    ASSERT_EQ(client.Login(session, "1234"), CKR_OK);
    key = client.Find(session);
    ASSERT_NE(key, 0u);
    wrapped.Reset();
  }

  SoftHsm hsm;
  WrappedModule wrapped{hsm};
  Client client{wrapped.path()};
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0;
};

TEST_F(WrappedModuleTest, CountsAndTracesEachCall) {
  Ready();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(client.Sign(session, key), CKR_OK);
  EXPECT_EQ(wrapped.Count("C_Sign"), 5u);
  EXPECT_EQ(wrapped.Count("*"), 10u);
  EXPECT_THAT(wrapped.Counts(), ElementsAre(std::pair("C_Sign", 5u), std::pair("C_SignInit", 5u)));
  const std::vector<TracedCall> trace = wrapped.Trace();
  ASSERT_EQ(trace.size(), 10u);
  EXPECT_EQ(trace[0].function, "C_SignInit");
  EXPECT_EQ(trace[1].function, "C_Sign");
  EXPECT_NE(trace[1].session, 0u);
  EXPECT_EQ(trace[1].process, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(wrapped.MaxInFlight(), 1);
}

TEST_F(WrappedModuleTest, CountsForkedProcessesToo) {
  Ready();
  const pid_t child = fork();
  if (child == 0) {
    p11_kit_module_initialize(&client.f());
    const CK_SESSION_HANDLE own = client.Open();
    client.Login(own, "1234");
    _exit(client.Sign(own, client.Find(own)) == CKR_OK ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(wrapped.Count("C_Sign"), 1u);
  EXPECT_EQ(wrapped.Trace().back().process, static_cast<std::uint32_t>(child));
}

TEST_F(WrappedModuleTest, StrictForkWantsInitializeInTheChild) {
  Change([](ModuleBehaviour& b) { b.strict_fork = true; });
  Ready();
  const pid_t child = fork();
  if (child == 0) {
    if (client.Sign(session, key) != CKR_CRYPTOKI_NOT_INITIALIZED) _exit(1);
    if (p11_kit_module_initialize(&client.f()) != CKR_OK) _exit(2);
    const CK_SESSION_HANDLE own = client.Open();
    client.Login(own, "1234");
    _exit(client.Sign(own, client.Find(own)) == CKR_OK ? 0 : 3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(client.Sign(session, key), CKR_OK);
}

TEST_F(WrappedModuleTest, DelaysCalls) {
  Ready();
  Change([](ModuleBehaviour& b) { b.delays_us["C_Sign"] = 50'000; });
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(client.Sign(session, key), CKR_OK);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

TEST_F(WrappedModuleTest, SeesHowManyCallsAreInFlight) {
  Ready();
  const CK_SESSION_HANDLE second = client.Open();
  wrapped.Reset();
  Change([](ModuleBehaviour& b) { b.delay_us = 100'000; });
  std::thread other([&] { client.SignInit(second, key); });
  client.SignInit(session, key);
  other.join();
  EXPECT_EQ(wrapped.MaxInFlight(), 2);
}

TEST_F(WrappedModuleTest, GathersCalls) {
  Ready();
  const CK_SESSION_HANDLE second = client.Open();
  wrapped.Reset();
  Change([](ModuleBehaviour& b) { b.gather["C_SignInit"] = 2; });
  std::thread other([&] { client.SignInit(second, key); });
  EXPECT_EQ(client.SignInit(session, key), CKR_OK);
  other.join();
  EXPECT_EQ(wrapped.MaxInFlight(), 2);
}

TEST_F(WrappedModuleTest, FailsTheCallItIsToldTo) {
  Ready();
  Change(
      [](ModuleBehaviour& b) { b.faults = {{.function = "C_Sign", .result = CKR_DEVICE_ERROR, .nth = 2}}; });
  EXPECT_EQ(client.Sign(session, key), CKR_OK);
  EXPECT_EQ(client.SignInit(session, key), CKR_OK);
  EXPECT_EQ(client.Finish(session), CKR_DEVICE_ERROR);
  EXPECT_EQ(client.Finish(session), CKR_OK);
  Change([](ModuleBehaviour& b) { b.faults = {{.function = "*", .result = CKR_GENERAL_ERROR, .times = 0}}; });
  EXPECT_EQ(client.SignInit(session, key), CKR_GENERAL_ERROR);
  EXPECT_EQ(client.SignInit(session, key), CKR_GENERAL_ERROR);
}

TEST_F(WrappedModuleTest, FaultAfterTheCallLeavesTheOperationActive) {
  Ready();
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = "C_SignInit", .result = CKR_FUNCTION_FAILED, .after = true}};
  });
  EXPECT_EQ(client.SignInit(session, key), CKR_FUNCTION_FAILED);
  EXPECT_EQ(client.SignInit(session, key), CKR_OPERATION_ACTIVE);
}

TEST_F(WrappedModuleTest, FaultOfUnknownFunctionIsRefused) {
  EXPECT_THROW(Change([](ModuleBehaviour& b) { b.faults = {{.function = "C_Nonsense"}}; }),
               std::runtime_error);
}

TEST_F(WrappedModuleTest, PinLocksAfterItsTries) {
  Change([](ModuleBehaviour& b) { b.pin_tries = 3; });
  session = client.Open();
  constexpr CK_FLAGS kPinFlags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
  EXPECT_EQ(client.Info().flags & kPinFlags, 0u);
  EXPECT_EQ(client.Login(session, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_EQ(client.Info().flags & kPinFlags, CKF_USER_PIN_COUNT_LOW);
  EXPECT_EQ(client.Login(session, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_EQ(client.Info().flags & kPinFlags, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
  EXPECT_EQ(client.Login(session, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_EQ(client.Info().flags & kPinFlags, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_LOCKED);
  EXPECT_EQ(client.Login(session, "1234"), CKR_PIN_LOCKED);
  wrapped.ResetPinTries();
  EXPECT_EQ(client.Login(session, "1234"), CKR_OK);
}

TEST_F(WrappedModuleTest, CorrectPinResetsTheCounter) {
  Change([](ModuleBehaviour& b) { b.pin_tries = 3; });
  session = client.Open();
  EXPECT_EQ(client.Login(session, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_EQ(client.Login(session, "1234"), CKR_OK);
  EXPECT_EQ(client.Info().flags & CKF_USER_PIN_COUNT_LOW, 0u);
}

TEST_F(WrappedModuleTest, ReaderAsksForThePin) {
  session = client.Open();
  Change([](ModuleBehaviour& b) { b.reader_pin = "1234"; });
  EXPECT_NE(client.Info().flags & CKF_PROTECTED_AUTHENTICATION_PATH, 0u);
  EXPECT_EQ(client.f().C_Login(session, CKU_USER, nullptr, 0), CKR_OK);
}

TEST_F(WrappedModuleTest, TokenGoesAndComesBackWithoutItsSessions) {
  Ready();
  wrapped.RemoveToken();
  EXPECT_EQ(client.Sign(session, key), CKR_DEVICE_REMOVED);
  CK_TOKEN_INFO info{};
  EXPECT_EQ(client.f().C_GetTokenInfo(client.slot(), &info), CKR_TOKEN_NOT_PRESENT);
  CK_ULONG count = 99;
  EXPECT_EQ(client.f().C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
  EXPECT_EQ(count, 0u);
  client.Open();
  EXPECT_EQ(client.last(), CKR_TOKEN_NOT_PRESENT);
  wrapped.ReturnToken();
  EXPECT_EQ(client.Sign(session, key), CKR_SESSION_HANDLE_INVALID);
  Ready();
  EXPECT_EQ(client.Sign(session, key), CKR_OK);
}

TEST_F(WrappedModuleTest, DroppedSessionsLoseTheLogin) {
  Ready();
  wrapped.DropSessions();
  EXPECT_EQ(client.Sign(session, key), CKR_SESSION_HANDLE_INVALID);
  session = client.Open();
  EXPECT_EQ(client.Find(session), 0u);
}

TEST_F(WrappedModuleTest, LogOutEndsTheLoginButNotTheSession) {
  Ready();
  wrapped.LogOut();
  EXPECT_NE(client.SignInit(session, key), CKR_OK);
  EXPECT_EQ(client.Login(session, "1234"), CKR_OK);
}

TEST_F(WrappedModuleTest, LimitsSessions) {
  Change([](ModuleBehaviour& b) { b.max_sessions = 2; });
  EXPECT_EQ(client.Info().ulMaxSessionCount, 2u);
  const CK_SESSION_HANDLE first = client.Open();
  client.Open();
  EXPECT_EQ(client.last(), CKR_OK);
  client.Open();
  EXPECT_EQ(client.last(), CKR_SESSION_COUNT);
  client.f().C_CloseSession(first);
  client.Open();
  EXPECT_EQ(client.last(), CKR_OK);
}

TEST_F(WrappedModuleTest, LiesInTokenInfo) {
  Change([](ModuleBehaviour& b) {
    b.unavailable_information = true;
    b.label = ModuleBehaviour::Label::kGarbageAfterNul;
    b.serial = "0042";
    b.token_flags_set = CKF_WRITE_PROTECTED;
    b.token_flags_clear = CKF_LOGIN_REQUIRED;
  });
  const CK_TOKEN_INFO info = client.Info();
  EXPECT_EQ(info.ulMaxSessionCount, CK_UNAVAILABLE_INFORMATION);
  EXPECT_STREQ(reinterpret_cast<const char*>(info.label), "signet-test");
  EXPECT_EQ(info.label[31], 0xfe);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.serialNumber), 16), "0042            ");
  EXPECT_NE(info.flags & CKF_WRITE_PROTECTED, 0u);
  EXPECT_EQ(info.flags & CKF_LOGIN_REQUIRED, 0u);
}

TEST_F(WrappedModuleTest, HidesAndRefusesMechanisms) {
  Ready();
  Change([](ModuleBehaviour& b) { b.hidden_mechanisms = {CKM_ECDSA}; });
  CK_ULONG count = 0;
  ASSERT_EQ(client.f().C_GetMechanismList(client.slot(), nullptr, &count), CKR_OK);
  std::vector<CK_MECHANISM_TYPE> list(count);
  ASSERT_EQ(client.f().C_GetMechanismList(client.slot(), list.data(), &count), CKR_OK);
  EXPECT_THAT(list, ::testing::Not(Contains(CKM_ECDSA)));
  EXPECT_THAT(list, Contains(CKM_RSA_PKCS));
  EXPECT_EQ(client.SignInit(session, key), CKR_MECHANISM_INVALID);
  Change([](ModuleBehaviour& b) {
    b.hidden_mechanisms.clear();
    b.refused_mechanisms = {CKM_ECDSA};
  });
  CK_MECHANISM_INFO info{};
  EXPECT_EQ(client.f().C_GetMechanismInfo(client.slot(), CKM_ECDSA, &info), CKR_OK);
  EXPECT_EQ(client.SignInit(session, key), CKR_MECHANISM_INVALID);
}

TEST_F(WrappedModuleTest, AlwaysAuthenticateAllowsNoCallInBetween) {
  Ready();
  Change([](ModuleBehaviour& b) {
    b.always_authenticate = Context::kEnforced;
    b.context_pin = "1234";
  });
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE attribute{CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};
  EXPECT_EQ(client.f().C_GetAttributeValue(session, key, &attribute, 1), CKR_OK);
  EXPECT_EQ(always, CK_TRUE);

  EXPECT_EQ(client.Sign(session, key), CKR_USER_NOT_LOGGED_IN);
  EXPECT_EQ(client.Login(session, "1234", CKU_CONTEXT_SPECIFIC), CKR_OPERATION_NOT_INITIALIZED);
  EXPECT_EQ(client.SignInit(session, key), CKR_OK);
  EXPECT_EQ(client.Login(session, "wrong", CKU_CONTEXT_SPECIFIC), CKR_PIN_INCORRECT);
  EXPECT_EQ(client.Finish(session), CKR_USER_NOT_LOGGED_IN);

  EXPECT_EQ(client.SignInit(session, key), CKR_OK);
  EXPECT_EQ(client.Login(session, "1234", CKU_CONTEXT_SPECIFIC), CKR_OK);
  CK_SESSION_INFO info{};
  EXPECT_EQ(client.f().C_GetSessionInfo(session, &info), CKR_OK);
  EXPECT_EQ(client.Finish(session), CKR_USER_NOT_LOGGED_IN);

  EXPECT_EQ(client.SignInit(session, key), CKR_OK);
  EXPECT_EQ(client.Login(session, "1234", CKU_CONTEXT_SPECIFIC), CKR_OK);
  EXPECT_EQ(client.Finish(session), CKR_OK);
  EXPECT_EQ(client.Sign(session, key), CKR_USER_NOT_LOGGED_IN);
}

TEST_F(WrappedModuleTest, AlwaysAuthenticateCanHideItself) {
  Ready();
  Change([](ModuleBehaviour& b) { b.always_authenticate = Context::kEnforcedAndHidden; });
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE attribute{CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};
  EXPECT_EQ(client.f().C_GetAttributeValue(session, key, &attribute, 1), CKR_ATTRIBUTE_TYPE_INVALID);
  EXPECT_EQ(client.Sign(session, key), CKR_USER_NOT_LOGGED_IN);
}

TEST_F(WrappedModuleTest, LiesAboutSignatures) {
  using Length = ModuleBehaviour::SignatureLength;
  Ready();
  for (const auto& [length, expected] : std::map<Length, CK_ULONG>{
           {Length::kAsIs, 64}, {Length::kZero, 0}, {Length::kOneShort, 63}, {Length::kBeyondBuffer, 272}}) {
    Change([&](ModuleBehaviour& b) { b.signature_length = length; });
    EXPECT_EQ(client.Sign(session, key), CKR_OK);
    EXPECT_EQ(client.length(), expected);
  }
}

TEST_F(WrappedModuleTest, AttributesFailOneByOne) {
  Ready();
  CK_KEY_TYPE type = 0;
  CK_BBOOL sign = CK_FALSE;
  CK_ATTRIBUTE attributes[] = {{CKA_SIGN, &sign, sizeof(sign)}, {CKA_KEY_TYPE, &type, sizeof(type)}};
  Change([](ModuleBehaviour& b) { b.failing_attributes = {CKA_SIGN}; });
  EXPECT_EQ(client.f().C_GetAttributeValue(session, key, attributes, 2), CKR_ATTRIBUTE_TYPE_INVALID);
  EXPECT_EQ(attributes[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
  EXPECT_EQ(type, CKK_EC);
  Change([](ModuleBehaviour& b) { b = {.single_attributes = true}; });
  attributes[0] = {CKA_SIGN, &sign, sizeof(sign)};
  EXPECT_EQ(client.f().C_GetAttributeValue(session, key, attributes, 2), CKR_ATTRIBUTE_TYPE_INVALID);
  attributes[1] = {CKA_KEY_TYPE, &type, sizeof(type)};
  EXPECT_EQ(client.f().C_GetAttributeValue(session, key, attributes + 1, 1), CKR_OK);
}

TEST_F(WrappedModuleTest, HidesPublicKeysAndCertificates) {
  hsm.Import(TestPki().Issue({}), {.id = "\x09"});
  Ready();
  EXPECT_NE(client.Find(session, CKO_PUBLIC_KEY), 0u);
  EXPECT_NE(client.Find(session, CKO_CERTIFICATE), 0u);
  Change([](ModuleBehaviour& b) { b.hide_public_keys = b.hide_certificates = true; });
  EXPECT_EQ(client.Find(session, CKO_PUBLIC_KEY), 0u);
  EXPECT_EQ(client.Find(session, CKO_CERTIFICATE), 0u);
  EXPECT_NE(client.Find(session), 0u);
}

TEST_F(WrappedModuleTest, ObjectHandlesChange) {
  Ready();
  Change([](ModuleBehaviour& b) { b.handle_shift = 7; });
  EXPECT_NE(client.SignInit(session, key), CKR_OK);
  const CK_OBJECT_HANDLE moved = client.Find(session);
  EXPECT_NE(moved, key);
  EXPECT_EQ(client.Sign(session, moved), CKR_OK);
}

TEST(WrappedModule, InitArgs) {
  const SoftHsm hsm;
  const WrappedModule wrapped(hsm, {.init_args = "slot=4"});
  CK_FUNCTION_LIST* functions = p11_kit_module_load(wrapped.path().c_str(), P11_KIT_MODULE_UNMANAGED);
  ASSERT_NE(functions, nullptr);
  EXPECT_EQ(functions->C_Initialize(nullptr), CKR_ARGUMENTS_BAD);
  std::string text = "slot=5";
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.pReserved = text.data();
  EXPECT_EQ(functions->C_Initialize(&arguments), CKR_ARGUMENTS_BAD);
  text = "slot=4";
  arguments.pReserved = text.data();
  EXPECT_EQ(functions->C_Initialize(&arguments), CKR_OK);
  EXPECT_EQ(functions->C_Finalize(nullptr), CKR_OK);
  p11_kit_module_release(functions);
}

TEST(WrappedModule, CantLock) {
  const SoftHsm hsm;
  const WrappedModule wrapped(hsm, {.cant_lock = true});
  CK_FUNCTION_LIST* functions = p11_kit_module_load(wrapped.path().c_str(), P11_KIT_MODULE_UNMANAGED);
  ASSERT_NE(functions, nullptr);
  CK_C_INITIALIZE_ARGS locking{};
  locking.flags = CKF_OS_LOCKING_OK;
  EXPECT_EQ(functions->C_Initialize(&locking), CKR_CANT_LOCK);
  EXPECT_EQ(functions->C_Initialize(nullptr), CKR_OK);
  EXPECT_EQ(functions->C_Finalize(nullptr), CKR_OK);
  p11_kit_module_release(functions);
}

TEST(WrappedModule, TwoInOneProcessHaveTheirOwnTokens) {
  SoftHsm first_hsm({.label = "first"});
  SoftHsm second_hsm({.label = "second"});
  WrappedModule first(first_hsm);
  WrappedModule second(second_hsm);
  const RawModule one(first.path());
  const RawModule two(second.path());
  EXPECT_NO_THROW(one.SlotOf("first"));
  EXPECT_THROW(one.SlotOf("second"), Error);
  EXPECT_NO_THROW(two.SlotOf("second"));
  second.RemoveToken();
  EXPECT_THROW(two.SlotOf("second"), Error);
  EXPECT_NO_THROW(one.SlotOf("first"));
}

TEST(WrappedModule, PlainPathIsTakenFromTheEnvironment) {
  const SoftHsm hsm;
  WrappedModule configured(hsm);
  // A copy with nothing with it.
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/module.so";
  std::filesystem::copy_file(configured.path(), path);
  setenv("SIGNET_TESTING_PKCS11", (configured.path() + ".conf").c_str(), 1);
  EXPECT_NO_THROW(RawModule(path).SlotOf("signet-test"));
  EXPECT_GT(configured.Count("C_GetTokenInfo"), 0u);
  unsetenv("SIGNET_TESTING_PKCS11");
}

TEST(WrappedModule, WorksInAProgramOfOthersWithoutAnyEnvironment) {
  const SoftHsm hsm;
  WrappedModule wrapped(hsm);
  const ProcessResult result =
      RunProgram({.argv = {"p11tool", "--provider", wrapped.path(), "--list-tokens"}});
  EXPECT_THAT(result.out, ::testing::HasSubstr("signet-test"));
  EXPECT_GT(wrapped.Count("C_GetTokenInfo"), 0u);
}

TEST(WrappedModule, ManyThreadsAndAChangingBehaviour) {
  SoftHsm hsm;
  hsm.Generate("ec:P-256", {});
  WrappedModule wrapped(hsm);
  const Client client(wrapped.path());
  const CK_SESSION_HANDLE first = client.Open();
  ASSERT_EQ(client.Login(first, "1234"), CKR_OK);
  const CK_OBJECT_HANDLE key = client.Find(first);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const CK_SESSION_HANDLE session = client.Open();
      for (int n = 0; n < 50; ++n) client.SignInit(session, key), client.f().C_CloseSession(session + 1000);
    });
  }
  for (int n = 0; n < 20; ++n) wrapped.Set({.delay_us = static_cast<std::uint64_t>(n % 2)});
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrapped.Count("C_SignInit"), 200u);
}

}  // namespace
}  // namespace signet::testing
