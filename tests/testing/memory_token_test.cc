// The in-memory PKCS#11 module by raw calls: what it answers is what PKCS#11 says.
#include "identity/hashes.h"
#include "identity/public_key.h"
#include <signet/testing/memory_token.h>

#include <algorithm>
#include <set>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

namespace signet::testing {
namespace {

class MemoryToken : public ::testing::Test {
 protected:
  MemoryToken() {
    void* const handle = dlopen(module.path().c_str(), RTLD_NOW);
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(handle, "C_GetFunctionList"));
    get(&p11);
    token = module.AddToken();
    EXPECT_EQ(p11->C_Initialize(nullptr), CKR_OK);
  }
  ~MemoryToken() override { p11->C_Finalize(nullptr); }

  CK_SLOT_ID Slot(std::size_t number = 0) {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    EXPECT_EQ(p11->C_GetSlotList(CK_FALSE, slots, &count), CKR_OK);
    return slots[number];
  }
  CK_SESSION_HANDLE Open(CK_FLAGS flags = 0) {
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(p11->C_OpenSession(Slot(), CKF_SERIAL_SESSION | flags, nullptr, nullptr, &session), CKR_OK);
    return session;
  }
  CK_RV LogIn(CK_SESSION_HANDLE session, std::string pin = "1234", CK_USER_TYPE type = CKU_USER) {
    return p11->C_Login(session, type, reinterpret_cast<CK_BYTE*>(pin.data()), pin.size());
  }
  std::vector<CK_OBJECT_HANDLE> Find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class) {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    EXPECT_EQ(p11->C_FindObjectsInit(session, &wanted, 1), CKR_OK);
    std::vector<CK_OBJECT_HANDLE> handles;
    CK_OBJECT_HANDLE some[16];
    for (CK_ULONG count = 1; count != 0;) {
      EXPECT_EQ(p11->C_FindObjects(session, some, 16, &count), CKR_OK);
      handles.insert(handles.end(), some, some + count);
      batches.push_back(count);
    }
    EXPECT_EQ(p11->C_FindObjectsFinal(session), CKR_OK);
    return handles;
  }
  CK_FLAGS Flags() {
    CK_TOKEN_INFO info;
    EXPECT_EQ(p11->C_GetTokenInfo(Slot(), &info), CKR_OK);
    return info.flags;
  }
  std::vector<std::uint8_t> Sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism,
                                 std::vector<std::uint8_t> data) {
    EXPECT_EQ(p11->C_SignInit(session, &mechanism, key), CKR_OK);
    std::vector<std::uint8_t> signature(512);
    CK_ULONG size = signature.size();
    EXPECT_EQ(p11->C_Sign(session, data.data(), data.size(), signature.data(), &size), CKR_OK);
    signature.resize(size);
    return signature;
  }

  MemoryModule module;
  TestPki pki;
  CK_FUNCTION_LIST* p11 = nullptr;
  std::size_t token = 0;
  std::vector<CK_ULONG> batches;
};

TEST_F(MemoryToken, RsaPssSignaturesVerifyInSoftware) {
  const TestIdentity alice = pki.Issue({.key = "rsa:2048"});
  module.AddIdentity(token, alice);
  const CK_SESSION_HANDLE session = Open();
  ASSERT_EQ(LogIn(session), CKR_OK);
  const auto keys = Find(session, CKO_PRIVATE_KEY);
  ASSERT_EQ(keys.size(), 1u);
  const auto digest = Digest(Hash::kSha256, std::vector<std::uint8_t>(10, 1));
  CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
  const auto signature = Sign(session, keys[0], {CKM_RSA_PKCS_PSS, &pss, sizeof pss}, digest);
  const SigningAlgorithm algorithm{SigningAlgorithm::Kind::kRsaPss, Hash::kSha256, Hash::kSha256, 32};
  EXPECT_TRUE(
      PublicKey::FromSpki(alice.certificate.subject_public_key_info()).Verify(algorithm, digest, signature));
}

TEST_F(MemoryToken, Ed25519SignaturesVerifyInSoftware) {
  const TestIdentity alice = pki.Issue({.key = "ed25519"});
  module.AddIdentity(token, alice);
  const CK_SESSION_HANDLE session = Open();
  ASSERT_EQ(LogIn(session), CKR_OK);
  const std::vector<std::uint8_t> message(20, 5);
  const auto keys = Find(session, CKO_PRIVATE_KEY);
  ASSERT_EQ(keys.size(), 1u);
  const auto signature = Sign(session, keys[0], {CKM_EDDSA, nullptr, 0}, message);
  EXPECT_TRUE(PublicKey::FromSpki(alice.certificate.subject_public_key_info())
                  .Verify({SigningAlgorithm::Kind::kEdDsa}, message, signature));
}

