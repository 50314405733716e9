#include "openssl_provider/async_job.h"

#include "base/mutex.h"
#include "base/openssl_error.h"
#include <signet/error.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <thread>

#include <openssl/async.h>
#include <openssl/err.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace signet::provider {
namespace {

// Bell is a descriptor that becomes readable when the work is done. The waiting and the ringing thread share
// it.
class Bell {
 public:
  Bell() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ >= 0) return;
    throw Error({.detail = "cannot create a descriptor to wait for a signature",
                 .call = "eventfd",
                 .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(errno),
                            std::generic_category().message(errno)},
                 .hint = "Raise the limit of open files (ulimit -n)."});
  }
  ~Bell() { close(descriptor_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  int descriptor() const noexcept { return descriptor_; }

  // Ring and TakeRing are one step each: who sees that it rang has taken the ring too.
  void Ring() {
    const Lock lock(mutex_);
    rang_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);  // cannot fail: never full
  }
  bool TakeRing() {
    const Lock lock(mutex_);
    if (!rang_) return false;
    rang_ = false;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = read(descriptor_, &count, sizeof count);
    return true;
  }

 private:
  const int descriptor_;
  Mutex mutex_;
  bool rang_ SIGNET_GUARDED_BY(mutex_) = false;
};

// Pause is Signet's state in a wait context, and ends with it.
struct Pause {
  std::shared_ptr<Bell> bell = std::make_shared<Bell>();
  std::shared_ptr<PausedWork> work;  // in progress
  pid_t process = getpid();
};

// kOurs tells our descriptor from others in the same wait context.
constexpr char kOurs = 0;

void EndPause(ASYNC_WAIT_CTX*, const void*, OSSL_ASYNC_FD, void* pause) noexcept {
  const std::unique_ptr<Pause> owned(static_cast<Pause*>(pause));
}

// PauseOf gives the wait context's, which it makes at the first signature: programs expect that a descriptor
// stays until the context goes. In a forked child the descriptor would be the parent's too: it gets another.
Pause& PauseOf(ASYNC_WAIT_CTX* context) {
  OSSL_ASYNC_FD descriptor = 0;
  void* found = nullptr;
  if (ASYNC_WAIT_CTX_get_fd(context, &kOurs, &descriptor, &found) == 1) {
    auto* const pause = static_cast<Pause*>(found);
    if (pause->process == getpid()) return *pause;
    CheckOpenSsl(ASYNC_WAIT_CTX_clear_fd(context, &kOurs), "ASYNC_WAIT_CTX_clear_fd");
    EndPause(context, &kOurs, descriptor, pause);
  }
  auto fresh = std::make_unique<Pause>();
  CheckOpenSsl(ASYNC_WAIT_CTX_set_wait_fd(context, &kOurs, fresh->bell->descriptor(), fresh.get(), &EndPause),
               "ASYNC_WAIT_CTX_set_wait_fd");
  return *fresh.release();
}

// Notification is how the program wants to hear of it beside the descriptor (SSL_set_async_callback).
std::function<void()> Notification(ASYNC_WAIT_CTX* context) {
  ASYNC_callback_fn callback = nullptr;
  void* argument = nullptr;
  if (ASYNC_WAIT_CTX_get_callback(context, &callback, &argument) != 1 || callback == nullptr) return [] {};
  ASYNC_WAIT_CTX_set_status(context, ASYNC_STATUS_OK);
  return [callback, argument] { callback(argument); };
}

// LetOthersRun pauses the job. The mark that dispatch.h set on this thread's error queue moves along.
void LetOthersRun() {
  ERR_clear_last_mark();
  ASYNC_pause_job();
  ERR_set_mark();
  std::this_thread::yield();  // Where pausing is blocked (ASYNC_block_pause), we wait here.
}

// WaitFor pauses until the bell rang; false in a child that was forked meanwhile, where it will never ring.
// It pauses also where it rang already: programs learn of a descriptor by a pause, and HAProxy 2.6 crashes
// when the connection closes and there is one of which it was not told.
bool WaitFor(const Pause& pause) {
  const pid_t process = pause.process;
  do {
    LetOthersRun();
    if (process != getpid()) return false;
  } while (!pause.bell->TakeRing());
  return true;
}

}  // namespace

bool CanPause(const PrivateKey& key) noexcept {
  ASYNC_JOB* const job = ASYNC_get_current_job();
  return job != nullptr && ASYNC_get_wait_ctx(job) != nullptr && key.in_hardware();
}

std::shared_ptr<PausedWork> PauseFor(PrivateKey& key, std::shared_ptr<PausedWork> work) {
  ASYNC_WAIT_CTX* const context = ASYNC_get_wait_ctx(ASYNC_get_current_job());
  for (;;) {
    Pause& pause = PauseOf(context);
    pause.work = std::move(work);
    const auto here = std::this_thread::get_id();
    key.RunAsync([done = pause.work, bell = pause.bell, notify = Notification(context), here] {
      done->Do();
      if (here != std::this_thread::get_id())
        ERR_clear_error();  // a worker's own; what counts is in the work
      bell->Ring();
      notify();
    });
    if (WaitFor(pause)) return std::move(pause.work);
    work = pause.work->Fresh();
  }
}

}  // namespace signet::provider
