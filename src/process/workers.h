#pragma once

#include "process/exit_handler.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace signet::inline process {

// Workers runs jobs on threads of its own, in the order in which they were given. A thread is made when a job
// finds none free, and ends when it had nothing to do for a while; it takes no signals. The process's exit
// waits for none: jobs that have not begun by then never run. Threads are not inherited: keep Workers in a
// ForkLocal, so that a forked child makes its own.
class Workers {
 public:
  using Clock = std::chrono::steady_clock;
  // A thread that was idle for this time ends.
  static constexpr std::chrono::seconds kIdleTime{10};

  Workers();
  // The jobs that Run was given still run.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Run has `job`, which must not throw, done by one of at most `bound` threads, and at least one. Where the
  // system gives no thread at all it is done before Run returns.
  void Run(std::function<void()> job, std::size_t bound);

  // threads counts those that there are now.
  std::size_t threads() const;

 private:
  struct Shared;
  static void Serve(const std::shared_ptr<Shared>& shared);
  static void Finish(Shared& shared);

  const std::shared_ptr<Shared> shared_;  // threads hold it too: they may outlive us
  const std::unique_ptr<ExitHandler> exit_handler_;
};

}  // namespace signet::inline process
