#pragma once

#include "base/mutex.h"
#include "process/fork_local.h"
#include <signet/secret.h>

#include <atomic>
#include <memory>

namespace signet::inline pkcs11 {

// KeptSecret keeps the last successful PIN. It is read without a lock, so that a child that was forked at
// any moment finds it; earlier ones live as long as it does, as a thread may be reading them.
class KeptSecret {
 public:
  KeptSecret() = default;
  ~KeptSecret() { const std::unique_ptr<const Kept> last(last_.load()); }
  KeptSecret(const KeptSecret&) = delete;
  KeptSecret& operator=(const KeptSecret&) = delete;

  void Keep(const Secret& secret) {
    const Lock lock(keeping_.Get());
    const Kept* last = last_.load();
    if (last != nullptr && last->secret.view() == secret.view()) return;
    auto fresh = std::make_unique<Kept>(Kept{secret.Clone(), nullptr});
    fresh->earlier.reset(last);
    last_.store(fresh.release(), std::memory_order_release);
  }

  // get gives null if nothing was kept.
  const Secret* get() const noexcept {
    const Kept* last = last_.load(std::memory_order_acquire);
    return last != nullptr ? &last->secret : nullptr;
  }

 private:
  struct Kept {
    Secret secret;
    std::unique_ptr<const Kept> earlier;
  };
  std::atomic<const Kept*> last_{nullptr};
  ForkLocal<Mutex> keeping_;
};

}  // namespace signet::inline pkcs11
