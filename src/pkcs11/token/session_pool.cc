#include "pkcs11/token/session_pool.h"

#include <algorithm>
#include <utility>

namespace signet {

void SessionPool::SetLimit(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  limit_ = std::max<std::size_t>(limit, 1);
  Dispatch();
}

std::size_t SessionPool::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

bool SessionPool::CanGrant(const Waiter& waiter) const {
  if (exclusive_ || (waiter.exclusive && in_use_ > 0)) return false;
  return !idle_.empty() || open_ < limit_;
}

// Dispatch serves those who wait, first come first served, as far as there is something for them.
void SessionPool::Dispatch() {
  while (first_ != nullptr && CanGrant(*first_)) {
    Waiter& waiter = *first_;
    first_ = waiter.next;
    if (first_ == nullptr) last_ = nullptr;
    waiter.grant = {.session = std::nullopt, .epoch = epoch_, .exclusive = waiter.exclusive};
    if (idle_.empty()) {
      ++open_;
    } else {
      waiter.grant.session = idle_.back().session;
      idle_.pop_back();
    }
    ++in_use_;
    exclusive_ = waiter.exclusive;
    waiter.granted = true;
    waiter.wake.notify_one();
  }
}

SessionPool::Grant SessionPool::Take(bool exclusive) {
  std::unique_lock lock(mutex_);
  if (first_ == nullptr && !exclusive && !exclusive_ && !idle_.empty()) [[likely]] {
    const Grant grant{.session = idle_.back().session, .epoch = epoch_, .exclusive = false};
    idle_.pop_back();
    ++in_use_;
    return grant;
  }
  Waiter self{.exclusive = exclusive};
  (last_ != nullptr ? last_->next : first_) = &self;
  last_ = &self;
  Dispatch();
  self.wake.wait(lock, [&] { return self.granted; });
  return self.grant;
}

void SessionPool::Leave(const Grant& grant) {
  --in_use_;
  if (grant.exclusive) exclusive_ = false;
}

void SessionPool::Opened() {
  const std::lock_guard lock(mutex_);
  ++at_token_;
}

bool SessionPool::NotOpened(const Grant& grant, bool learn_limit) {
  const std::lock_guard lock(mutex_);
  Leave(grant);
  --open_;
  const bool others = open_ > 0;
  if (learn_limit && others) limit_ = std::min(limit_, open_);
  Dispatch();
  return others;
}

SessionPool::Given SessionPool::Give(const Grant& grant, bool usable, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Leave(grant);
  Given given;
  if (!usable || grant.epoch != epoch_) {
    given.close = grant.session;
  } else {
    idle_.push_back({*grant.session, now});
  }
  Dispatch();
  given.watch = !watched_ && idle_.size() > 1;
  if (given.watch) watched_ = true;
  return given;
}

void SessionPool::WriteOff(const Grant& grant) {
  const std::lock_guard lock(mutex_);
  Leave(grant);
  --open_;
  if (grant.session) --at_token_;
  Dispatch();
}

bool SessionPool::Closing(std::size_t count) {
  const std::lock_guard lock(mutex_);
  at_token_ -= count;
  const bool none = at_token_ == 0;
  if (none) ++epoch_;
  return none;
}

void SessionPool::Closed(std::size_t count) {
  const std::lock_guard lock(mutex_);
  open_ -= count;
  Dispatch();
}

std::optional<std::vector<CK_SESSION_HANDLE>> SessionPool::Renew(std::uint64_t seen) {
  const std::lock_guard lock(mutex_);
  if (epoch_ != seen) return std::nullopt;
  ++epoch_;
  std::vector<CK_SESSION_HANDLE> sessions;
  for (const Idle& idle : std::exchange(idle_, {})) sessions.push_back(idle.session);
  return sessions;
}

std::vector<CK_SESSION_HANDLE> SessionPool::TakeIdle() {
  const std::lock_guard lock(mutex_);
  std::vector<CK_SESSION_HANDLE> sessions;
  for (const Idle& idle : std::exchange(idle_, {})) sessions.push_back(idle.session);
  return sessions;
}

SessionPool::IdleSince SessionPool::TakeIdle(Clock::time_point since) {
  const std::lock_guard lock(mutex_);
  IdleSince taken;
  while (idle_.size() > 1 && idle_.front().since <= since) {
    taken.sessions.push_back(idle_.front().session);
    idle_.erase(idle_.begin());
  }
  if (idle_.size() > 1) taken.oldest = idle_.front().since;
  watched_ = taken.oldest.has_value();
  return taken;
}

}  // namespace signet
