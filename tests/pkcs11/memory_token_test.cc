// What only a token that is made for it can show: twin slots, keys without an ID, certificates that cannot be
// read, keys that are visible without login.
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include <signet/testing/memory_token.h>

#include <map>
#include <string>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

class OnMemoryToken : public ::testing::Test {
 protected:
  Settings settings() const {
    Settings some;
    some.modules = {module.path()};
    return some;
  }
  std::uint64_t Logins() const { return module.Count("C_Login"); }

  MemoryModule module;
  TestPki pki;
};

TEST_F(OnMemoryToken, TwinSlotsGetThePinOnlyWhereThePublicObjectsTell) {
  const std::size_t first = module.AddToken({.label = "card", .serial = "7", .pin = "1111"});
  const std::size_t second = module.AddToken({.label = "card", .serial = "7", .pin = "2222"});
  module.AddIdentity(first, pki.Issue({}), {.id = "\x01", .label = "sign"});
  module.AddIdentity(second, pki.Issue({}), {.id = "\x02", .label = "auth"});
  Pkcs11Source source(settings());
  EXPECT_EQ(source.List("pkcs11:token=card", nullptr).identities.size(), 2u) << "neither hides the other";
  EXPECT_TRUE(Signs(*LoadKey(source, "pkcs11:token=card;id=%02?pin-value=2222")));
  EXPECT_TRUE(Signs(*LoadKey(source, "pkcs11:token=card;object=sign?pin-value=1111")));
  EXPECT_EQ(Logins(), 2u);
  Pkcs11Source fresh(settings());
  module.LogOut(first);
  module.LogOut(second);
  module.ResetCalls();
  try {
    LoadKey(fresh, "pkcs11:token=card?pin-value=1111");
    ADD_FAILURE() << "which of the slots?";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kAmbiguous);
    EXPECT_THAT(error.hint(), ::testing::HasSubstr("slot-id"));
  }
  EXPECT_EQ(Logins(), 0u);
  for (const Identity& identity : fresh.List("pkcs11:token=card", nullptr).identities) {
    EXPECT_THAT(identity.uri(), ::testing::HasSubstr("slot-id="));
    EXPECT_EQ(fresh.List(identity.uri(), nullptr).identities.size(), 1u) << "its own URI finds it alone";
  }
}

TEST_F(OnMemoryToken, ModuleThatOthersFinalisedIsInitialisedThoughSeveralSourcesUseIt) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}));
  Pkcs11Source one(settings());
  Pkcs11Source two(settings());
  const auto key = LoadKey(one, module.ObjectUri(token, "\x01", true));
  const auto other = LoadKey(two, module.ObjectUri(token, "\x01", true));
  for (int i = 0; i < 3; ++i) {
    module.FinaliseByOthers();
    EXPECT_TRUE(Signs(*key));
    EXPECT_TRUE(Signs(*other));
  }
}

// CallOf gives a function of the module itself.
template <class Function>
Function CallOf(const MemoryModule& module, const char* name) {
  void* const handle = dlopen(module.path().c_str(), RTLD_NOW | RTLD_NOLOAD);
  return reinterpret_cast<Function>(dlsym(handle, name));
}

struct InterfaceOf3 {
  const char* name;
  CK_FUNCTION_LIST* list;
  CK_FLAGS flags;
};

TEST_F(OnMemoryToken, InterfacesAreThoseOfTheVersionThatIsAskedFor) {
  using GetInterface = CK_RV (*)(const char*, const CK_VERSION*, InterfaceOf3**, CK_FLAGS);
  const auto get = CallOf<GetInterface>(module, "C_GetInterface");
  InterfaceOf3* found = nullptr;
  EXPECT_EQ(get(nullptr, nullptr, &found, 0), CKR_FUNCTION_NOT_SUPPORTED) << "2.40 has none";
  module.Set({.version_3 = true});
  ASSERT_EQ(get(nullptr, nullptr, &found, 0), CKR_OK);
  EXPECT_EQ(found->list->version.major, 3);
  const CK_VERSION version_2{2, 40};
  ASSERT_EQ(get("PKCS 11", &version_2, &found, 0), CKR_OK);
  EXPECT_EQ(found->list->version.major, 2);
  EXPECT_NE(get("Vendor", nullptr, &found, 0), CKR_OK);
}

TEST_F(OnMemoryToken, ModuleOfEitherVersionSigns) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}));
  for (const bool version_3 : {false, true}) {
    module.Set({.version_3 = version_3});
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, module.ObjectUri(token, "\x01", true)))) << version_3;
  }
}

