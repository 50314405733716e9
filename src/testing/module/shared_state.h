#pragma once

#include "testing/module/functions.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace signet::testing {

inline constexpr std::size_t kTraceCapacity = 1 << 16;
inline constexpr std::size_t kMaxFaults = 64;

// SharedState is a file that the wrapping module, in every process that uses it, and the test have mapped.
struct SharedState {
  struct Call {
    std::uint32_t function;
    std::uint32_t process;
    std::uint64_t session;  // 0: the function takes none
    std::uint64_t result;
  };

  std::atomic<std::uint64_t> generation;  // moves when the behaviour file was rewritten
  std::atomic<std::uint64_t> counts[kFunctionCount];
  std::atomic<std::int32_t> in_flight;
  std::atomic<std::int32_t> max_in_flight;
  std::atomic<std::uint64_t> fault_matches[kMaxFaults];  // calls that each fault has looked at
  std::atomic<std::int32_t> wrong_pins;                  // since the last right one
  std::atomic<std::uint64_t> trace_size;
  Call trace[kTraceCapacity];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the counters are shared between processes");

}  // namespace signet::testing
