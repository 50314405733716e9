#include "process/thread.h"

#include "process/exit_handler.h"
#include "process/fork_local.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace signet {
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

// EndingThreads is a chain: each thread that is about to end joins the one before it, and exit the last.
class EndingThreads {
 public:
  // Add makes the calling thread the last; false when exit has begun.
  bool Add() {
    std::optional<pthread_t> before;
    {
      const std::lock_guard lock(mutex_);
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
      const std::lock_guard lock(mutex_);
      last = std::exchange(last_, std::nullopt);
    }
    if (last) JoinInTime(*last);
  }

  std::mutex mutex_;
  std::optional<pthread_t> last_;
  // libcrypto's own exit handler is to run after ours, so it comes first.
  const int libcrypto_ = OPENSSL_init_crypto(0, nullptr);
  const ExitHandler exit_handler_{[this] { AwaitAtExit(); }};
};

// Ending is never destroyed: threads may outlive what is.
EndingThreads& Ending() {
  static auto& ending = *new ForkLocal<EndingThreads>;
  return ending.Get();
}

void* Main(void* argument) {
  const std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()>*>(argument));
  pthread_setname_np(pthread_self(), "signet");
  (*run)();
  while (!Ending().Add()) pause();
  return nullptr;
}

}  // namespace

bool StartThread(std::function<void()> run) {
  Ending();
  auto argument = std::make_unique<std::function<void()>>(std::move(run));
  const SignalsBlocked blocked;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, Main, argument.get()) != 0) return false;
  (void)argument.release();
  return true;
}

}  // namespace signet
