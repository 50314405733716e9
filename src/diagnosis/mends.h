#pragma once

#include <span>
#include <string_view>

#include <signet/error.h>
#include <signet/identity_selector.h>

namespace signet {

// ReasonMend and ErrorMend are one row for each value of their enum.
struct ReasonMend {
  Reason::Code code;
  std::string_view mend;
};
std::span<const ReasonMend> ReasonMends() noexcept;

struct ErrorMend {
  ErrorCode code;
  std::string_view mend;  // where the error brings none of its own
};
std::span<const ErrorMend> ErrorMends() noexcept;

}  // namespace signet
