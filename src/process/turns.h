#pragma once

#include <condition_variable>
#include <mutex>

namespace signet {

// Turns lets one thread at a time do something slow, a call into a PKCS#11 module for one, while no mutex is
// held: the others sleep until the turn is over.
class Turns {
 public:
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) {
      std::unique_lock lock(turns_.mutex_);
      turns_.free_.wait(lock, [this] { return !turns_.taken_; });
      turns_.taken_ = true;
    }
    ~Turn() {
      {
        const std::lock_guard lock(turns_.mutex_);
        turns_.taken_ = false;
      }
      turns_.free_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace signet
