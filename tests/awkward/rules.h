#pragma once

#include <signet/testing/memory_token.h>

#include <string>
#include <vector>

namespace signet::testing {

// RuleOptions are what differs for some records.
struct RuleOptions {
  bool empty_pins = false;
  int most_logins = 3;  // that succeed in an action; one command of administration has several pieces of work
};

// BrokenRules says what a record of calls shows against the rules for PINs, one sentence each, of C_Login,
// C_InitToken and C_SetPIN, of the user's PIN and the security officer's:
// - a PIN goes to the token that it is for, and to no other;
// - not twice to a token in one action after a call that returned anything but CKR_OK and
//   CKR_USER_ALREADY_LOGGED_IN, but for C_SetPIN after CKR_PIN_EXPIRED;
// - never again after the token refused it;
// - not while the token reports that it is its final try, or locked;
// - never empty, unless `empty_pins`;
// - a login that succeeded is renewed at most twice in an action.
// Every PIN but a deliberately wrong one, which begins with "wrong", belongs to one token.
std::vector<std::string> BrokenRules(const std::vector<MemoryCall>& calls, const RuleOptions& options = {});

// Text gives the calls one a line, for a failure's message.
std::string Text(const std::vector<MemoryCall>& calls, std::size_t last = 80);

}  // namespace signet::testing
