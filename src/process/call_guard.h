#pragma once

#include "process/call_watch.h"
#include "process/fork_local.h"
#include "process/workers.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace signet::inline process {

// CallGuard frees the callers of work whose calls do not come back in time. Without a limit it only calls;
// with one, the work is done by a thread of its own. Owned by a std::shared_ptr. Thread-safe.
class CallGuard : public std::enable_shared_from_this<CallGuard> {
 public:
  // The maximum number of abandoned calls: beyond it work fails immediately.
  static constexpr int kMostLost = 16;

  // CallGuard with limit 0 waits without limit.
  explicit CallGuard(std::chrono::milliseconds limit) : limit_(limit) {}

  // on tells whether there is a limit.
  bool on() const noexcept { return limit_.count() != 0; }

  // Run gives or throws what `work` does; throws Error kTimeout when a call that is made with CallWatch::Call
  // takes longer than the limit. `work` owns all that it touches, as it may continue after that. Work inside
  // of work is part of it.
  template <class Work>
  auto Run(Work work) -> std::invoke_result_t<Work&> {
    using Result = std::invoke_result_t<Work&>;
    if (!on() || CallWatch::Current() != nullptr) return work();
    struct Watched final : Task {
      explicit Watched(Work made) : work(std::move(made)) {}
      void Do() override { result.emplace(work()); }
      Work work;
      std::optional<Result> result;
    };
    const auto task = std::make_shared<Watched>(std::move(work));
    RunAndWait(task);
    if (task->failure) std::rethrow_exception(task->failure);
    return *std::move(task->result);
  }

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void Do() = 0;
    std::exception_ptr failure;
    CallWatch watch;
  };
  struct State {
    Workers workers;
    std::atomic<int> lost{0};  // pieces of work that were given up and have not ended
  };
  void RunAndWait(const std::shared_ptr<Task>& task);
  static void Work(Task& task, State& state) noexcept;

  const std::chrono::milliseconds limit_;
  ForkLocal<State> state_;
};

}  // namespace signet::inline process
