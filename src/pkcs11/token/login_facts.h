#pragma once

#include "pkcs11/module/cryptoki.h"
#include "pkcs11/token/credentials.h"
#include "pkcs11/token/pin_policy.h"

namespace signet::inline pkcs11 {

// PinStateOf and PolicyOf describe the user's PIN for the login machine.
inline TokenPinState PinStateOf(const CK_TOKEN_INFO& info) {
  return {.flags = info.flags, .min_length = info.ulMinPinLen};
}

inline PinPolicy PolicyOf(const Credentials& credentials) {
  return {.allow_final_try = credentials.allow_final_try,
          .pass_phrase_on_low_count = credentials.pass_phrase_on_low_count};
}

}  // namespace signet::inline pkcs11
