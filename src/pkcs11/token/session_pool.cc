#include "pkcs11/token/session_pool.h"

#include <algorithm>
#include <utility>

namespace signet::inline pkcs11 {

void SessionPool::SetLimit(std::size_t limit) {
  const Lock lock(mutex_);
  limit_ = std::max<std::size_t>(limit, 1);
  Dispatch();
}

std::size_t SessionPool::Limit() const {
  const bool full = full_limit_ < limit_ && Clock::now() < full_until_;
  return full ? std::max<std::size_t>(full_limit_, 1) : limit_;
}

std::size_t SessionPool::limit() const {
  const Lock lock(mutex_);
  return Limit();
}

bool SessionPool::CanGrant(const Waiter& waiter) const {
  if (exclusive_ || (waiter.exclusive && in_use_ > 0)) return false;
  return !idle_.empty() || open_ < Limit();
}

// Dispatch serves those who wait, first come first served, as far as there is something for them.
void SessionPool::Dispatch() {
  while (first_ != nullptr && CanGrant(*first_)) {
    Waiter& waiter = *first_;
    first_ = waiter.next;
    if (first_ == nullptr) last_ = nullptr;
    waiter.grant = {
        .session = std::nullopt, .epoch = epoch_, .handles = handles_, .exclusive = waiter.exclusive};
    if (idle_.empty()) {
      ++open_;
    } else {
      waiter.grant.session = idle_.back().session;
      idle_.pop_back();
    }
    ++in_use_;
    exclusive_ = waiter.exclusive;
    waiter.granted = true;
    waiter.wake.NotifyOne();
  }
}

SessionPool::Grant SessionPool::Take(bool exclusive) {
  Lock lock(mutex_);
  if (first_ == nullptr && !exclusive && !exclusive_ && !idle_.empty()) [[likely]] {
    const Grant grant{
        .session = idle_.back().session, .epoch = epoch_, .handles = handles_, .exclusive = false};
    idle_.pop_back();
    ++in_use_;
    return grant;
  }
  Waiter self{.exclusive = exclusive};
  (last_ != nullptr ? last_->next : first_) = &self;
  last_ = &self;
  Dispatch();
  while (!self.granted) self.wake.Wait(lock);
  return self.grant;
}

void SessionPool::Leave(const Grant& grant) {
  --in_use_;
  if (grant.exclusive) exclusive_ = false;
}

void SessionPool::Opened() {
  const Lock lock(mutex_);
  ++at_token_;
}

bool SessionPool::NotOpened(const Grant& grant, bool full, Clock::time_point now) {
  const Lock lock(mutex_);
  Leave(grant);
  --open_;
  const bool others = open_ > 0;
  if (full && others) {
    full_limit_ = open_;
    full_until_ = now + kFullTime;
  }
  Dispatch();
  return others;
}

SessionPool::Handles SessionPool::Give(const Grant& grant, bool usable, Clock::time_point now,
                                       Clock::time_point idle_since) {
  const Lock lock(mutex_);
  Leave(grant);
  Handles close;
  if (usable && grant.epoch == epoch_) {
    idle_.push_back({*grant.session, now});
  } else {
    close.push_back(*grant.session);
  }
  while (idle_.size() > 1 && idle_.front().since <= idle_since) {
    close.push_back(idle_.front().session);
    idle_.erase(idle_.begin());
  }
  Dispatch();
  return close;
}

void SessionPool::WriteOff(const Grant& grant) {
  const Lock lock(mutex_);
  Leave(grant);
  --open_;
  if (grant.session) --at_token_;
  Dispatch();
}

bool SessionPool::Closing(std::size_t count) {
  const Lock lock(mutex_);
  at_token_ -= count;
  const bool none = at_token_ == 0;
  if (none) {
    ++epoch_;
    ++handles_;
  }
  return none;
}

void SessionPool::Closed(std::size_t count) {
  const Lock lock(mutex_);
  open_ -= count;
  Dispatch();
}

SessionPool::Handles SessionPool::TakeAllIdle() {
  Handles sessions;
  for (const Idle& idle : std::exchange(idle_, {})) sessions.push_back(idle.session);
  return sessions;
}

std::optional<SessionPool::Handles> SessionPool::Renew(std::uint64_t seen) {
  const Lock lock(mutex_);
  if (epoch_ != seen) return std::nullopt;
  ++epoch_;
  ++handles_;
  return TakeAllIdle();
}

void SessionPool::ForgetHandles(std::uint64_t seen) {
  const Lock lock(mutex_);
  if (handles_ == seen) ++handles_;
}

SessionPool::Handles SessionPool::TakeIdle() {
  const Lock lock(mutex_);
  return TakeAllIdle();
}

}  // namespace signet::inline pkcs11
