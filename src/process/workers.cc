#include "process/workers.h"

#include "process/thread.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace signet {
namespace {

using Job = std::function<void()>;

// At exit jobs that run are given so long to end; a call that hangs must not keep the process.
constexpr std::chrono::milliseconds kExitTime{500};

}  // namespace

struct Workers::Shared {
  std::mutex mutex;
  std::condition_variable wake;   // for threads that are free
  std::condition_variable quiet;  // for the exit
  std::deque<Job> jobs;
  std::multimap<Clock::time_point, Job> later;
  std::size_t threads = 0;
  std::size_t free = 0;
  std::size_t running = 0;
  bool ended = false;    // nothing is added any more
  bool exiting = false;  // nothing is begun any more

  // Next takes the job that is due, or gives an empty one.
  Job Next() {
    Job job;
    if (!jobs.empty()) {
      job = std::move(jobs.front());
      jobs.pop_front();
    } else if (!later.empty() && later.begin()->first <= Clock::now()) {
      job = std::move(later.begin()->second);
      later.erase(later.begin());
    }
    return job;
  }

  // Rest waits for work; false when the thread is not needed any more. One thread stays for what is due
  // later.
  bool Rest(std::unique_lock<std::mutex>& lock, Clock::time_point idle_until) {
    if (ended || (Clock::now() >= idle_until && (later.empty() || free > 0))) return false;
    const auto until = later.empty() || free > 0 ? idle_until : later.begin()->first;
    ++free;
    wake.wait_until(lock, until);
    --free;
    return true;
  }
};

Workers::Workers()
    : shared_(std::make_shared<Shared>()), exit_handler_(std::make_unique<ExitHandler>([shared = shared_] {
        if (ProcessIsExiting()) Finish(*shared);
      })) {}

Workers::~Workers() {
  std::multimap<Clock::time_point, Job> dropped;  // after the lock
  const std::lock_guard lock(shared_->mutex);
  dropped.swap(shared_->later);
  shared_->ended = true;
  shared_->wake.notify_all();
}

// Finish lets no job begin any more and gives those under way a moment.
void Workers::Finish(Shared& shared) {
  std::unique_lock lock(shared.mutex);
  shared.exiting = true;
  shared.wake.notify_all();
  shared.quiet.wait_for(lock, kExitTime, [&] { return shared.running == 0; });
}

void Workers::Serve(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  auto idle_until = Clock::now() + kIdleTime;
  while (!shared->exiting) {
    Job job = shared->Next();
    if (!job) {
      if (shared->Rest(lock, idle_until)) continue;
      break;
    }
    ++shared->running;
    lock.unlock();
    job();
    job = nullptr;  // what it held may end here, and that may be the Workers
    lock.lock();
    --shared->running;
    if (shared->exiting) shared->quiet.notify_all();
    idle_until = Clock::now() + kIdleTime;
  }
  --shared->threads;
}

// Start makes a thread; the mutex is held.
bool Workers::Start() {
  if (!StartThread([shared = shared_] { Serve(shared); })) return false;
  ++shared_->threads;
  return true;
}

void Workers::Run(std::function<void()> job, std::size_t bound) {
  {
    const std::lock_guard lock(shared_->mutex);
    const bool needs_thread = shared_->free <= shared_->jobs.size();
    const bool may_start = shared_->threads < std::max<std::size_t>(bound, 1);
    const bool served = !needs_thread || (may_start && Start()) || shared_->threads > 0;
    if (served) {
      shared_->jobs.push_back(std::move(job));
      if (!needs_thread) shared_->wake.notify_one();
      return;
    }
  }
  job();
}

bool Workers::RunAt(Clock::time_point when, std::function<void()> job) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->threads == 0 && !Start()) return false;
  shared_->later.emplace(when, std::move(job));
  shared_->wake.notify_one();  // It may be due before what the free ones wait for.
  return true;
}

std::size_t Workers::threads() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->threads;
}

}  // namespace signet
