#include "process/exit_handler.h"

#include "base/mutex.h"
#include "process/fork_generation.h"
#include "process/fork_local.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <vector>

namespace signet::inline process {
namespace {

std::atomic<bool> exiting{false};

}  // namespace

bool ProcessIsExiting() noexcept { return exiting.load(std::memory_order_acquire); }

struct ExitHandler::Entry {
  std::function<void()> run;
  std::uint64_t generation = ForkGeneration();
  std::once_flag once;

  void RunOnce() {
    std::call_once(once, [this] {
      if (generation == ForkGeneration()) run();
    });
  }
};

// Registry holds the handlers of one process. on_exit's registrations outlive what they are for, so there is
// one for each library that may have exit handlers of its own, and not one for each handler.
class ExitHandler::Registry {
 public:
  void Add(const std::shared_ptr<Entry>& entry) {
    const Lock lock(mutex_);
    entries_.push_back(entry);
  }

  void Remove(const std::shared_ptr<Entry>& entry) {
    const Lock lock(mutex_);
    std::erase(entries_, entry);
  }

  void Register(const std::string& library) {
    {
      const Lock lock(mutex_);
      if (!libraries_.insert(library).second) return;
    }
    on_exit(
        [](int, void*) {
          exiting.store(true, std::memory_order_release);
          OfProcess().RunAll();
        },
        nullptr);
  }

 private:
  std::shared_ptr<Entry> Last() {
    const Lock lock(mutex_);
    if (entries_.empty()) return nullptr;
    const std::shared_ptr<Entry> last = entries_.back();
    entries_.pop_back();
    return last;
  }

  void RunAll() {
    while (const auto entry = Last()) entry->RunOnce();
  }

  Mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_ SIGNET_GUARDED_BY(mutex_);
  std::set<std::string> libraries_ SIGNET_GUARDED_BY(mutex_);
};

// OfProcess is never destroyed: exit handlers run after objects with static storage are gone.
ExitHandler::Registry& ExitHandler::OfProcess() {
  static auto& registry = *new ForkLocal<Registry>;
  return registry.Get();
}

ExitHandler::ExitHandler(std::function<void()> run) : entry_(std::make_shared<Entry>()) {
  entry_->run = std::move(run);
  OfProcess().Add(entry_);
  RunBefore("");
}

ExitHandler::~ExitHandler() {
  if (entry_->generation == ForkGeneration()) OfProcess().Remove(entry_);
  entry_->RunOnce();
}

void ExitHandler::RunBefore(const std::string& library) { OfProcess().Register(library); }

}  // namespace signet::inline process
