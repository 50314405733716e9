#pragma once

#include "pkcs11/token/pin_policy.h"

#include <optional>
#include <span>

namespace signet::inline pkcs11 {

// LoginFacts is the information before a login; the token's part was just read.
struct LoginFacts {
  bool context = false;            // the login of one operation (CKU_CONTEXT_SPECIFIC) and not the user's
  CK_STATE session = 0;            // C_GetSessionInfo; not looked at for a context login
  TokenPinState token;             // C_GetTokenInfo; its `user` is the user to log in
  std::span<const PinFacts> pins;  // that are available, the preferred one first
  bool may_ask = false;            // there is a prompt, and it was not asked in this action
  bool failed = false;  // a C_Login of this action gave neither OK nor "already logged in": no other follows
  int logins = 0;       // that were undone: of this action, and one from before it
  PinPolicy policy;
};

// LoginStep is the next step. The caller executes it, and asks again with the result.
struct LoginStep {
  enum class Kind {
    kReady,      // the user is logged in
    kAskReader,  // C_Login without a PIN: the reader has a pad (CKF_PROTECTED_AUTHENTICATION_PATH)
    kAskPerson,  // ask the prompt; its answer is one more of the PINs available
    kSendPin,    // C_Login with pins[pin]
    kFail,       // for `why`, which may be about pins[pin]
  };
  enum class Failure {
    kState,           // `refusal` is of the token's state
    kPin,             // `refusal` is of pins[pin]
    kNoPin,           // no PIN and no prompt is available
    kFailedBefore,    // LoginFacts::failed
    kOfficerIsIn,     // the security officer is logged in
    kUserIsIn,        // the user is logged in, so the security officer cannot log in
    kUndoneTooOften,  // another program repeatedly logs the user out
  };
  Kind kind = Kind::kFail;
  std::size_t pin = 0;
  Failure why = Failure::kNoPin;
  PinRefusal refusal = PinRefusal::kLocked;
};

// The maximum number of renewals of a lost login in one action.
inline constexpr int kMostLogins = 3;

// NextLoginStep decides; it is pure.
LoginStep NextLoginStep(const LoginFacts& facts) noexcept;

}  // namespace signet::inline pkcs11
