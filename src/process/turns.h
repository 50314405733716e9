#pragma once

#include "base/mutex.h"
#include "process/call_watch.h"

#include <optional>

namespace signet::inline process {

// Turns lets one thread at a time do something slow, a call into a PKCS#11 module for one, while no mutex is
// held: the others sleep until the turn is over. The turn of work that was given up (CallWatch) is over at
// once, unless it keeps it.
class Turns {
 public:
  enum class OnGiveUp { kPassOn, kKeep };
  class Turn {
   public:
    explicit Turn(Turns& turns, OnGiveUp on_give_up = OnGiveUp::kPassOn) : turns_(turns) {
      {
        Lock lock(turns_.mutex_);
        while (turns_.taken_) turns_.free_.Wait(lock);
        turns_.taken_ = true;
      }
      if (on_give_up == OnGiveUp::kPassOn)
        holding_.emplace([](void* turn) { static_cast<Turn*>(turn)->PassOn(); }, this);
    }
    ~Turn() {
      if (Keep()) PassOn();
    }
    // Keep tells whether the turn was not taken from us, and that it is not until it ends.
    bool Keep() noexcept { return !holding_ || holding_->End(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    void PassOn() noexcept {
      {
        const Lock lock(turns_.mutex_);
        turns_.taken_ = false;
      }
      turns_.free_.NotifyOne();
    }

    Turns& turns_;
    std::optional<CallWatch::Holding> holding_;
  };

 private:
  Mutex mutex_;
  Condition free_;
  bool taken_ SIGNET_GUARDED_BY(mutex_) = false;
};

}  // namespace signet::inline process
