#pragma once

#include <signet/pin_prompt.h>
#include <signet/pin_source.h>
#include <signet/settings.h>

#include <memory>
#include <string>

namespace signet::inline pkcs11 {

// Credentials are the sources of the PIN for one token, and the permitted uses of the PIN.
struct Credentials {
  PinSource pin;  // from the URI, or the settings' where it is clear that it is for this token
  bool pin_is_configured = false;     // `pin` is the settings': for a token that wants a login, and no other
  bool pin_withheld = false;          // the settings have one, and it is not clear
  std::shared_ptr<PinPrompt> prompt;  // may be null
  std::string uri;                    // for messages
  Settings::LoginBehavior behavior = Settings::LoginBehavior::kAuto;
  bool allow_final_try = false;
  bool pass_phrase_on_low_count = false;  // of a prompt that asks no person
};

}  // namespace signet::inline pkcs11
