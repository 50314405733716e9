#pragma once

#include "pkcs11/admin/token_handle.h"
#include "pkcs11/token/login_machine.h"
#include "pkcs11/token/send_pin.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace signet::inline pkcs11 {

// OwnPin is the PIN that `user`, CKU_USER or CKU_SO, has on the token of `handle`.
struct OwnPin {
  OwnPin(const TokenHandle& handle, CK_USER_TYPE whose, PinToSend given);

  const CK_USER_TYPE user;
  const PinToSend pin;
  const std::string label;  // of the token, for messages
  const std::string ledger_name;

  // NextStep asks the login machine what may be done with the PIN on a token that is in this state.
  LoginStep NextStep(CK_STATE session, const CK_TOKEN_INFO& info, bool failed, int logins) const;
  // ErrorOf says in words why the step is kFail.
  Error ErrorOf(const LoginStep& step) const;
  // Pass is PassPin with this PIN, or without one where `step` says that the reader asks for it. Throws
  // Error where the PIN was refused before.
  CK_RV Pass(const LoginStep& step, bool beside_new_pin,
             const std::function<CK_RV(CK_UTF8CHAR* pin, CK_ULONG size)>& call) const;
};

// PinSession sets PINs of one token as `user`, in sessions of class Token, so that the rules for PINs and
// what is renewed are those of a signature. The PIN is sent by C_Login, and by C_SetPIN once. Every function
// throws Error. For one thread.
class PinSession {
 public:
  PinSession(const TokenHandle& handle, CK_USER_TYPE user, PinToSend pin)
      : token_(OpenToken(handle)), own_(handle, user, std::move(pin)) {}

  // InitPin sets the user's PIN; for the security officer.
  void InitPin(const std::optional<Secret>& new_pin);
  // SetPin changes the PIN of `user`. Where it is not known whether that was done, the error reports this.
  void SetPin(const std::optional<Secret>& new_pin);

 private:
  LoginStep LogIn(Token::Lease& lease);
  bool CallLogin(Token::Lease& lease, const LoginStep& step, const CK_TOKEN_INFO& info);
  void CallSetPin(Token::Lease& lease, const LoginStep& step, const std::optional<Secret>& new_pin);

  const std::shared_ptr<Token> token_;
  const OwnPin own_;
  int logins_ = 0;
  std::optional<Error> failure_;  // of a C_Login that gave neither OK nor "already logged in"
};

// CheckNewPin throws Error kWrongPin for a PIN that is empty, or outside of the lengths that the token
// reports.
void CheckNewPin(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const std::optional<Secret>& pin);

// PinBytes gives a PIN as PKCS#11 takes it: null if the reader's pad asks for it.
CK_UTF8CHAR* PinBytes(const std::optional<Secret>& pin) noexcept;
CK_ULONG PinSize(const std::optional<Secret>& pin) noexcept;

}  // namespace signet::inline pkcs11
