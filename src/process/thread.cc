#include "process/thread.h"

#include "base/mutex.h"
#include "process/exit_handler.h"
#include "process/fork_local.h"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace signet::inline process {
namespace {

// A thread that takes longer to end must not keep the process.
constexpr std::int64_t kExitNanoseconds = 500'000'000;

// SignalsBlocked keeps the signals of the program from the threads that are made meanwhile.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

void JoinInTime(pthread_t thread) {
  timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t nanoseconds = until.tv_nsec + kExitNanoseconds;
  until.tv_sec += nanoseconds / 1'000'000'000;
  until.tv_nsec = nanoseconds % 1'000'000'000;
  pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &until);
}

// Threads is what a process has of them. Those that are about to end make a chain: each joins the one before
// it, and exit the last.
class Threads {
 public:
  using Run = std::function<void()>;

  // Hold keeps a thread's work accessible to a child, in which the thread's stack is lost.
  Run* Hold(Run run) {
    const Lock lock(mutex_);
    return &running_.emplace_front(std::move(run));
  }
  // Drop does nothing if the thread itself has forked.
  void Drop(const Run* run) {
    std::list<Run> dropped;  // after the lock
    const Lock lock(mutex_);
    const auto held = std::ranges::find_if(running_, [run](const Run& each) { return &each == run; });
    if (held != running_.end()) dropped.splice(dropped.begin(), running_, held);
  }

  // End makes the calling thread the last of the chain; false when exit has begun.
  bool End() {
    std::optional<pthread_t> before;
    {
      const Lock lock(mutex_);
      if (ProcessIsExiting()) return false;
      before = std::exchange(last_, pthread_self());
    }
    if (before) pthread_join(*before, nullptr);
    return true;
  }

 private:
  void AwaitAtExit() {
    if (!ProcessIsExiting()) return;
    std::optional<pthread_t> last;
    {
      const Lock lock(mutex_);
      last = std::exchange(last_, std::nullopt);
    }
    if (last) JoinInTime(*last);
  }

  Mutex mutex_;
  std::list<Run> running_ SIGNET_GUARDED_BY(mutex_);
  std::optional<pthread_t> last_ SIGNET_GUARDED_BY(mutex_);
  // libcrypto's own exit handler is to run after ours, so it comes first.
  const int libcrypto_ = OPENSSL_init_crypto(0, nullptr);
  const ExitHandler exit_handler_{[this] { AwaitAtExit(); }};
};

// OfProcess is never destroyed: threads may outlive what is.
Threads& OfProcess() {
  static auto& threads = *new ForkLocal<Threads>;
  return threads.Get();
}

void* Main(void* argument) {
  const auto* run = static_cast<const Threads::Run*>(argument);
  pthread_setname_np(pthread_self(), "signet");
  (*run)();
  while (!OfProcess().End()) pause();
  OfProcess().Drop(run);
  return nullptr;
}

}  // namespace

bool StartThread(std::function<void()> run) {
  auto* held = OfProcess().Hold(std::move(run));
  const SignalsBlocked blocked;
  pthread_t thread;
  const bool started = pthread_create(&thread, nullptr, Main, held) == 0;
  if (!started) OfProcess().Drop(held);
  return started;
}

}  // namespace signet::inline process
