#pragma once

#include "pkcs11/module/cryptoki.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace signet {

// SessionPool keeps the books of a token's sessions; it calls no module itself, and its mutex is held for a
// few instructions at a time. Sessions are granted in the order in which they were asked for. The epoch is a
// number that moves on when all sessions, object handles and logins from before are to be forgotten.
class SessionPool {
 public:
  using Clock = std::chrono::steady_clock;

  struct Grant {
    std::optional<CK_SESSION_HANDLE>
        session;  // none: the holder opens one, and says so by Opened or NotOpened
    std::uint64_t epoch = 0;
    bool exclusive = false;
  };

  // SetLimit bounds the number of sessions; at least one.
  void SetLimit(std::size_t limit);
  std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  std::size_t limit() const;

  // Take waits its turn for a session; exclusive: until no other is in use, and no other is granted before
  // Give.
  Grant Take(bool exclusive);
  // Opened says that a grant's session is open at the token from now on.
  void Opened();
  // NotOpened gives a grant back whose session could not be opened. With `learn_limit` the token said that it
  // has no more: true when there are others to wait for, so that Take may be called again.
  bool NotOpened(const Grant& grant, bool learn_limit);

  // Given is what there is to do after Give.
  struct Given {
    std::optional<CK_SESSION_HANDLE>
        close;           // between Closing and Closed: not usable, or of an epoch that is over
    bool watch = false;  // several are idle now, and nobody watches them: TakeIdle is to be called later
  };
  // Give takes a session back.
  Given Give(const Grant& grant, bool usable, Clock::time_point now);
  // WriteOff takes a grant from a holder whose call does not come back: its session is not counted any more.
  void WriteOff(const Grant& grant);
  // Closing says that `count` sessions are about to be closed; true when no other is open at the token: it
  // then logs the user out (PKCS#11 section 5.6.2), so that the epoch is over. Closed says that they are.
  bool Closing(std::size_t count);
  void Closed(std::size_t count);

  // Renew moves the epoch on if it is still `seen`, and gives the idle sessions, which the caller closes;
  // nothing if somebody else did so before.
  std::optional<std::vector<CK_SESSION_HANDLE>> Renew(std::uint64_t seen);
  // TakeIdle gives all idle sessions away, for good.
  std::vector<CK_SESSION_HANDLE> TakeIdle();
  // IdleSince is what TakeIdle(since) took, and when the oldest of the rest came to be idle; with no time
  // nobody is expected to watch any more.
  struct IdleSince {
    std::vector<CK_SESSION_HANDLE> sessions;
    std::optional<Clock::time_point> oldest;
  };
  // TakeIdle with a time gives those away that were idle since then or longer, except the one that was used
  // last: the login would go with it. The caller closes them, between Closing and Closed.
  IdleSince TakeIdle(Clock::time_point since);

 private:
  struct Idle {
    CK_SESSION_HANDLE session;
    Clock::time_point since;
  };
  struct Waiter {
    bool exclusive;
    bool granted = false;
    Grant grant;
    Waiter* next = nullptr;
    std::condition_variable wake;
  };

  void Dispatch();
  bool CanGrant(const Waiter& waiter) const;
  void Leave(const Grant& grant);

  mutable std::mutex mutex_;
  std::vector<Idle> idle_;  // by `since`: the one used last at the back
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t open_ = 0;      // idle, in use, and being opened or closed
  std::size_t at_token_ = 0;  // of those, the ones that are open there for certain
  std::size_t in_use_ = 0;    // granted
  std::size_t limit_ = SIZE_MAX;
  bool exclusive_ = false;
  bool watched_ = false;                 // somebody will call TakeIdle with a time
  std::atomic<std::uint64_t> epoch_{1};  // changed under the mutex only
};

}  // namespace signet
