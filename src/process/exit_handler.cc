#include "process/exit_handler.h"

#include "process/fork_generation.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace signet {

struct ExitHandler::Entry {
  std::function<void()> run;
  std::uint64_t generation;
  std::once_flag once;

  void RunOnce() {
    std::call_once(once, [this] {
      if (generation == ForkGeneration()) run();
    });
  }
};

namespace {

std::atomic<bool> exiting{false};

}  // namespace

bool ProcessIsExiting() noexcept { return exiting.load(std::memory_order_acquire); }

// Each handler gets an atexit registration of its own, as its place in the order is what matters. The
// registration owns a reference, so that the entry outlives the ExitHandler.
ExitHandler::ExitHandler(std::function<void()> run) : entry_(std::make_shared<Entry>()) {
  entry_->run = std::move(run);
  entry_->generation = ForkGeneration();
  auto* reference = new std::weak_ptr<Entry>(entry_);
  on_exit(
      [](int, void* argument) {
        exiting.store(true, std::memory_order_release);
        const std::unique_ptr<std::weak_ptr<Entry>> held(static_cast<std::weak_ptr<Entry>*>(argument));
        if (const auto entry = held->lock()) entry->RunOnce();
      },
      reference);
}

ExitHandler::~ExitHandler() { entry_->RunOnce(); }

}  // namespace signet
