#include "pkcs11/token/sessions.h"

#include "pkcs11/module/rv.h"
#include "process/exit_handler.h"

#include <algorithm>

namespace signet::inline pkcs11 {
namespace {

std::size_t SessionLimit(const CK_TOKEN_INFO& info, std::uint32_t max_sessions) {
  std::size_t limit = SIZE_MAX;
  if (info.ulMaxSessionCount != CK_EFFECTIVELY_INFINITE &&
      info.ulMaxSessionCount != CK_UNAVAILABLE_INFORMATION) {
    limit = info.ulMaxSessionCount;
  }
  return max_sessions != 0 ? std::min<std::size_t>(limit, max_sessions) : limit;
}

// MayDependOnKind tells whether C_OpenSession may have refused the session for being read-only or read-write.
// After a code that says little, only a read-only session is replaced: the other kind can do all that it can.
bool MayDependOnKind(CK_RV rv, CK_FLAGS kind) {
  if (rv == CKR_OK || rv == CKR_SESSION_COUNT) return false;
  const Staleness staleness = RowOfRv(rv).staleness;
  return staleness == Staleness::kNone || (staleness == Staleness::kUnknown && (kind & CKF_RW_SESSION) == 0);
}

// CloseFirmly asks once more where the answer does not say that the session's handle is no longer valid: one
// that stays keeps its login, which may be the officer's, for all others in the process.
void CloseFirmly(Module& module, std::string_view label, const SessionHandle& session) noexcept {
  const CalledOn on{.token = label, .initialisation = session.initialisation};
  const CK_RV rv = module.Call(SIGNET_CK(C_CloseSession), on, session.number);
  const Staleness staleness = RowOfRv(rv).staleness;
  const bool may_stay = staleness == Staleness::kUnknown || staleness == Staleness::kNone;
  if (rv != CKR_OK && may_stay) module.Call(SIGNET_CK(C_CloseSession), on, session.number);
}

}  // namespace

Sessions::~Sessions() {
  if (ProcessIsExiting()) return;
  try {
    context_.guard->Run([module = context_.module, label = context_.label, sessions = pool_.TakeIdle()] {
      for (const SessionHandle& session : sessions) CloseFirmly(*module, label, session);
      return true;
    });
  } catch (const Error&) {
    return;  // A token that does not answer closes no sessions.
  }
}

SessionPool::Grant Sessions::Take(bool exclusive) {
  for (;;) {
    SessionPool::Grant grant = pool_.Take(exclusive);
    if (grant.session) [[likely]]
      return grant;
    struct Opening {
      SessionPool& pool;
      const SessionPool::Grant& grant;
    } opening{pool_, grant};
    CallWatch::Holding holding(
        [](void* object) {
          const auto* const given_up = static_cast<const Opening*>(object);
          given_up->pool.WriteOff(given_up->grant);
        },
        &opening);
    try {
      const SessionHandle session = Open();
      if (!holding.End()) {
        CloseLost(session);
        throw RvError(CKR_FUNCTION_CANCELED, "C_OpenSession", context_.label);
      }
      pool_.Opened();
      grant.session = session;
      return grant;
    } catch (const Error& error) {
      if (!holding.End()) throw;
      const bool full = RvOf(error) == CKR_SESSION_COUNT;
      // Without a session to wait for, other programs have them all.
      if (!pool_.NotOpened(grant, full, SessionPool::Clock::now()) || !full) throw;
    }
  }
}

CK_RV Sessions::OpenAt(CK_SLOT_ID slot, CK_FLAGS flags, SessionHandle& session) {
  const CalledOn on{.token = context_.label, .initialisation = session.initialisation};
  return context_.module->Call(SIGNET_CK(C_OpenSession), on, slot, CKF_SERIAL_SESSION | flags,
                               static_cast<void*>(nullptr), static_cast<CK_NOTIFY>(nullptr), &session.number);
}

void Sessions::CloseOne(const SessionHandle& session) noexcept {
  CloseFirmly(*context_.module, context_.label, session);
}

SessionHandle Sessions::Open() {
  const CK_SLOT_ID slot = place_.Slot();
  SessionHandle session(0, context_.module->initialisation());
  const CK_FLAGS kind = kind_.load();
  CK_RV rv = OpenAt(slot, kind, session);
  // Some HSMs have no read-only sessions, and some states of a token no others.
  if (MayDependOnKind(rv, kind) && OpenAt(slot, kind ^ CKF_RW_SESSION, session) == CKR_OK) {
    kind_ = kind ^ CKF_RW_SESSION;
    rv = CKR_OK;
  }
  CheckRv(rv, "C_OpenSession", context_.label);
  try {
    Seen(place_.Look(slot));
  } catch (const Error&) {
    CloseOne(session);
    throw;
  }
  return session;
}

void Sessions::Seen(const CK_TOKEN_INFO& info) {
  flags_ = info.flags;
  seen_ = SessionPool::Clock::now();
  pool_.SetLimit(SessionLimit(info, context_.max_sessions));
}

CK_TOKEN_INFO Sessions::Look() {
  const CK_TOKEN_INFO info = place_.Look(place_.Slot());
  Seen(info);
  return info;
}

void Sessions::CloseLost(const SessionHandle& session) noexcept {
  const CallWatch::Scope nobody_watches(nullptr);
  CloseOne(session);
}

void Sessions::Give(const SessionPool::Grant& grant, bool usable) noexcept {
  const auto now = SessionPool::Clock::now();
  const auto idle_since = context_.session_idle.count() != 0 ? now - context_.session_idle
                                                             : SessionPool::Clock::time_point::min();
  Close(pool_.Give(grant, usable, now, idle_since));
}

bool Sessions::Replace(SessionPool::Grant& grant) noexcept {
  const SessionHandle spoilt = *grant.session;
  try {
    grant.session = Open();
  } catch (const Error&) {
    return false;
  }
  CloseOne(spoilt);
  return true;
}

void Sessions::Renew(std::uint64_t seen) noexcept {
  const auto idle = pool_.Renew(seen);
  if (idle) Close(*idle);
}

void Sessions::ForgetBefore(std::uint64_t initialisation) noexcept {
  std::optional<SessionPool::Handles> idle;
  {
    const Lock lock(following_);
    if (initialisation_.load() >= initialisation) return;
    if (initialisation_.load() != 0) idle = pool_.Renew(pool_.epoch());
    initialisation_.store(initialisation, std::memory_order_release);
  }
  if (idle) Close(*idle);
}

void Sessions::Close(const SessionPool::Handles& sessions) noexcept {
  if (sessions.empty()) return;
  // Set before, so that a thread that opens one meanwhile checks the login again.
  pool_.Closing(sessions.size());
  for (const SessionHandle& session : sessions) CloseOne(session);
  pool_.Closed(sessions.size());
}

}  // namespace signet::inline pkcs11