TEST_F(MemoryToken, EcdsaSignaturesAreTwiceAsLongAsTheCurve) {
  for (const auto& [key, size] : {std::pair{"ec:P-256", 64u}, {"ec:P-384", 96u}, {"ec:P-521", 132u}}) {
    module.AddIdentity(token, pki.Issue({.key = key}), {.id = key});
  }
  const CK_SESSION_HANDLE session = Open();
  ASSERT_EQ(LogIn(session), CKR_OK);
  const auto keys = Find(session, CKO_PRIVATE_KEY);
  ASSERT_EQ(keys.size(), 3u);
  std::set<std::size_t> sizes;
  for (const auto key : keys)
    sizes.insert(Sign(session, key, {CKM_ECDSA, nullptr, 0}, std::vector<std::uint8_t>(32, 1)).size());
  EXPECT_EQ(sizes, (std::set<std::size_t>{64, 96, 132}));
}

TEST_F(MemoryToken, PrivateObjectsAreHiddenBeforeLoginAndAfterLogout) {
  module.AddIdentity(token, pki.Issue({}));
  const CK_SESSION_HANDLE session = Open();
  EXPECT_TRUE(Find(session, CKO_PRIVATE_KEY).empty());
  EXPECT_EQ(Find(session, CKO_CERTIFICATE).size(), 1u);
  EXPECT_EQ(LogIn(session), CKR_OK);
  EXPECT_EQ(LogIn(session), CKR_USER_ALREADY_LOGGED_IN);
  EXPECT_EQ(Find(Open(), CKO_PRIVATE_KEY).size(), 1u) << "a login is the application's, not the session's";
  module.LogOut(token);
  EXPECT_TRUE(Find(session, CKO_PRIVATE_KEY).empty());
}

TEST_F(MemoryToken, ClosingTheLastSessionLogsOut) {
  const CK_SESSION_HANDLE session = Open();
  ASSERT_EQ(LogIn(session), CKR_OK);
  p11->C_CloseSession(session);
  EXPECT_EQ(LogIn(Open()), CKR_OK);
}

TEST_F(MemoryToken, WrongPinsCountDownToTheLock) {
  const CK_SESSION_HANDLE session = Open();
  EXPECT_EQ(Flags() & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED), 0u);
  EXPECT_EQ(LogIn(session, "0000"), CKR_PIN_INCORRECT);
  EXPECT_NE(Flags() & CKF_USER_PIN_COUNT_LOW, 0u);
  EXPECT_EQ(LogIn(session, "0001"), CKR_PIN_INCORRECT);
  EXPECT_NE(Flags() & CKF_USER_PIN_FINAL_TRY, 0u);
  EXPECT_EQ(LogIn(session, "0002"), CKR_PIN_LOCKED);
  EXPECT_NE(Flags() & CKF_USER_PIN_LOCKED, 0u);
  EXPECT_EQ(LogIn(session), CKR_PIN_LOCKED);
}

TEST_F(MemoryToken, RemovalEndsSessionsAndHandles) {
  module.AddIdentity(token, pki.Issue({}));
  const CK_SESSION_HANDLE session = Open();
  const auto before = Find(session, CKO_CERTIFICATE);
  module.Remove(token);
  CK_SESSION_INFO info;
  EXPECT_EQ(p11->C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED);
  CK_TOKEN_INFO token_info;
  EXPECT_EQ(p11->C_GetTokenInfo(Slot(), &token_info), CKR_TOKEN_NOT_PRESENT);
  module.Insert(token, 0);
  EXPECT_EQ(p11->C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED) << "an old session stays dead";
  EXPECT_NE(Find(Open(), CKO_CERTIFICATE), before);
}

TEST_F(MemoryToken, RecordTellsWhichTokenGotThePin) {
  const std::size_t other = module.AddToken({.label = "other", .serial = "2", .pin = "9999"});
  module.Swap(0, 1);
  EXPECT_EQ(LogIn(Open()), CKR_PIN_INCORRECT);
  const auto calls = module.Calls();
  const auto login = std::ranges::find(calls, "C_Login", &MemoryCall::function);
  ASSERT_NE(login, calls.end());
  EXPECT_EQ(login->token, "2");
  EXPECT_EQ(login->pin, "1234");
  EXPECT_FALSE(login->pin_right);
  EXPECT_NE(module.TokenUri(other), module.TokenUri(token));
}

TEST_F(MemoryToken, SearchesComeInBatches) {
  for (int i = 0; i < 5; ++i) module.AddIdentity(token, pki.root(), {.key = false, .public_key = false});
  module.Set({.find_at_most = 2, .shuffle = 7});
  EXPECT_EQ(Find(Open(), CKO_CERTIFICATE).size(), 5u);
  EXPECT_EQ(batches, (std::vector<CK_ULONG>{2, 2, 1, 0}));
}

