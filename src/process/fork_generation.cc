#include "process/fork_generation.h"

#include <pthread.h>

#include <atomic>

namespace signet {
namespace {

std::atomic<std::uint64_t> generation{1};

}  // namespace

std::uint64_t ForkGeneration() noexcept {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}

}  // namespace signet