TEST_F(OnMemoryToken, SessionCancelOf3EndsOperations) {
  module.AddToken();
  module.Set({.version_3 = true});
  CK_FUNCTION_LIST* p11 = nullptr;
  CallOf<CK_C_GetFunctionList>(module, "C_GetFunctionList")(&p11);
  InterfaceOf3* found = nullptr;
  CallOf<CK_RV (*)(const char*, const CK_VERSION*, InterfaceOf3**, CK_FLAGS)>(module, "C_GetInterface")(
      nullptr, nullptr, &found, 0);
  // It is the fourth of the functions that 3.0 adds.
  auto* const added = reinterpret_cast<CK_RV (**)(CK_SESSION_HANDLE, CK_FLAGS)>(found->list + 1);
  CK_SESSION_HANDLE session = 0;
  p11->C_Initialize(nullptr);
  ASSERT_EQ(p11->C_OpenSession(16, CKF_SERIAL_SESSION, nullptr, nullptr, &session), CKR_OK);
  EXPECT_EQ(p11->C_FindObjectsInit(session, nullptr, 0), CKR_OK);
  EXPECT_EQ(p11->C_FindObjectsInit(session, nullptr, 0), CKR_OPERATION_ACTIVE);
  EXPECT_EQ(added[3](session, 0x40), CKR_OK);
  EXPECT_EQ(p11->C_FindObjectsInit(session, nullptr, 0), CKR_OK);
  p11->C_Finalize(nullptr);
}

TEST_F(OnMemoryToken, APrivateKeyThatIsVisibleWithoutLoginIsUsedWithoutOne) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}), {.id = "\x04", .private_key_hidden = false});
  for (const char* behavior : {"auto", "never"}) {
    Settings some = settings();
    some.Set("pkcs11-module-login-behavior", behavior);
    Pkcs11Source source(some);
    EXPECT_TRUE(Signs(*LoadKey(source, module.ObjectUri(token, "\x04")))) << behavior;
    EXPECT_TRUE(Signs(*LoadKey(source, module.ObjectUri(token, "\x04", true)))) << behavior;
    const Listing listing = source.List(module.TokenUri(token), nullptr);
    ASSERT_EQ(listing.identities.size(), 1u);
    EXPECT_TRUE(Signs(*listing.identities[0].key()));
  }
  EXPECT_EQ(Logins(), 0u);
}

TEST_F(OnMemoryToken, AKeyThatIsVisibleWithoutLoginOpensByItsTokenAlone) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}), {.id = "\x04", .label = "open", .private_key_hidden = false});
  module.AddIdentity(token, pki.Issue({}), {.id = "\x05", .label = "hidden"});
  Pkcs11Source source(settings());
  EXPECT_TRUE(Signs(*LoadKey(source, module.TokenUri(token))));
  EXPECT_EQ(Logins(), 0u);
  for (const bool with_pin : {true, false}) {
    const StoredObjects all = source.Load(module.TokenUri(token, with_pin), kWantPrivateKeys, nullptr);
    EXPECT_EQ(all.private_keys.size(), 2u) << "with a PIN, in the URI or kept, all keys are meant";
    module.LogOut(token);
  }
  EXPECT_EQ(Logins(), 2u);
}

TEST_F(OnMemoryToken, AListAfterAForeignLogoutKnowsThatKeysAreHidden) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}));
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, module.ObjectUri(token, "\x01", true));
  module.LogOut(token);
  const Listing listing = source.List(module.TokenUri(token), nullptr);
  EXPECT_TRUE(listing.problems.empty()) << listing.problems.at(0).error.what();
  EXPECT_EQ(listing.identities.size(), 1u);
  EXPECT_TRUE(Signs(*key));
}

TEST_F(OnMemoryToken, AForeignLogoutDuringAListingDoesNotAffectIt) {
  const std::size_t token = module.AddToken();
  for (int i = 1; i <= 3; ++i)
    module.AddIdentity(token, pki.Issue({}), {.id = std::string(1, static_cast<char>(i))});
  Pkcs11Source source(settings());
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    LoadKey(source, module.ObjectUri(token, "\x01", true));
    module.Disturb({.seed = seed,
                    .per_mille = 150,
                    .budget = 1,
                    .codes = false,
                    .removal = false,
                    .finalise = false,
                    .sessions = false});
    const Listing listing = source.List(module.TokenUri(token), nullptr);
    module.Calm();
    EXPECT_EQ(listing.identities.size(), 3u) << seed;
    EXPECT_TRUE(listing.problems.empty()) << seed;
  }
}

TEST_F(OnMemoryToken, WhereThePinWouldGoOutAgainTokensAreLookedForAgain) {
  const std::size_t token = module.AddToken({.label = "card", .serial = "1"});
  module.AddIdentity(token, pki.Issue({}));
  Pkcs11Source source(settings());
  const std::string uri = "pkcs11:token=card;id=%01?pin-value=1234";
  const auto key = LoadKey(source, uri);
  module.AddToken({.label = "card", .serial = "2", .pin = "9999"});
  module.LogOut(token);
  EXPECT_EQ(CodeOf([&] { LoadKey(source, uri); }), ErrorCode::kAmbiguous);
  EXPECT_EQ(Logins(), 1u);
}

