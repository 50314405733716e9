#pragma once

#include "pkcs11/token/credentials.h"
#include "pkcs11/token/kept_secret.h"
#include "pkcs11/token/pin_policy.h"
#include "pkcs11/token/session_lease.h"
#include <signet/error.h>
#include <signet/secret.h>

#include <optional>
#include <string>

namespace signet {

// PinToSend is one C_Login.
struct PinToSend {
  CK_USER_TYPE user = CKU_USER;
  const Secret* pin = nullptr;  // null: the reader's own pad asks
  PinOrigin origin = PinOrigin::kPerson;
  const Credentials& credentials;
  const std::string& label;        // of the token, for messages
  const std::string& ledger_name;  // in the ledger of refused PINs
  KeptSecret& keep;                // where a PIN that works is kept
};

// SendPin calls C_Login and gives its failure, or nothing when the user is logged in. A PIN that is refused
// goes into the ledger, as does one whose login does not come back, and a program's pass phrase that comes to
// nothing.
std::optional<Error> SendPin(SessionLease& lease, const PinToSend& sending);

}  // namespace signet
