#pragma once

#include "pkcs11/token/place.h"
#include "pkcs11/token/session_pool.h"
#include "pkcs11/token/token_context.h"

#include <atomic>
#include <cstdint>

namespace signet::inline pkcs11 {

// Sessions opens, checks and closes the sessions of one token in one process. A session is handed out only
// after label and serial number were compared at its slot, once after it was opened: PKCS#11 ends a session
// when its token is removed. Idle sessions are closed when another one is returned.
// Thread-safe.
class Sessions {
 public:
  explicit Sessions(const TokenContext& context)
      : context_(context), place_(context), kind_(context.read_write ? CKF_RW_SESSION : 0) {}
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  Place& place() noexcept { return place_; }
  std::uint64_t epoch() const noexcept { return pool_.epoch(); }
  std::uint64_t handles() const noexcept { return pool_.handles(); }
  std::size_t limit() const { return pool_.limit(); }
  // flags are the token's last known flags, and SeenWithin tells how long ago they were read.
  CK_FLAGS flags() const noexcept { return flags_.load(std::memory_order_relaxed); }
  bool SeenWithin(std::chrono::seconds time) const noexcept {
    return SessionPool::Clock::now() - seen_.load() < time;
  }
  // Seen records the token's information.
  void Seen(const CK_TOKEN_INFO& info);

  // Take queues for a session; exclusive: until no other is in use. Throws Error.
  SessionPool::Grant Take(bool exclusive);
  void Give(const SessionPool::Grant& grant, bool usable) noexcept;
  // Replace closes the session, whose state is unknown, and opens another one before, so that the
  // login stays; false if the token has no two free sessions, or is absent.
  bool Replace(SessionPool::Grant& grant) noexcept;
  // WriteOff is for a session whose call did not come back in time, CloseLost for when it does after all.
  void WriteOff(const SessionPool::Grant& grant) noexcept { pool_.WriteOff(grant); }
  void CloseLost(const SessionHandle& session) noexcept;

  // Look reads the token's info, and with it its flags, where the sessions are.
  CK_TOKEN_INFO Look();

  void ForgetHandles(std::uint64_t seen) { pool_.ForgetHandles(seen); }
  void CloseIdle() noexcept { Close(pool_.TakeIdle()); }
  // Renew forgets all sessions if the epoch is still `seen`.
  void Renew(std::uint64_t seen) noexcept;
  // Follow forgets the sessions of earlier initialisations of the module.
  void Follow(std::uint64_t initialisation) noexcept {
    if (initialisation_.load(std::memory_order_acquire) != initialisation) [[unlikely]]
      ForgetBefore(initialisation);
  }

 private:
  void ForgetBefore(std::uint64_t initialisation) noexcept;
  SessionHandle Open();
  CK_RV OpenAt(CK_SLOT_ID slot, CK_FLAGS flags, SessionHandle& session);
  void CloseOne(const SessionHandle& session) noexcept;
  void Close(const SessionPool::Handles& sessions) noexcept;

  const TokenContext& context_;
  Place place_;
  SessionPool pool_;
  Mutex following_;
  std::atomic<std::uint64_t> initialisation_{0};
  std::atomic<CK_FLAGS> flags_{0};
  std::atomic<SessionPool::Clock::time_point> seen_{};
  std::atomic<CK_FLAGS>
      kind_;  // CKF_RW_SESSION where wanted, or where the token was last seen to give no other
};

}  // namespace signet::inline pkcs11
