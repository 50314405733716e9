#pragma once

#include "process/call_watch.h"

#include <condition_variable>
#include <mutex>
#include <optional>

namespace signet {

// Turns lets one thread at a time do something slow, a call into a PKCS#11 module for one, while no mutex is
// held: the others sleep until the turn is over. The turn of work that was given up (CallWatch) is over at
// once.
class Turns {
 public:
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) {
      {
        std::unique_lock lock(turns_.mutex_);
        turns_.free_.wait(lock, [this] { return !turns_.taken_; });
        turns_.taken_ = true;
      }
      holding_.emplace([](void* turn) { static_cast<Turn*>(turn)->PassOn(); }, this);
    }
    ~Turn() {
      if (Keep()) PassOn();
    }
    // Keep tells whether the turn was not taken from us, and that it is not until it ends.
    bool Keep() noexcept { return holding_->End(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    void PassOn() noexcept {
      {
        const std::lock_guard lock(turns_.mutex_);
        turns_.taken_ = false;
      }
      turns_.free_.notify_one();
    }

    Turns& turns_;
    std::optional<CallWatch::Holding> holding_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace signet
