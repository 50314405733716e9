#include "pkcs11/token/pin_policy.h"

namespace signet {

std::optional<PinRefusal> RefusalOfState(const TokenPinState& state, const PinPolicy& policy) noexcept {
  const auto has = [&](CK_FLAGS flag) { return (state.flags & flag) != 0; };
  if (has(CKF_USER_PIN_LOCKED)) return PinRefusal::kLocked;
  if (!has(CKF_USER_PIN_INITIALIZED)) return PinRefusal::kNotInitialised;
  if (has(CKF_USER_PIN_FINAL_TRY) && !policy.allow_final_try) return PinRefusal::kFinalTry;
  return std::nullopt;
}

std::optional<PinRefusal> RefusalOfPin(const PinFacts& pin, const TokenPinState& state,
                                       const PinPolicy& policy) noexcept {
  if (const auto refusal = RefusalOfState(state, policy)) return refusal;
  if (pin.refused) return PinRefusal::kRefusedBefore;
  const bool takes_empty = state.min_length == 0 || (state.flags & CKF_USER_PIN_TO_BE_CHANGED) != 0;
  const bool meant_empty = pin.origin == PinOrigin::kUriValue || pin.origin == PinOrigin::kKept;
  if (pin.empty && !(takes_empty && meant_empty)) return PinRefusal::kEmpty;
  const bool count_low = (state.flags & CKF_USER_PIN_COUNT_LOW) != 0;
  if (pin.origin == PinOrigin::kPassPhrase && count_low && !policy.pass_phrase_on_low_count) {
    return PinRefusal::kCountLow;
  }
  return std::nullopt;
}

}  // namespace signet
