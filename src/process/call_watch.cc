#include "process/call_watch.h"

namespace signet::inline process {
namespace {

thread_local CallWatch* current = nullptr;

}  // namespace

CallWatch* CallWatch::Current() noexcept { return current; }

CallWatch::Scope::Scope(CallWatch* watch) noexcept : before_(current) { current = watch; }
CallWatch::Scope::~Scope() { current = before_; }

CallWatch::Call::Call(CallWatch* watch, const char* function, std::string_view token, std::atomic<int>& lost)
    : watch_(watch) {
  if (watch_ == nullptr) return;
  const Lock lock(watch_->mutex_);
  watch_->function_ = function;
  watch_->token_ = token;
  watch_->lost_ = &lost;
  watch_->began_ = Clock::now();
}

CallWatch::Call::~Call() {
  if (watch_ == nullptr) return;
  const Lock lock(watch_->mutex_);
  if (watch_->given_up_) watch_->lost_->fetch_sub(1);
  watch_->function_ = nullptr;
}

CallWatch::Holding::Holding(LetGo let_go, void* object) : watch_(current), let_go_(let_go), object_(object) {
  if (watch_ == nullptr) return;
  const Lock lock(watch_->mutex_);
  below_ = watch_->top_;
  watch_->top_ = this;
}

bool CallWatch::Holding::End() noexcept {
  if (watch_ == nullptr) return !taken_;
  const Lock lock(watch_->mutex_);
  for (Holding** at = &watch_->top_; *at != nullptr; at = &(*at)->below_) {
    if (*at != this) continue;
    *at = below_;
    break;
  }
  watch_ = nullptr;
  return !taken_;
}

bool CallWatch::Wait(std::chrono::milliseconds limit) {
  Lock lock(mutex_);
  while (!done_) {
    const auto now = Clock::now();
    if (function_ != nullptr && now - began_ >= limit) {
      GiveUp();
      return false;
    }
    changed_.WaitUntil(lock, (function_ != nullptr ? began_ : now) + limit);
  }
  return true;
}

void CallWatch::Finish() {
  const Lock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

// GiveUp takes what the work holds, the last thing first; the mutex is held, so that the work does not end it
// meanwhile.
void CallWatch::GiveUp() {
  given_up_ = true;
  lost_->fetch_add(1);
  for (; top_ != nullptr; top_ = top_->below_) {
    top_->taken_ = true;
    top_->let_go_(top_->object_);
  }
}

bool CallWatch::given_up() const {
  const Lock lock(mutex_);
  return given_up_;
}

std::string CallWatch::function() const {
  const Lock lock(mutex_);
  return function_ != nullptr ? function_ : "";
}

std::string CallWatch::token() const {
  const Lock lock(mutex_);
  return token_;
}

}  // namespace signet::inline process
