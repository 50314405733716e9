#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace signet::bench {

// InstructionCounter counts the instructions of the calling thread in user mode, where the machine lets it.
class InstructionCounter {
 public:
  InstructionCounter() noexcept;
  ~InstructionCounter();
  InstructionCounter(const InstructionCounter&) = delete;
  InstructionCounter& operator=(const InstructionCounter&) = delete;

  std::optional<std::uint64_t> Read() const noexcept;

 private:
  int counter_;
};

// Cost is what one turn of some work takes.
struct Cost {
  double nanoseconds;
  std::optional<double> instructions;  // where the machine counts them
};

// CostOf executes `work` this number of times on this thread.
template <class Work>
Cost CostOf(const InstructionCounter& counter, int times, Work work) {
  const std::optional<std::uint64_t> before = counter.Read();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  Cost cost{took.count() / times, std::nullopt};
  if (before) cost.instructions = static_cast<double>(*counter.Read() - *before) / times;
  return cost;
}

}  // namespace signet::bench
