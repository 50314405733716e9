#pragma once

#include "pkcs11/token/credentials.h"
#include "pkcs11/token/kept_secret.h"
#include "pkcs11/token/pin_policy.h"
#include "pkcs11/token/session_lease.h"
#include <signet/error.h>
#include <signet/secret.h>

#include <functional>
#include <optional>
#include <string>

namespace signet::inline pkcs11 {

// LedgerNameOf is the name in the ledger of refused PINs for the PIN of `user` on the token with this key;
// CKU_CONTEXT_SPECIFIC: for a key's own PIN, which may be right where the user's is wrong.
std::string LedgerNameOf(const std::string& token_key, CK_USER_TYPE user);

// PassedPin is a PIN of the token for one call.
struct PassedPin {
  const Secret* pin = nullptr;  // null: the reader's own pad asks
  const std::string& ledger_name;
  bool spent_by_failure = false;  // a call that fails counts as a rejection
  bool beside_new_pin =
      false;  // CKR_PIN_INVALID and CKR_PIN_LEN_RANGE are about another PIN in the same call
};

// PassPin makes `call` with the PIN's bytes and gives what it returned; nothing, and no call, where the PIN
// was rejected before. A rejected PIN is recorded in the ledger, like one whose call does not return.
std::optional<CK_RV> PassPin(const PassedPin& passed,
                             const std::function<CK_RV(CK_UTF8CHAR* pin, CK_ULONG size)>& call);

// LoginPin is one C_Login.
struct LoginPin {
  CK_USER_TYPE user = CKU_USER;
  const Secret* pin = nullptr;  // null: the reader's own pad asks
  PinOrigin origin = PinOrigin::kPerson;
  const Credentials& credentials;
  const std::string& label;        // of the token, for messages
  const std::string& ledger_name;  // in the ledger of refused PINs
  KeptSecret& keep;                // where a PIN that works is kept
};

// SentPin is the result of a C_Login.
struct SentPin {
  enum class Outcome {
    kLoggedIn,  // CKR_OK
    kWasIn,     // CKR_USER_ALREADY_LOGGED_IN: so he was, and the session's state tells whether he is still
    kFailed,    // `failure`
  };
  Outcome outcome = Outcome::kFailed;
  std::optional<Error> failure = {};
};

// SendPin calls C_Login with PassPin. A program's pass phrase that fails is recorded in the ledger.
SentPin SendPin(SessionLease& lease, const LoginPin& sending);

}  // namespace signet::inline pkcs11
