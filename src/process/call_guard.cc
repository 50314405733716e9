#include "process/call_guard.h"

#include <signet/error.h>

#include <cstdint>

#include <fmt/format.h>

namespace signet::inline process {
namespace {

constexpr const char* kHint = "Check the connection to the token, or raise call-timeout-ms.";

}  // namespace

void CallGuard::Work(Task& task, State& state) noexcept {
  const CallWatch::Scope scope(&task.watch);
  try {
    task.Do();
  } catch (...) {
    task.failure = std::current_exception();
  }
  if (task.watch.given_up()) state.lost.fetch_sub(1);
  task.watch.Finish();
}

void CallGuard::RunAndWait(const std::shared_ptr<Task>& task) {
  State& state = state_.Get();
  if (state.lost.load() >= kMostLost) {
    throw Error({.code = ErrorCode::kTimeout,
                 .detail = fmt::format("{} calls into PKCS#11 modules have not returned", kMostLost),
                 .hint = kHint});
  }
  state.workers.Run([task, &state, self = shared_from_this()] { Work(*task, state); }, SIZE_MAX);
  if (task->watch.Wait(limit_)) return;
  state.lost.fetch_add(1);
  const std::string token = task->watch.token();
  const std::string function = task->watch.function();
  throw Error({.code = ErrorCode::kTimeout,
               .detail = fmt::format("{}{} did not return within {} ms",
                                     token.empty() ? "" : fmt::format("token {}: ", token),
                                     function.empty() ? "a call" : function, limit_.count()),
               .call = function,
               .token = token,
               .hint = kHint});
}

}  // namespace signet::inline process