TEST_F(OnMemoryToken, TheConfiguredPinIsNotSentToATokenWithoutLogin) {
  const std::size_t token = module.AddToken({.login_required = false});
  module.AddIdentity(token, pki.Issue({}));
  Settings with_pin = settings();
  with_pin.token_pin = PinSource::Value(Secret("1234"));
  for (const std::string& uri :
       {module.ObjectUri(token, "\x01"), module.TokenUri(token), std::string("pkcs11:")}) {
    Pkcs11Source source(with_pin);
    EXPECT_TRUE(CodeOf([&] { LoadKey(source, uri); }).has_value()) << "the key is hidden";
    source.List(uri, nullptr);
  }
  EXPECT_EQ(Logins(), 0u);
  Pkcs11Source source(with_pin);
  EXPECT_TRUE(Signs(*LoadKey(source, module.ObjectUri(token, "\x01", true))))
      << "a URI says what its PIN is for";
}

TEST_F(OnMemoryToken, ALoginThatAnotherProgramEndsIsRenewedTwice) {
  const std::size_t token = module.AddToken();
  module.AddIdentity(token, pki.Issue({}));
  for (const std::uint64_t times : {1u, 2u}) {
    module.LogOut(token);
    module.Set({.faults = {{.function = "C_Login", .result = CKR_USER_ALREADY_LOGGED_IN, .times = times}}});
    module.ResetCalls();
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, module.ObjectUri(token, "\x01", true)))) << times;
    EXPECT_EQ(Logins(), times + 1);
  }
  module.LogOut(token);
  module.Set({.faults = {{.function = "C_Login", .result = CKR_USER_ALREADY_LOGGED_IN, .times = 0}}});
  module.ResetCalls();
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, module.ObjectUri(token, "\x01", true)); }),
            ErrorCode::kTokenTrouble);
  EXPECT_EQ(Logins(), 3u);
}

TEST_F(OnMemoryToken, KeysWithoutAnIdAndCertificatesWithAnotherAreFoundByPublicKey) {
  const std::size_t token = module.AddToken();
  const TestIdentity ec = pki.Issue({.common_name = "ec"});
  module.AddIdentity(token, ec, {.id = "", .label = "", .certificate = false});
  module.AddIdentity(token, ec, {.id = "\x09", .label = "other", .key = false, .public_key = false});
  const TestIdentity rsa = pki.Issue({.key = "rsa:2048", .common_name = "rsa"});
  module.AddIdentity(token, rsa, {.id = "\x21", .label = "k", .certificate = false, .public_key = false});
  module.AddIdentity(token, rsa, {.id = "\x22", .label = "c", .key = false, .public_key = false});
  Pkcs11Source source(settings());
  const Listing listing = source.List(module.TokenUri(token, true), nullptr);
  EXPECT_TRUE(listing.problems.empty()) << listing.problems.at(0).error.what();
  ASSERT_EQ(listing.identities.size(), 2u);
  for (const Identity& identity : listing.identities) {
    EXPECT_TRUE(Signs(*identity.key())) << identity.uri();
    EXPECT_EQ(source.List(identity.uri() + "?pin-value=1234", nullptr).identities.size(), 1u);
  }
  // Hidden keys are found by the same rules when they are unlocked.
  Pkcs11Source fresh(settings());
  module.LogOut(token);
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  for (const Identity& identity : fresh.List(module.TokenUri(token), prompt).identities)
    EXPECT_TRUE(Signs(*identity.key())) << identity.uri();
  EXPECT_EQ(Logins(), 2u);
}

TEST_F(OnMemoryToken, ASearchEndsOnlyWhenACallGivesNothing) {
  const std::size_t token = module.AddToken();
  for (int i = 1; i <= 20; ++i) {
    module.AddIdentity(token, pki.Issue({.common_name = std::to_string(i)}),
                       {.id = std::string(1, static_cast<char>(i)), .label = std::to_string(i)});
  }
  for (const std::uint64_t batch : {1u, 2u, 3u, 10u, 16u, 0u}) {
    module.Set({.find_at_most = batch, .shuffle = batch});
    Pkcs11Source source(settings());
    EXPECT_EQ(source.List(module.TokenUri(token, true), nullptr).identities.size(), 20u) << batch;
  }
}

TEST_F(OnMemoryToken, AListingIsOnePassWithLinearCost) {
  std::map<int, std::uint64_t> calls;
  for (const int count : {20, 40}) {
    module.Clear();
    const std::size_t token = module.AddToken();
    for (int i = 1; i <= count; ++i) {
      module.AddIdentity(token, pki.Issue({.common_name = std::to_string(i)}),
                         {.id = std::string(1, static_cast<char>(i)), .label = std::to_string(i)});
    }
    Pkcs11Source source(settings());
    module.ResetCalls();
    EXPECT_EQ(source.List(module.TokenUri(token, true), nullptr).identities.size(),
              static_cast<std::size_t>(count));
    calls[count] = module.Count("*");
    EXPECT_EQ(module.Count("C_FindObjectsInit"), 3u) << "one search for each class";
  }
  EXPECT_LE(calls[40] - calls[20], 3u * 20) << "three calls an identity";
}

}  // namespace
}  // namespace signet::testing
