#include "pkcs11/token/pin_policy.h"

namespace signet::inline pkcs11 {
namespace {

// PinFlags are the flags of CK_TOKEN_INFO that are about one user's PIN.
struct PinFlags {
  CK_FLAGS locked;
  CK_FLAGS final_try;
  CK_FLAGS count_low;
  CK_FLAGS to_be_changed;
  CK_FLAGS initialised;  // 0: the token does not tell
};
constexpr PinFlags kOfUser{CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_COUNT_LOW,
                           CKF_USER_PIN_TO_BE_CHANGED, CKF_USER_PIN_INITIALIZED};
constexpr PinFlags kOfOfficer{CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_COUNT_LOW,
                              CKF_SO_PIN_TO_BE_CHANGED, 0};

const PinFlags& FlagsOf(const TokenPinState& state) noexcept {
  return state.user == CKU_SO ? kOfOfficer : kOfUser;
}

}  // namespace

std::optional<PinRefusal> RefusalOfState(const TokenPinState& state, const PinPolicy& policy) noexcept {
  const PinFlags& of = FlagsOf(state);
  const auto has = [&](CK_FLAGS flag) { return (state.flags & flag) != 0; };
  if (has(of.locked)) return PinRefusal::kLocked;
  if (of.initialised != 0 && !has(of.initialised)) return PinRefusal::kNotInitialised;
  if (has(of.final_try) && !policy.allow_final_try) return PinRefusal::kFinalTry;
  return std::nullopt;
}

std::optional<PinRefusal> RefusalOfPin(const PinFacts& pin, const TokenPinState& state,
                                       const PinPolicy& policy) noexcept {
  if (const auto refusal = RefusalOfState(state, policy)) return refusal;
  if (pin.refused) return PinRefusal::kRefusedBefore;
  const bool takes_empty = state.min_length == 0 || (state.flags & FlagsOf(state).to_be_changed) != 0;
  const bool meant_empty = pin.origin == PinOrigin::kUriValue || pin.origin == PinOrigin::kKept;
  if (pin.empty && !(takes_empty && meant_empty)) return PinRefusal::kEmpty;
  const bool count_low = (state.flags & FlagsOf(state).count_low) != 0;
  if (pin.origin == PinOrigin::kPassPhrase && count_low && !policy.pass_phrase_on_low_count) {
    return PinRefusal::kCountLow;
  }
  return std::nullopt;
}

}  // namespace signet::inline pkcs11
