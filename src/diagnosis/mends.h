#pragma once

#include <signet/identity_selector.h>

#include <span>
#include <string_view>

namespace signet {

// ReasonMend is one row for each value of the enum.
struct ReasonMend {
  Reason::Code code;
  std::string_view mend;
};
std::span<const ReasonMend> ReasonMends() noexcept;

}  // namespace signet
