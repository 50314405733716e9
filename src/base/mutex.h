#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Annotations of clang's thread-safety analysis (-Wthread-safety), which CI makes an error; nothing for other
// compilers.
#if defined(__clang__)
#define SIGNET_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define SIGNET_THREAD_ANNOTATION(x)
#endif
#define SIGNET_GUARDED_BY(x) SIGNET_THREAD_ANNOTATION(guarded_by(x))
#define SIGNET_REQUIRES(...) SIGNET_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace signet::inline base {

// Mutex is a std::mutex that the thread-safety analysis knows.
class SIGNET_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() SIGNET_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() SIGNET_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class Lock;
  std::mutex mutex_;
};

// Lock holds a Mutex until it is destroyed; Unlock and Relock interrupt that.
class SIGNET_THREAD_ANNOTATION(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) SIGNET_THREAD_ANNOTATION(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  ~Lock() SIGNET_THREAD_ANNOTATION(release_capability()) = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void Unlock() SIGNET_THREAD_ANNOTATION(release_capability()) { lock_.unlock(); }
  void Relock() SIGNET_THREAD_ANNOTATION(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

// Condition is a std::condition_variable for a Lock. A wait may end for no reason: callers loop over what
// they wait for, which the analysis can follow, unlike a predicate.
class Condition {
 public:
  void Wait(Lock& lock) { condition_.wait(lock.lock_); }
  // WaitUntil returns false when `time` came first.
  template <class Clock, class Duration>
  bool WaitUntil(Lock& lock, std::chrono::time_point<Clock, Duration> time) {
    return condition_.wait_until(lock.lock_, time) == std::cv_status::no_timeout;
  }
  void NotifyOne() noexcept { condition_.notify_one(); }
  void NotifyAll() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace signet::inline base
