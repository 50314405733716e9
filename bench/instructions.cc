#include "instructions.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace signet::bench {
namespace {

int Open() noexcept {
  perf_event_attr wanted{};
  wanted.type = PERF_TYPE_HARDWARE;
  wanted.size = sizeof wanted;
  wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
  wanted.exclude_kernel = 1;
  wanted.exclude_hv = 1;
  return static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}

}  // namespace

InstructionCounter::InstructionCounter() noexcept : counter_(Open()) {}

InstructionCounter::~InstructionCounter() {
  if (counter_ >= 0) close(counter_);
}

std::optional<std::uint64_t> InstructionCounter::Read() const noexcept {
  std::uint64_t count = 0;
  if (counter_ < 0 || read(counter_, &count, sizeof count) != sizeof count) return std::nullopt;
  return count;
}

}  // namespace signet::bench
