#pragma once

#include <signet/testing/memory_token.h>

#include <string>
#include <vector>

namespace signet::testing {

// BrokenRules says what a record of calls shows against the rules for PINs, one sentence each:
// - a PIN goes to the token that it is for, and to no other;
// - not twice to a token in one action after a C_Login that returned anything but CKR_OK and
//   CKR_USER_ALREADY_LOGGED_IN;
// - never again after the token refused it;
// - not while the token reports CKF_USER_PIN_FINAL_TRY or CKF_USER_PIN_LOCKED;
// - never empty, unless `empty_pins`;
// - a login that succeeded is renewed at most twice in an action.
// Every PIN but a deliberately wrong one, which begins with "wrong", belongs to one token.
std::vector<std::string> BrokenRules(const std::vector<MemoryCall>& calls, bool empty_pins = false);

// Text gives the calls one a line, for a failure's message.
std::string Text(const std::vector<MemoryCall>& calls, std::size_t last = 80);

}  // namespace signet::testing
