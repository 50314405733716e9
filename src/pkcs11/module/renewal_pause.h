#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace signet::inline pkcs11 {

// RenewalPause spaces out attempts that may not help: the first may come at once, the next after a second,
// then twice as long after each, up to kLongest. Thread-safe.
class RenewalPause {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLongest{4};

  // Over tells whether an attempt may be made at `now`; it then counts as made.
  bool Over(Clock::time_point now = Clock::now()) noexcept {
    const Clock::duration pause = pause_.load();
    Clock::time_point last = last_.load();
    if (pause.count() != 0 && now - last < pause) return false;
    if (!last_.compare_exchange_strong(last, now)) return false;
    pause_ = pause.count() == 0 ? Clock::duration(std::chrono::seconds(1))
                                : std::min<Clock::duration>(2 * pause, kLongest);
    return true;
  }
  bool pausing() const noexcept { return pause_.load(std::memory_order_relaxed).count() != 0; }
  void Reset() noexcept { pause_ = Clock::duration(0); }

 private:
  std::atomic<Clock::duration> pause_{Clock::duration(0)};
  std::atomic<Clock::time_point> last_{Clock::time_point()};
};

}  // namespace signet::inline pkcs11
