#pragma once

#include "pkcs11/module/cryptoki.h"

#include <optional>

namespace signet::inline pkcs11 {

// PinOrigin is the origin of a PIN.
enum class PinOrigin {
  kKept,        // it worked before, or a person gave it a moment ago
  kUriValue,    // ?pin-value= of the URI
  kSource,      // a pin-source, or the setting
  kPerson,      // a prompt that asks a person
  kPassPhrase,  // what a program hands over as the pass phrase of a key
};

// PinFacts is the information on a PIN for the policy: never the PIN itself.
struct PinFacts {
  PinOrigin origin = PinOrigin::kSource;
  bool empty = false;
  bool refused = false;  // by this token before, in this process or a relative of it
};

// TokenPinState is the state of a user's PIN, just read from the token.
struct TokenPinState {
  CK_FLAGS flags = 0;
  CK_ULONG min_length = 0;
  CK_USER_TYPE user = CKU_USER;  // or CKU_SO, whose PIN has flags of its own
};

struct PinPolicy {
  bool allow_final_try = false;
  bool pass_phrase_on_low_count = false;
};

// PinRefusal is the reason why no PIN, or not this PIN, may be sent.
enum class PinRefusal {
  kLocked,          // CKF_USER_PIN_LOCKED, CKF_SO_PIN_LOCKED
  kNotInitialised,  // CKF_USER_PIN_INITIALIZED is missing
  kFinalTry,        // CKF_USER_PIN_FINAL_TRY, CKF_SO_PIN_FINAL_TRY
  kRefusedBefore,   // PinFacts::refused
  kEmpty,
  kCountLow,  // a pass phrase, while the token says that a wrong PIN was entered
};

// RefusalOfState tells whether any PIN may go to the token in this state.
std::optional<PinRefusal> RefusalOfState(const TokenPinState& state, const PinPolicy& policy) noexcept;

// RefusalOfPin tells whether this PIN may be sent to the token now. An empty PIN costs a try on most tokens:
// it is sent only if a URI contains it and the token accepts one (PKCS#11 2.40, ulMinPinLen), or wants its
// PIN to be changed.
std::optional<PinRefusal> RefusalOfPin(const PinFacts& pin, const TokenPinState& state,
                                       const PinPolicy& policy) noexcept;

}  // namespace signet::inline pkcs11
