#pragma once

#include "pkcs11/token/sessions.h"
#include "process/fork_generation.h"

#include <utility>

namespace signet::inline pkcs11 {

inline constexpr CK_MECHANISM_TYPE kNoMechanism = CK_UNAVAILABLE_INFORMATION;

// SessionLease is exclusive use of a session of the token during its lifetime. One whose call did
// not come back in time is never used again.
class SessionLease {
 public:
  SessionLease(const TokenContext& context, Sessions& sessions, bool exclusive)
      : context_(context), sessions_(sessions), grant_(sessions.Take(exclusive)), holding_(&LetGo, this) {}
  ~SessionLease() {
    if (replaced_at_end_ && usable_) Replace();
    const bool ours = holding_.End();
    if (generation_ != ForkGeneration()) return;  // The session is the parent's.
    if (ours) {
      sessions_.Give(grant_, usable_);
    } else {
      sessions_.CloseLost(*grant_.session);
    }
  }
  SessionLease(const SessionLease&) = delete;
  SessionLease& operator=(const SessionLease&) = delete;

  CK_SESSION_HANDLE session() const noexcept { return grant_.session->number; }
  std::uint64_t epoch() const noexcept { return grant_.epoch; }
  // handles is the number under which object handles that are found now are good.
  std::uint64_t handles() const noexcept { return grant_.handles; }
  // Discard closes the session at the end.
  void Discard() noexcept { usable_ = false; }
  // Replace closes the session, whose state is unknown, and opens another one before, so that the
  // login stays; where that is not possible, it is as Discard.
  void Replace() noexcept {
    if (generation_ == ForkGeneration() && !sessions_.Replace(grant_)) Discard();
  }

  // ReplaceAtEnd is Replace after the work, which continues with its results.
  void ReplaceAtEnd() noexcept { replaced_at_end_ = true; }

  // Spoilt is told the error of the work: the session is closed or replaced if the error makes it doubtful.
  void Spoilt(const Error& error) noexcept;

  // Call is Module::Call on this session, which it puts before `args`.
  template <class Function, class... Args>
  CK_RV Call(Function CK_FUNCTION_LIST::*function, const char* name, CK_MECHANISM_TYPE mechanism,
             Args... args) {
    const CalledOn on{context_.label, mechanism, grant_.session->initialisation};
    return context_.module->Call(function, name, on, session(), args...);
  }

  // State asks for the session's state; throws Error.
  CK_STATE State() {
    CK_SESSION_INFO info{};
    CheckRv(Call(SIGNET_CK(C_GetSessionInfo), kNoMechanism, &info), "C_GetSessionInfo", context_.label);
    return info.state;
  }
  bool UserIsLoggedIn() {
    const CK_STATE state = State();
    return state == CKS_RO_USER_FUNCTIONS || state == CKS_RW_USER_FUNCTIONS;
  }

 private:
  static void LetGo(void* lease) {
    const auto* const self = static_cast<const SessionLease*>(lease);
    self->sessions_.WriteOff(self->grant_);
  }

  const TokenContext& context_;
  Sessions& sessions_;
  const std::uint64_t generation_ = ForkGeneration();
  SessionPool::Grant grant_;
  bool usable_ = true;
  bool replaced_at_end_ = false;
  CallWatch::Holding holding_;
};

}  // namespace signet::inline pkcs11
