#pragma once

#include <signet/error.h>

#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace signet::inline pkcs12 {

// Cost is what one derivation takes.
struct Cost {
  std::uint64_t iterations;  // as the file states them; N * r * p for scrypt
  std::uint64_t blocks = 1;  // of output, each of which takes all iterations

  // total saturates, so that it is never too small.
  std::uint64_t total() const noexcept {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    return blocks != 0 && iterations > kMost / blocks ? kMost : iterations * blocks;
  }
};

// CostMeter adds up the iterations of a file, each derivation before it is made, once for each password that
// is tried.
class CostMeter {
 public:
  CostMeter(std::uint64_t max_iterations, std::uint64_t max_total) noexcept
      : max_iterations_(max_iterations), max_total_(max_total) {}

  // Charge throws Error kTooCostly if the derivation states too many iterations, or the sum passes its
  // limit.
  void Charge(const Cost& cost) {
    if (cost.iterations > max_iterations_) {
      throw Error(
          {.code = ErrorCode::kTooCostly,
           .detail = fmt::format("the file requires {} iterations in one key derivation; the limit is {}",
                                 cost.iterations, max_iterations_),
           .hint = "Export it again with fewer iterations, or raise the setting pkcs12-max-iterations."});
    }
    if (cost.total() > max_total_ - spent_) {
      throw Error(
          {.code = ErrorCode::kTooCostly,
           .detail = fmt::format("the file requires more than the total limit of {} iterations", max_total_),
           .hint =
               "Export it again with fewer iterations, or raise the setting pkcs12-max-total-iterations."});
    }
    spent_ += cost.total();
  }

 private:
  std::uint64_t max_iterations_;
  std::uint64_t max_total_;
  std::uint64_t spent_ = 0;
};

// Attempts charges each password that is tried on one thing, but the first, which was charged when the thing
// was read.
class Attempts {
 public:
  Attempts(CostMeter& meter, const Cost& cost) noexcept : meter_(meter), cost_(cost) {}
  void Next() {
    if (!first_) meter_.Charge(cost_);
    first_ = false;
  }

 private:
  CostMeter& meter_;
  Cost cost_;
  bool first_ = true;
};

}  // namespace signet::inline pkcs12
