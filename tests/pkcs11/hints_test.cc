// What to do about an error, by the kind of token that it is about.
#include "pkcs11/module/hints.h"

#include "pkcs11/module/rv.h"
#include "pkcs11/token/login_errors.h"
#include <signet/testing/memory_token.h>

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

constexpr ModuleKind kKinds[] = {ModuleKind::kSoftHsm, ModuleKind::kCard,         ModuleKind::kTpm,
                                 ModuleKind::kNss,     ModuleKind::kOpenCryptoki, ModuleKind::kRemote,
                                 ModuleKind::kOther};

std::string Hint(ModuleKind kind, CK_RV rv, bool pcscd_is_down = false) {
  const char* const hint = HintFor(kind, RvError(rv, "C_Sign", "t"), pcscd_is_down);
  return hint != nullptr ? hint : "";
}

TEST(Hints, KindOfAModuleIsReadFromItsFileItsNameOrItsToken) {
  EXPECT_EQ(KindOfModule("/usr/lib/softhsm/libsofthsm2.so", "", ""), ModuleKind::kSoftHsm);
  EXPECT_EQ(KindOfModule("", "", "SoftHSM project"), ModuleKind::kSoftHsm);
  EXPECT_EQ(KindOfModule("/usr/lib/opensc-pkcs11.so", "", "piv_II"), ModuleKind::kCard);
  EXPECT_EQ(KindOfModule("/usr/lib/libykcs11.so.2", "", ""), ModuleKind::kCard);
  EXPECT_EQ(KindOfModule("", "tpm2_pkcs11", ""), ModuleKind::kTpm);
  EXPECT_EQ(KindOfModule("/usr/lib/libsoftokn3.so", "", ""), ModuleKind::kNss);
  EXPECT_EQ(KindOfModule("/usr/lib/opencryptoki/libopencryptoki.so", "", ""), ModuleKind::kOpenCryptoki);
  EXPECT_EQ(KindOfModule("/usr/lib/p11-kit-client.so", "", ""), ModuleKind::kRemote);
  EXPECT_EQ(KindOfModule("/opt/maker.so", "maker", "Maker"), ModuleKind::kOther);
}

TEST(Hints, FailureWithoutAReasonLeadsToWhatThatKindOfTokenNeeds) {
  struct Row {
    ModuleKind kind;
    const char* says;
  };
  for (const Row& row :
       {Row{ModuleKind::kSoftHsm, "SOFTHSM2_CONF"}, Row{ModuleKind::kCard, "reader"},
        Row{ModuleKind::kTpm, "TPM2_PKCS11_STORE"}, Row{ModuleKind::kNss, "configdir"},
        Row{ModuleKind::kOpenCryptoki, "pkcsslotd"}, Row{ModuleKind::kRemote, "p11-kit server"}}) {
    for (const CK_RV rv : {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED})
      EXPECT_THAT(Hint(row.kind, rv), HasSubstr(row.says));
  }
  EXPECT_EQ(Hint(ModuleKind::kOther, CKR_GENERAL_ERROR), "") << "the error's own hint stands";
}

TEST(Hints, CardWithoutPcscdNeedsIt) {
  for (const CK_RV rv : {CKR_TOKEN_NOT_PRESENT, CKR_SLOT_ID_INVALID, CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR,
                         CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED}) {
    EXPECT_THAT(Hint(ModuleKind::kCard, rv, true), HasSubstr("Start pcscd")) << RvName(rv);
    EXPECT_THAT(Hint(ModuleKind::kCard, rv, false), ::testing::Not(HasSubstr("Start pcscd"))) << RvName(rv);
  }
  for (const CK_RV rv : {CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_MECHANISM_INVALID})
    EXPECT_THAT(Hint(ModuleKind::kCard, rv, true), ::testing::Not(HasSubstr("pcscd"))) << RvName(rv);
  for (const ModuleKind kind : kKinds) {
    if (kind == ModuleKind::kCard) continue;
    EXPECT_THAT(Hint(kind, CKR_TOKEN_NOT_PRESENT, true), ::testing::Not(HasSubstr("pcscd")));
  }
}

TEST(Hints, TpmMayBeInItsLockout) {
  for (const CK_RV rv : {CKR_PIN_LOCKED, CKR_PIN_INCORRECT})
    EXPECT_THAT(Hint(ModuleKind::kTpm, rv), HasSubstr("tpm2_dictionarylockout")) << RvName(rv);
}

TEST(Hints, BlockedPinOfACardIsUnblockedWithThePuk) {
  EXPECT_THAT(Hint(ModuleKind::kCard, CKR_PIN_LOCKED), HasSubstr("pkcs15-tool --unblock-pin"));
  // That it is blocked may be known from the token's flags.
  const Credentials credentials;
  const Error seen =
      LoginError({.why = LoginStep::Failure::kPin, .refusal = PinRefusal::kLocked}, "t", credentials);
  ASSERT_EQ(RvOf(seen), CKR_OK);
  EXPECT_THAT(HintFor(ModuleKind::kCard, seen, false), HasSubstr("unblock-pin"));
  EXPECT_THAT(HintFor(ModuleKind::kTpm, seen, false), HasSubstr("tpm2_dictionarylockout"));
  EXPECT_THAT(RowOfRv(CKR_PIN_LOCKED).hint, HasSubstr("PUK"));
}

TEST(Hints, MoreSpecificHintIsKept) {
  const Error officer({.code = ErrorCode::kPinLocked,
                       .detail = "the security officer's PIN is locked",
                       .native = {NativeCode::Kind::kPkcs11, CKR_PIN_LOCKED, "CKR_PIN_LOCKED"},
                       .hint = "Only the token's own tool can reset it."});
  const Error known({.code = ErrorCode::kUnsupported,
                     .native = {NativeCode::Kind::kPkcs11, CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"},
                     .hint = "Use the card's own tool."});
  for (const ModuleKind kind : kKinds) {
    EXPECT_EQ(HintFor(kind, officer, true), nullptr);
    EXPECT_EQ(HintFor(kind, known, true), nullptr);
  }
}

// WithPcscdAt names a socket of pcscd for a while.
class WithPcscdAt {
 public:
  explicit WithPcscdAt(const std::string& path) { setenv("PCSCLITE_CSOCK_NAME", path.c_str(), 1); }
  ~WithPcscdAt() { unsetenv("PCSCLITE_CSOCK_NAME"); }
  WithPcscdAt(const WithPcscdAt&) = delete;
  WithPcscdAt& operator=(const WithPcscdAt&) = delete;
};

TEST(Hints, SocketOfPcscdIsLookedForWhereItsClientsDo) {
  const testing::MemoryModule memory;
  const auto module = Module::Load(memory.path(), "", nullptr);
  CK_TOKEN_INFO card{};
  std::ranges::fill(card.manufacturerID, ' ');
  std::ranges::copy(std::string_view("opensc"), card.manufacturerID);
  const Error absent = RvError(CKR_TOKEN_NOT_PRESENT, "C_OpenSession", "t");
  {
    const WithPcscdAt nowhere("/nonexistent/pcscd.comm");
    const Error error = WithHint(absent, *module, card);
    EXPECT_THAT(error.hint(), HasSubstr("Start pcscd"));
    EXPECT_EQ(error.detail(), absent.detail());
    EXPECT_EQ(RvOf(error), CKR_TOKEN_NOT_PRESENT);
    EXPECT_EQ(error.token(), "t");
  }
  const WithPcscdAt there("/");
  EXPECT_EQ(WithHint(absent, *module, card).hint(), absent.hint());
}

}  // namespace
}  // namespace signet
