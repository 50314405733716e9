#include "pkcs11/token/token.h"

namespace signet {

SessionPool::Grant Token::Acquire(bool exclusive) {
  State& state = state_.Get();
  if (!state.connected.load(std::memory_order_acquire)) Connect(state);
  for (;;) {
    SessionPool::Grant grant = state.pool.Take(exclusive);
    ForgetAbsence(state);
    if (grant.session) [[likely]]
      return grant;
    struct Opening {
      State& state;
      const SessionPool::Grant& grant;
    } opening{state, grant};
    CallWatch::Holding holding(
        [](void* object) {
          const auto* const given_up = static_cast<const Opening*>(object);
          given_up->state.pool.WriteOff(given_up->grant);
        },
        &opening);
    try {
      const CK_SESSION_HANDLE session = OpenSession(state);
      if (!holding.End()) {
        CloseLost(session);
        throw RvError(CKR_FUNCTION_CANCELED, "C_OpenSession", label_);
      }
      state.pool.Opened();
      grant.session = session;
      return grant;
    } catch (const Error& error) {
      if (!holding.End()) throw;
      const bool full = error.native().value == CKR_SESSION_COUNT;
      // With no session of ours to wait for, other programs hold them all.
      if (!state.pool.NotOpened(grant, full) || !full) throw;
    }
  }
}

CK_SESSION_HANDLE Token::OpenSession(State& state) {
  CK_SESSION_HANDLE session = 0;
  const auto open = [&](CK_FLAGS flags) {
    return module_->Call(SIGNET_CK(C_OpenSession), {label_}, state.slot.load(), CKF_SERIAL_SESSION | flags,
                         static_cast<void*>(nullptr), static_cast<CK_NOTIFY>(nullptr), &session);
  };
  const CK_FLAGS flags = read_write_.load() ? CKF_RW_SESSION : 0;
  CK_RV rv = open(flags);
  const bool telling = rv == CKR_OK || rv == CKR_SESSION_COUNT || RowOfRv(rv).staleness != Staleness::kNone;
  if (!telling && flags == 0 && open(CKF_RW_SESSION) == CKR_OK) {
    read_write_ = true;  // Some HSMs have no read-only sessions.
    rv = CKR_OK;
  }
  CheckRv(rv, "C_OpenSession", label_);
  return session;
}

// WriteOff leaves open whether the user is still logged in: the lost session may have been the last.
void Token::WriteOff(const SessionPool::Grant& grant) noexcept {
  State* const state = state_.IfMade();
  if (state == nullptr) return;
  state->pool.WriteOff(grant);
  state->login = Login::kUnknown;
}

// CloseLost closes a session that came back after it was written off.
void Token::CloseLost(CK_SESSION_HANDLE session) noexcept {
  const CallWatch::Scope nobody_watches(nullptr);
  module_->Call(SIGNET_CK(C_CloseSession), CalledOn{label_}, session);
}

void Token::Release(const SessionPool::Grant& grant, bool usable) noexcept {
  State* state = state_.IfMade();
  if (state == nullptr) return;  // Taken before the fork, by the parent.
  const auto now = SessionPool::Clock::now();
  const SessionPool::Given given = state->pool.Give(grant, usable, now);
  if (given.close) Close(*state, {*given.close});
  if (given.watch && idle_time_.count() != 0) CloseIdleLater(*state, now + idle_time_);
}

// CloseIdleLater keeps nothing alive: where the token is gone by then, so are its sessions.
void Token::CloseIdleLater(State& state, SessionPool::Clock::time_point when) {
  state.workers.RunAt(when, [weak = weak_from_this()] {
    const auto token = weak.lock();
    if (token == nullptr) return;
    try {
      token->guard().Run([token] {
        token->CloseIdle();
        return true;
      });
    } catch (const Error&) {
      return;  // A token that does not answer closes no sessions.
    }
  });
}

void Token::CloseIdle() {
  State& state = state_.Get();
  const auto taken = state.pool.TakeIdle(SessionPool::Clock::now() - idle_time_);
  Close(state, taken.sessions);
  if (taken.oldest) CloseIdleLater(state, *taken.oldest + idle_time_);
}

void Token::Lease::Replace() noexcept {
  State* state = token_.state_.IfMade();
  if (state == nullptr) return;
  const CK_SESSION_HANDLE spoilt = session();
  try {
    grant_.session = token_.OpenSession(*state);
    token_.module_->Call(SIGNET_CK(C_CloseSession), CalledOn{token_.label_}, spoilt);
  } catch (const Error&) {
    Discard();
  }
}

void Token::Close(State& state, const std::vector<CK_SESSION_HANDLE>& sessions) noexcept {
  if (sessions.empty()) return;
  // Said before, so that whoever opens one meanwhile looks at the login again.
  if (state.pool.Closing(sessions.size())) state.login = Login::kUnknown;
  for (const CK_SESSION_HANDLE session : sessions) {
    module_->Call(SIGNET_CK(C_CloseSession), CalledOn{label_}, session);
  }
  state.pool.Closed(sessions.size());
}

}  // namespace signet
