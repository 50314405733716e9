#include "pkcs11/admin/pin_session.h"

#include "pkcs11/admin/admin_error.h"
#include "pkcs11/module/token_name.h"
#include "pkcs11/token/session_lease.h"
#include <signet/error.h>

#include <fmt/format.h>

namespace signet {
namespace {

// PinFlags are the flags of CK_TOKEN_INFO that concern one user's PIN.
struct PinFlags {
  CK_USER_TYPE user;
  CK_FLAGS locked;
  CK_FLAGS final_try;
};
constexpr PinFlags kUserFlags = {CKU_USER, CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY};
constexpr PinFlags kOfficerFlags = {CKU_SO, CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY};

const char* NameOf(CK_USER_TYPE user) { return user == CKU_SO ? "security officer's PIN" : "user's PIN"; }

Error PinTrouble(ErrorCode code, const CK_TOKEN_INFO& info, std::string_view detail, const char* mend) {
  const std::string label = TextOf(info.label);
  return Error(
      {.code = code, .detail = fmt::format("token {}: {}", label, detail), .token = label, .mend = mend});
}

}  // namespace

CK_UTF8CHAR* PinBytes(const std::optional<Secret>& pin) noexcept {
  // PKCS#11 does not write into a PIN.
  return pin ? reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data())) : nullptr;
}

CK_ULONG PinSize(const std::optional<Secret>& pin) noexcept { return pin ? pin->size() : 0; }

void CheckPinToSend(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const PinToSend& pin) {
  const PinFlags& flags = user == CKU_SO ? kOfficerFlags : kUserFlags;
  if (pin.pin && pin.pin->empty()) {
    throw PinTrouble(ErrorCode::kWrongPin, info, fmt::format("the {} that was given is empty", NameOf(user)),
                     "Give the PIN; an empty one is not sent, as it could cost a try.");
  }
  if ((info.flags & flags.locked) != 0) throw PinError(CKR_PIN_LOCKED, "", user, info);
  if ((info.flags & flags.final_try) != 0 && !pin.allow_final_try) {
    throw PinTrouble(ErrorCode::kPinFinalTry, info,
                     fmt::format("one wrong try more locks the {}, so none was sent", NameOf(user)),
                     "When you are sure of the PIN, add --set allow-final-try=true.");
  }
}

void CheckNewPin(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const std::optional<Secret>& pin) {
  if (!pin) return;
  const auto size = static_cast<CK_ULONG>(pin->size());
  const CK_ULONG least = info.ulMinPinLen;
  const CK_ULONG most = info.ulMaxPinLen;
  // Limits that make no sense are left to the token.
  const bool known = most != 0 && most != CK_UNAVAILABLE_INFORMATION && least <= most;
  if (size == 0) {
    throw PinTrouble(ErrorCode::kWrongPin, info, fmt::format("the new {} is empty", NameOf(user)),
                     "Give a PIN.");
  }
  if (known && (size < least || size > most)) throw PinError(CKR_PIN_LEN_RANGE, "", user, info);
}

PinSession::PinSession(Module& module, CK_SLOT_ID slot)
    : module_(module), slot_(slot), info_(module.TokenInfo(slot)), label_(TextOf(info_.label)) {
  constexpr CK_FLAGS kFlags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
  CheckAdmin(module_.Call(SIGNET_CK(C_OpenSession), CalledOn{label_}, slot, kFlags,
                          static_cast<void*>(nullptr), static_cast<CK_NOTIFY>(nullptr), &session_),
             "C_OpenSession", label_);
}

PinSession::~PinSession() { module_.Call(SIGNET_CK(C_CloseSession), CalledOn{label_}, session_); }

void PinSession::LogIn(CK_USER_TYPE user, const PinToSend& pin) {
  CheckPinToSend(module_.TokenInfo(slot_), user, pin);
  const CK_RV result = Call(SIGNET_CK(C_Login), kNoMechanism, user, PinBytes(pin.pin), PinSize(pin.pin));
  if (result != CKR_OK && result != CKR_PIN_EXPIRED) throw PinError(result, "C_Login", user, info_);
}

void PinSession::InitPin(const std::optional<Secret>& new_pin) {
  const CK_RV result = Call(SIGNET_CK(C_InitPIN), kNoMechanism, PinBytes(new_pin), PinSize(new_pin));
  if (result != CKR_OK) throw PinError(result, "C_InitPIN", CKU_USER, info_);
}

void PinSession::SetPin(CK_USER_TYPE user, const PinToSend& old_pin, const std::optional<Secret>& new_pin) {
  const CK_RV result = Call(SIGNET_CK(C_SetPIN), kNoMechanism, PinBytes(old_pin.pin), PinSize(old_pin.pin),
                            PinBytes(new_pin), PinSize(new_pin));
  if (result != CKR_OK) throw PinError(result, "C_SetPIN", user, info_);
}

}  // namespace signet
