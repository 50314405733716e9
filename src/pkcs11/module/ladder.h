#pragma once

#include "pkcs11/module/rv.h"

#include <cstdint>
#include <initializer_list>

namespace signet::inline pkcs11 {

// Stage is the stage of an action at which it failed.
enum class Stage {
  kFind,   // which slots there are, and which tokens are in them
  kOpen,   // opening a session, and looking which token it is on
  kLogin,  // the user's login
  kWork,   // what the action is for
};

// Rung is what is renewed before an action is repeated, in the order of their cost.
enum class Rung {
  kFail,      // nothing: the action fails
  kSession,   // the session in use
  kSessions,  // all sessions that are idle
  kObjects,   // object handles
  kLogin,     // the login: its state is asked for, and where it is gone the user logs in again
  kPlace,     // where the token is, with all that was found on it
  kModule,    // our initialisation of the module
};

// Ladder decides for one action what to renew after each failure: each rung at most once, the login at most
// twice. It is pure: the caller does the work.
class Ladder {
 public:
  struct Failure {
    Staleness staleness = Staleness::kNone;
    Stage stage = Stage::kWork;
    bool in_a_row = false;  // the action before this one failed for an unknown reason too
  };
  // Next gives the rung for a failure, and marks it as used.
  Rung Next(const Failure& failure) noexcept;
  // WouldRetry tells whether Next would give another rung than kFail.
  bool WouldRetry(const Failure& failure) const noexcept;

  static constexpr int kMostLoginRenewals = 2;

 private:
  Rung Choose(const Failure& failure) const noexcept;
  Rung FirstUnclimbed(std::initializer_list<Rung> rungs) const noexcept;
  bool Climbed(Rung rung) const noexcept { return (climbed_ >> static_cast<unsigned>(rung) & 1) != 0; }

  std::uint32_t climbed_ = 0;
  int logins_ = 0;
};

}  // namespace signet::inline pkcs11
