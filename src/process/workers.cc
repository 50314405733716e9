#include "process/workers.h"

#include "base/mutex.h"
#include "process/thread.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace signet::inline process {
namespace {

using Job = std::function<void()>;

// At exit running jobs have this time to end; a call that hangs must not block the exit.
constexpr std::chrono::milliseconds kExitTime{500};

}  // namespace

struct Workers::Shared {
  Mutex mutex;
  Condition wake;   // for threads that are free
  Condition quiet;  // for the exit
  std::deque<Job> jobs SIGNET_GUARDED_BY(mutex);
  std::size_t threads SIGNET_GUARDED_BY(mutex) = 0;
  std::size_t free SIGNET_GUARDED_BY(mutex) = 0;
  std::size_t running SIGNET_GUARDED_BY(mutex) = 0;
  bool ended SIGNET_GUARDED_BY(mutex) = false;    // nothing is added any more
  bool exiting SIGNET_GUARDED_BY(mutex) = false;  // nothing is begun any more
};

Workers::Workers()
    : shared_(std::make_shared<Shared>()), exit_handler_(std::make_unique<ExitHandler>([shared = shared_] {
        if (ProcessIsExiting()) Finish(*shared);
      })) {}

Workers::~Workers() {
  const Lock lock(shared_->mutex);
  shared_->ended = true;
  shared_->wake.NotifyAll();
}

// Finish lets no job begin any more and gives those in progress a moment.
void Workers::Finish(Shared& shared) {
  Lock lock(shared.mutex);
  shared.exiting = true;
  shared.wake.NotifyAll();
  const auto until = Clock::now() + kExitTime;
  while (shared.running > 0 && shared.quiet.WaitUntil(lock, until)) {
  }
}

void Workers::Serve(const std::shared_ptr<Shared>& shared) {
  Lock lock(shared->mutex);
  auto idle_until = Clock::now() + kIdleTime;
  while (!shared->exiting) {
    if (shared->jobs.empty()) {
      if (shared->ended || Clock::now() >= idle_until) break;
      ++shared->free;
      shared->wake.WaitUntil(lock, idle_until);
      --shared->free;
      continue;
    }
    Job job = std::move(shared->jobs.front());
    shared->jobs.pop_front();
    ++shared->running;
    lock.Unlock();
    job();
    job = nullptr;  // what it held may end here, and that may be the Workers
    lock.Relock();
    --shared->running;
    if (shared->exiting) shared->quiet.NotifyAll();
    idle_until = Clock::now() + kIdleTime;
  }
  --shared->threads;
}

void Workers::Run(std::function<void()> job, std::size_t bound) {
  {
    const Lock lock(shared_->mutex);
    const bool needs_thread = shared_->free <= shared_->jobs.size();
    if (needs_thread && shared_->threads < std::max<std::size_t>(bound, 1) &&
        StartThread([shared = shared_] { Serve(shared); })) {
      ++shared_->threads;
    }
    if (shared_->threads > 0) {
      shared_->jobs.push_back(std::move(job));
      if (!needs_thread) shared_->wake.NotifyOne();
      return;
    }
  }
  job();
}

std::size_t Workers::threads() const {
  const Lock lock(shared_->mutex);
  return shared_->threads;
}

}  // namespace signet::inline process
