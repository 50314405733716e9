#pragma once

#include "pkcs11/admin/token_place.h"
#include "pkcs11/module/module.h"

#include <string>

namespace signet {

// PinSession is a read-write session in which PINs are set. The security officer's login excludes every other
// session, so it is not one of a Token's. A PIN that the token has is sent once: whatever C_Login or C_SetPIN
// answered, the session sends no other. Every function throws Error. For one thread.
class PinSession {
 public:
  PinSession(Module& module, CK_SLOT_ID slot);
  ~PinSession();
  PinSession(const PinSession&) = delete;
  PinSession& operator=(const PinSession&) = delete;

  // Call is as Token::Lease::Call.
  template <class Function, class... Args>
  CK_RV Call(Function CK_FUNCTION_LIST::*function, const char* name, CK_MECHANISM_TYPE mechanism,
             Args... args) {
    return module_.Call(function, name, CalledOn{label_, mechanism}, session_, args...);
  }

  // LogIn reads the token's flags and sends the PIN. An expired PIN counts as logged in: C_SetPIN is what the
  // token then allows.
  void LogIn(CK_USER_TYPE user, const PinToSend& pin);
  // InitPin sets the user's PIN; the security officer must be logged in.
  void InitPin(const std::optional<Secret>& new_pin);
  // SetPin changes the PIN of `user`, who must be logged in.
  void SetPin(CK_USER_TYPE user, const PinToSend& old_pin, const std::optional<Secret>& new_pin);

 private:
  Module& module_;
  const CK_SLOT_ID slot_;
  const CK_TOKEN_INFO info_;
  const std::string label_;
  CK_SESSION_HANDLE session_ = 0;
};

// CheckPinToSend throws Error unless a token with these flags may be sent this PIN of `user`: kPinLocked,
// kPinFinalTry, kWrongPin for an empty PIN.
void CheckPinToSend(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const PinToSend& pin);

// CheckNewPin throws Error kWrongPin for a PIN that is empty, or outside of the lengths that the token
// reports.
void CheckNewPin(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const std::optional<Secret>& pin);

// PinBytes gives a PIN as PKCS#11 takes it: null where the reader's pad asks for it.
CK_UTF8CHAR* PinBytes(const std::optional<Secret>& pin) noexcept;
CK_ULONG PinSize(const std::optional<Secret>& pin) noexcept;

}  // namespace signet
