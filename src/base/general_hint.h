#pragma once

#include <signet/error.h>

#include <string_view>

namespace signet {

// GeneralHint gives what to do about an error that brings no hint of its own, an imperative sentence:
// Error::hint() is never empty.
std::string_view GeneralHint(ErrorCode code) noexcept;

}  // namespace signet
