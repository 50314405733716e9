#pragma once

#include <signet/identity_selector.h>

#include <span>
#include <string_view>

namespace signet::inline diagnosis {

// ReasonHint is one row for each value of the enum.
struct ReasonHint {
  Reason::Code code;
  std::string_view hint;
};
std::span<const ReasonHint> ReasonHints() noexcept;

}  // namespace signet::inline diagnosis
