#pragma once

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

}  // namespace signet::bench
