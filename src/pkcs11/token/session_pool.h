#pragma once

#include "base/mutex.h"
#include "pkcs11/module/cryptoki.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace signet::inline pkcs11 {

// SessionHandle is a session, and in which initialisation of the module it was opened: in another one its
// number may be another session's. 0: that is not known.
struct SessionHandle {
  SessionHandle(CK_SESSION_HANDLE session,  // NOLINT(google-explicit-constructor)
                std::uint64_t opened_in = 0)
      : number(session), initialisation(opened_in) {}
  friend bool operator==(const SessionHandle&, const SessionHandle&) = default;
  CK_SESSION_HANDLE number;
  std::uint64_t initialisation;
};

// SessionPool manages the records of a token's sessions; it does not call the module, and its mutex is held
// for a few instructions at a time. Sessions are granted in the order of the requests. Two numbers tell what
// is still valid: the epoch increases when all earlier sessions, object handles and logins must be forgotten,
// `handles` also if only object handles must. Thread-safe.
class SessionPool {
 public:
  using Clock = std::chrono::steady_clock;
  using Handles = std::vector<SessionHandle>;

  struct Grant {
    std::optional<SessionHandle>
        session;  // none: the holder opens one, and reports this by Opened or NotOpened
    std::uint64_t epoch = 0;
    std::uint64_t handles = 0;
    bool exclusive = false;
  };

  // SetLimit bounds the number of sessions; at least one.
  void SetLimit(std::size_t limit);
  std::size_t limit() const;
  std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  std::uint64_t handles() const noexcept { return handles_.load(std::memory_order_acquire); }

  // Take queues for a session; exclusive: until no other is in use, and no other is granted before Give.
  Grant Take(bool exclusive);
  // Opened says that a grant's session is open at the token from now on.
  void Opened();
  // NotOpened gives a grant back whose session could not be opened. With `full` the token said that it has no
  // more: it is not asked for more than it has now for kFullTime, and the result is true if there are
  // others to wait for, so that Take may be called again.
  static constexpr std::chrono::seconds kFullTime{10};
  bool NotOpened(const Grant& grant, bool full, Clock::time_point now);

  // Give takes a session back. The result is what there is to close, between Closing and Closed: the session
  // itself where it is not usable or of an epoch that is over, and sessions that were idle since `idle_since`
  // or longer, but for the one that was used last: the login would go with it.
  Handles Give(const Grant& grant, bool usable, Clock::time_point now, Clock::time_point idle_since);
  // WriteOff takes a grant from a holder whose call does not come back: its session is not counted any more.
  void WriteOff(const Grant& grant);
  // Closing says that `count` sessions are about to be closed; true if no other is open at the token: it
  // then logs the user out (PKCS#11 2.40, 5.6), so that the epoch is over. Closed says that they are closed.
  bool Closing(std::size_t count);
  void Closed(std::size_t count);

  // Renew moves the epoch on if it is still `seen`, and gives the idle sessions, which the caller closes;
  // nothing if another thread did so before.
  std::optional<Handles> Renew(std::uint64_t seen);
  // ForgetHandles moves the number of the object handles on if it is still `seen`.
  void ForgetHandles(std::uint64_t seen);
  // TakeIdle gives all idle sessions away, for good.
  Handles TakeIdle();

 private:
  struct Idle {
    SessionHandle session;
    Clock::time_point since;
  };
  struct Waiter {
    bool exclusive;
    bool granted = false;
    Grant grant;
    Waiter* next = nullptr;
    Condition wake;
  };

  void Dispatch() SIGNET_REQUIRES(mutex_);
  bool CanGrant(const Waiter& waiter) const SIGNET_REQUIRES(mutex_);
  void Leave(const Grant& grant) SIGNET_REQUIRES(mutex_);
  std::size_t Limit() const SIGNET_REQUIRES(mutex_);
  Handles TakeAllIdle() SIGNET_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<Idle> idle_ SIGNET_GUARDED_BY(mutex_);  // by `since`: the one used last at the back
  Waiter* first_ SIGNET_GUARDED_BY(mutex_) = nullptr;
  Waiter* last_ SIGNET_GUARDED_BY(mutex_) = nullptr;
  std::size_t open_ SIGNET_GUARDED_BY(mutex_) = 0;      // idle, in use, and being opened or closed
  std::size_t at_token_ SIGNET_GUARDED_BY(mutex_) = 0;  // of those, the ones that are certainly open there
  std::size_t in_use_ SIGNET_GUARDED_BY(mutex_) = 0;    // granted
  std::size_t limit_ SIGNET_GUARDED_BY(mutex_) = SIZE_MAX;
  std::size_t full_limit_ SIGNET_GUARDED_BY(mutex_) = SIZE_MAX;  // until full_until_
  Clock::time_point full_until_ SIGNET_GUARDED_BY(mutex_);
  bool exclusive_ SIGNET_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> epoch_{1};    // changed under the mutex only
  std::atomic<std::uint64_t> handles_{1};  // changed under the mutex only
};

}  // namespace signet::inline pkcs11