TEST_F(MemoryToken, MissingAttributesLeaveTheOthersFilledIn) {
  module.AddIdentity(token, pki.Issue({}));
  const CK_SESSION_HANDLE session = Open();
  const CK_OBJECT_HANDLE certificate = Find(session, CKO_CERTIFICATE).at(0);
  char id[1];
  char small[1];
  CK_ATTRIBUTE parts[] = {{CKA_MODULUS, nullptr, 0}, {CKA_ID, id, 1}, {CKA_VALUE, small, 1}};
  EXPECT_NE(p11->C_GetAttributeValue(session, certificate, parts, 3), CKR_OK);
  EXPECT_EQ(parts[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
  EXPECT_EQ(parts[1].ulValueLen, 1u);
  EXPECT_EQ(id[0], '\x01');
  EXPECT_EQ(parts[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

TEST_F(MemoryToken, FaultsHitTheNthCallBeforeOrAfterItIsDone) {
  const CK_SESSION_HANDLE session = Open();
  module.Set({.faults = {{.function = "C_Login", .result = CKR_FUNCTION_FAILED, .after = true}}});
  EXPECT_EQ(LogIn(session), CKR_FUNCTION_FAILED);
  EXPECT_EQ(LogIn(session), CKR_USER_ALREADY_LOGGED_IN) << "it was done";
  module.Set({.faults = {{.function = "C_Logout", .result = CKR_DEVICE_ERROR, .nth = 2}}});
  EXPECT_EQ(p11->C_Logout(session), CKR_OK);
  EXPECT_EQ(LogIn(session), CKR_OK);
  EXPECT_EQ(p11->C_Logout(session), CKR_DEVICE_ERROR);
  EXPECT_EQ(p11->C_Logout(session), CKR_OK);
  module.Calm();
}

TEST_F(MemoryToken, AlwaysAuthenticateWantsItsPinBetweenInitAndSign) {
  module.AddIdentity(token, pki.Issue({}), {.always_authenticate = true});
  const CK_SESSION_HANDLE session = Open();
  ASSERT_EQ(LogIn(session), CKR_OK);
  const CK_OBJECT_HANDLE key = Find(session, CKO_PRIVATE_KEY).at(0);
  CK_MECHANISM ecdsa{CKM_ECDSA, nullptr, 0};
  CK_BYTE data[32] = {};
  CK_BYTE signature[64];
  CK_ULONG size = sizeof signature;
  ASSERT_EQ(p11->C_SignInit(session, &ecdsa, key), CKR_OK);
  EXPECT_EQ(p11->C_Sign(session, data, 32, signature, &size), CKR_USER_NOT_LOGGED_IN);
  EXPECT_EQ(LogIn(session, "1234", CKU_CONTEXT_SPECIFIC), CKR_OPERATION_NOT_INITIALIZED);
  ASSERT_EQ(p11->C_SignInit(session, &ecdsa, key), CKR_OK);
  EXPECT_EQ(LogIn(session, "1234", CKU_CONTEXT_SPECIFIC), CKR_OK);
  EXPECT_EQ(p11->C_Sign(session, data, 32, signature, &size), CKR_OK);
}

TEST_F(MemoryToken, DisturbancesEndAndAreTheSameForASeed) {
  const auto run = [&](std::uint64_t seed) {
    module.ResetCalls();
    module.Disturb({.seed = seed, .per_mille = 500, .budget = 5});
    std::string trace;
    for (int i = 0; i < 200; ++i) {
      CK_TOKEN_INFO info;
      p11->C_GetTokenInfo(16, &info);
    }
    for (const MemoryCall& call : module.Calls())
      trace += std::to_string(call.result) + call.disturbance + ",";
    EXPECT_EQ(module.disturbed(), 5u);
    module.Calm();
    p11->C_Initialize(nullptr);
    CK_TOKEN_INFO info;
    EXPECT_EQ(p11->C_GetTokenInfo(16, &info), CKR_OK);
    return trace;
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

TEST_F(MemoryToken, EveryFunctionHasItsPermittedCodes) {
  const auto all = MemoryModule::AllCodes();
  for (const char* function : {"C_Sign", "C_Login", "C_FindObjects", "C_Initialize", "C_GetTokenInfo"}) {
    const auto codes = MemoryModule::PermittedCodes(function);
    EXPECT_FALSE(codes.empty());
    for (const auto code : codes) EXPECT_NE(std::ranges::find(all, code), all.end());
  }
}

TEST_F(MemoryToken, GeneratedPairSignsAndIsDestroyed) {
  const CK_SESSION_HANDLE session = Open(CKF_RW_SESSION);
  ASSERT_EQ(LogIn(session), CKR_OK);
  CK_BBOOL yes = CK_TRUE;
  CK_BYTE curve[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
  CK_ATTRIBUTE parts[] = {{CKA_TOKEN, &yes, 1}, {CKA_EC_PARAMS, curve, sizeof curve}};
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE key = 0;
  ASSERT_EQ(p11->C_GenerateKeyPair(session, &mechanism, parts, 2, parts, 1, &public_key, &key), CKR_OK);
  EXPECT_EQ(Sign(session, key, {CKM_ECDSA, nullptr, 0}, std::vector<std::uint8_t>(32, 1)).size(), 64u);
  EXPECT_EQ(p11->C_DestroyObject(session, key), CKR_OK);
  EXPECT_TRUE(Find(session, CKO_PRIVATE_KEY).empty());
}

}  // namespace
}  // namespace signet::testing
