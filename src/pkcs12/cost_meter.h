#pragma once

#include <signet/error.h>

#include <cstdint>

#include <fmt/format.h>

namespace signet {

// CostMeter adds up the iterations that a file asks for, each before it is spent.
class CostMeter {
 public:
  explicit CostMeter(std::uint64_t limit) noexcept : limit_(limit) {}

  // Charge throws Error kTooCostly when the sum passes the limit.
  void Charge(std::uint64_t iterations) {
    if (iterations > limit_ - spent_) {
      throw Error(
          {.code = ErrorCode::kTooCostly,
           .detail = fmt::format("the file asks for more than the {} iterations that are allowed", limit_),
           .mend = "Export it again with fewer iterations, or raise the setting pkcs12-max-iterations."});
    }
    spent_ += iterations;
  }

 private:
  std::uint64_t limit_;
  std::uint64_t spent_ = 0;
};

}  // namespace signet
