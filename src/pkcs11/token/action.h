#pragma once

#include "base/mutex.h"
#include "pkcs11/module/ladder.h"
#include "pkcs11/token/credentials.h"
#include <signet/error.h>
#include <signet/secret.h>

#include <chrono>
#include <optional>
#include <vector>

namespace signet::inline pkcs11 {

// LoginFailure is the failure of a C_Login that several actions share, because they are one piece of
// work. Thread-safe.
class LoginFailure {
 public:
  std::optional<Error> Get() const {
    const Lock lock(mutex_);
    return failure_;
  }
  void Set(const Error& failure) {
    const Lock lock(mutex_);
    failure_ = failure;
  }

 private:
  mutable Mutex mutex_;
  std::optional<Error> failure_ SIGNET_GUARDED_BY(mutex_);
};

// SpentPin is a PIN whose C_Login gave neither OK nor "already logged in", and what it gave.
struct SpentPin {
  Secret pin;
  Error failure;
};

// Access is the kind of access that work on a token needs.
struct Access {
  const Credentials* credentials = nullptr;  // null: work that never logs in
  bool login_first = false;                  // log in before, rather than when the token asks for it
  bool exclusive = false;                    // no other session of this process is in use meanwhile
  LoginFailure* logins = nullptr;            // of actions before and after this one; null: there are none
};

// Action is one piece of work on a token with all its repetitions. The results of its PINs are
// kept here: a PIN whose login failed is not sent again in the same action.
struct Action {
  using Clock = std::chrono::steady_clock;
  // Nothing is repeated after this time, not counting a person's time at a prompt.
  static constexpr std::chrono::seconds kLongest{60};

  explicit Action(const Access& wanted) : access(wanted) {
    if (access.logins != nullptr) login_failure = access.logins->Get();
  }

  void Restart() { until = Clock::now() + kLongest; }
  Ladder::Failure FailureOf(const Error& error) const {
    return {.staleness = StalenessOf(error), .stage = stage, .in_a_row = in_a_row};
  }

  const Access access;
  Ladder ladder;
  Stage stage = Stage::kFind;
  bool in_a_row = false;      // the token's action before this one failed for an unknown reason
  bool over = false;          // nothing is tried again
  bool login_wanted = false;  // the token, or what is missing on it, asks for a login
  Clock::time_point until = Clock::now() + kLongest;

  bool believed_before = false;        // the user was taken to be logged in when the action began
  int logins = 0;                      // that succeeded in this action
  bool asked = false;                  // the prompt
  bool searched_again = false;         // see Token::Lease::Missing
  std::vector<SpentPin> spent;         // by other actions, in a login that this one waited for
  std::optional<Error> login_failure;  // of a C_Login that gave neither OK nor "already logged in"
};

}  // namespace signet::inline pkcs11
