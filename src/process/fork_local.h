#pragma once

#include "process/fork_generation.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <tuple>

namespace signet::inline process {

// ForkLocal<T> holds one T for each process, made of `Args`: the first Get in a forked child makes a fresh
// one, and the parent's, whose mutexes may be held by threads that do not exist in the child, is never
// touched again. Get takes no lock.
template <class T, class... Args>
class ForkLocal {
 public:
  explicit ForkLocal(Args... args) : args_(args...) {}
  ForkLocal(const ForkLocal&) = delete;
  ForkLocal& operator=(const ForkLocal&) = delete;
  ~ForkLocal() {
    Node* node = node_.load(std::memory_order_acquire);
    if (node == nullptr) return;
    if (node->generation == ForkGeneration()) {
      const std::unique_ptr<Node> own(node);
    } else {
      AbandonToParent(*node);
    }
  }

  T& Get() {
    Node* node = node_.load(std::memory_order_acquire);
    if (node != nullptr && node->generation == ForkGeneration()) [[likely]]
      return node->value;
    return Make(node);
  }

  // IfMade gives this process's T, or null if Get has not made one.
  T* IfMade() noexcept {
    Node* node = node_.load(std::memory_order_acquire);
    return node != nullptr && node->generation == ForkGeneration() ? &node->value : nullptr;
  }

 private:
  struct Node : AbandonedInChild {
    explicit Node(const std::tuple<Args...>& args) : value(std::make_from_tuple<T>(args)) {}
    std::uint64_t generation = ForkGeneration();
    T value;
  };

  T& Make(Node* seen) {
    auto fresh = std::make_unique<Node>(args_);
    if (node_.compare_exchange_strong(seen, fresh.get(), std::memory_order_acq_rel)) {
      if (seen != nullptr) AbandonToParent(*seen);
      return fresh.release()->value;
    }
    return seen->value;  // Another thread of this process was first.
  }

  const std::tuple<Args...> args_;
  std::atomic<Node*> node_{nullptr};
};

}  // namespace signet::inline process
