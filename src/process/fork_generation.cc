#include "process/fork_generation.h"

#include <atomic>

#include <pthread.h>

namespace signet::inline process {
namespace {

std::atomic<std::uint64_t> generation{1};
std::atomic<AbandonedInChild*> abandoned{nullptr};

}  // namespace

std::uint64_t ForkGeneration() noexcept {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}

void AbandonToParent(AbandonedInChild& object) noexcept {
  object.next_abandoned = abandoned.load(std::memory_order_relaxed);
  while (!abandoned.compare_exchange_weak(object.next_abandoned, &object, std::memory_order_release)) {
  }
}

}  // namespace signet::inline process
