#pragma once

#include <signet/export.h>
#include <signet/secret.h>

#include <optional>
#include <string>

namespace signet {

// PinRequest describes the required PIN or password, and what the token reports about remaining tries.
struct PinRequest {
  // Kind is the type of the required PIN or password.
  enum class Kind {
    kUserPin,     // C_Login(CKU_USER)
    kContextPin,  // C_Login(CKU_CONTEXT_SPECIFIC): the key requires it for each signature
    kSecurityOfficerPin,
    kPassword,  // of a PKCS#12 file
  };
  Kind kind = Kind::kUserPin;  // what is wanted
  std::string name;            // token label, or path of the file
  std::string uri;             // without pin-value
  bool count_low = false;      // a wrong PIN was entered since the last correct one (CKF_USER_PIN_COUNT_LOW)
  bool final_try = false;      // one more wrong PIN locks the token (CKF_USER_PIN_FINAL_TRY)
};

// PinPrompt asks a person, or a program's store, for a PIN. Implementations may be called from any thread,
// one call at a time for each token. They must not sign or log in with the same token: the operation then
// fails with kBadArgument.
class SIGNET_EXPORT PinPrompt {
 public:
  virtual ~PinPrompt() = default;
  // Ask returns the PIN, or nothing if the person declined: the operation then fails with kPinNeeded.
  virtual std::optional<Secret> Ask(const PinRequest& request) = 0;
  // LookAtReader is called when the reader's PIN pad waits for the PIN (CKF_PROTECTED_AUTHENTICATION_PATH).
  virtual void LookAtReader(const PinRequest& request) { (void)request; }
  // asks_person tells whether Ask asks a person. A program's answer is sent to a token only once, and not
  // while the token reports that a wrong PIN was entered (CKF_USER_PIN_COUNT_LOW).
  virtual bool asks_person() const noexcept { return true; }
};

}  // namespace signet
