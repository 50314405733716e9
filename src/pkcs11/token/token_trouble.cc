#include "pkcs11/token/token.h"

#include <fmt/format.h>

namespace signet {

void Token::NoteTrouble(const Error& error) {
  const ErrorCode code = error.code();
  if (code != ErrorCode::kTokenAbsent && code != ErrorCode::kPinLocked && code != ErrorCode::kPinFinalTry)
    return;
  State& state = state_.Get();
  const std::lock_guard lock(state.mutex);
  state.trouble = error;
  state.trouble_until = SessionPool::Clock::now() + kTroubleTime;
  state.troubled = true;
}

void Token::ForgetAbsence(State& state) {
  if (!state.troubled.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(state.mutex);
  if (state.trouble && state.trouble->code() == ErrorCode::kTokenAbsent) state.trouble.reset();
  state.troubled = false;
}

std::optional<Error> Token::Trouble(const Credentials& credentials) {
  State& state = state_.Get();
  const bool logged_in = LoginOf(state) == Login::kIn || !WantsLogin(state, credentials);
  const std::lock_guard lock(state.mutex);
  if (state.trouble && SessionPool::Clock::now() < state.trouble_until) {
    const ErrorCode code = state.trouble->code();
    const bool matters = code == ErrorCode::kTokenAbsent ||
                         (!logged_in && (code == ErrorCode::kPinLocked || !credentials.allow_final_try));
    if (matters) return state.trouble;
  }
  if (!logged_in && state.fresh_flags) {
    try {
      CheckPinState(*state.fresh_flags, credentials);
    } catch (const Error& error) {
      return error;
    }
  }
  return std::nullopt;
}

void Token::Rethrow(const Error& error) {
  NoteTrouble(error);
  const bool reachable = reach_ == Reach::Now();
  if (reachable || error.code() == ErrorCode::kWrongPin || error.code() == ErrorCode::kPinNeeded)
    throw Error(error);
  throw Error(
      {.code = error.code(),
       .detail =
           fmt::format("{}; since the token was opened the process has changed its root directory or its "
                       "user, so that the token's files or socket may be out of reach",
                       error.detail()),
       .call = error.call(),
       .native = error.native(),
       .token = label_,
       .uri = error.uri(),
       .mend = "Serve the token with `p11-kit server`, started before, or let this user reach its files."});
}

}  // namespace signet
