#pragma once

#include "base/mutex.h"
#include "pkcs11/module/cryptoki.h"
#include <signet/error.h>

#include <atomic>
#include <chrono>
#include <optional>

#include <sys/types.h>

namespace signet::inline pkcs11 {

// Reach determines the access of a process to files: its root directory and its user. A token whose files
// were accessible with one may be inaccessible with another.
struct Reach {
  static Reach Now() noexcept;
  friend bool operator==(const Reach&, const Reach&) = default;
  dev_t device = 0;
  ino_t root = 0;
  uid_t user = 0;
};

// Availability remembers for a moment why a token could not be used, for callers that want to know without
// asking it. Thread-safe.
class Availability {
 public:
  using Clock = std::chrono::steady_clock;
  // After this time the token is queried again.
  static constexpr std::chrono::seconds kTroubleTime{5};

  // Failed records the error of an action, Works a success, PinWorks a successful login.
  void Failed(const Error& error);
  void Works() noexcept {
    if (troubled_.load(std::memory_order_relaxed)) [[unlikely]]
      ForgetAbsence();
  }
  void PinWorks();
  // FailsInARow tells whether the last action failed for an unknown reason.
  bool FailsInARow() const noexcept { return in_a_row_.load(std::memory_order_relaxed); }

  // Trouble is the recent error from Failed: that the token is absent, that its PIN is locked or on its
  // final try.
  std::optional<Error> Trouble() const;

 private:
  void ForgetAbsence() noexcept;

  std::atomic<bool> troubled_{false};
  std::atomic<bool> in_a_row_{false};
  mutable Mutex mutex_;
  std::optional<Error> trouble_ SIGNET_GUARDED_BY(mutex_);
  Clock::time_point until_ SIGNET_GUARDED_BY(mutex_);
};

}  // namespace signet::inline pkcs11
