#pragma once

#include "base/mutex.h"

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace signet::inline process {

// CallWatch watches work that another thread does, so that its caller can be freed when one call of it does
// not come back. What others wait for and the work has, a session or a turn, is then taken from it; the work
// continues when the call returns, may call no more, and must not touch what was taken.
class CallWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Current gives the watch of this thread's work; null if there is none.
  static CallWatch* Current() noexcept;
  // Scope makes a watch this thread's Current while it lives; null: none.
  class Scope {
   public:
    explicit Scope(CallWatch* watch) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    CallWatch* const before_;
  };

  // Call is one call under the watch `watch`, if not null. `lost` counts those that were given up and are not
  // back yet.
  class Call {
   public:
    Call(CallWatch* watch, const char* function, std::string_view token, std::atomic<int>& lost);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    CallWatch* const watch_;
  };

  // Holding is something that the work has and others wait for. When the work is given up, `let_go(object)`
  // gives it to them, on another thread, while one of our calls is still in progress.
  class Holding {
   public:
    using LetGo = void (*)(void* object);
    Holding(LetGo let_go, void* object);
    ~Holding() { End(); }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    // End tells whether it is still ours; from then on it cannot be taken.
    bool End() noexcept;

   private:
    friend class CallWatch;
    CallWatch* watch_;
    const LetGo let_go_;
    void* const object_;
    Holding* below_ = nullptr;
    bool taken_ = false;
  };

  // Wait waits until Finish was called; false when a call took longer than `limit`: the work is given up.
  bool Wait(std::chrono::milliseconds limit);
  void Finish();
  bool given_up() const;
  // what names the call that is in progress, and its token.
  std::string function() const;
  std::string token() const;

 private:
  void GiveUp() SIGNET_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Condition changed_;
  bool done_ SIGNET_GUARDED_BY(mutex_) = false;
  bool given_up_ SIGNET_GUARDED_BY(mutex_) = false;
  const char* function_ SIGNET_GUARDED_BY(mutex_) = nullptr;  // in progress
  std::string token_ SIGNET_GUARDED_BY(mutex_);
  std::atomic<int>* lost_ SIGNET_GUARDED_BY(mutex_) = nullptr;
  Clock::time_point began_ SIGNET_GUARDED_BY(mutex_);
  Holding* top_ SIGNET_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace signet::inline process
