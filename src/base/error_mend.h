#pragma once

#include <signet/error.h>

#include <string_view>

namespace signet {

// Mend gives what to do about an error that brings no mend of its own, an imperative sentence: Error::mend()
// is never empty.
std::string_view Mend(ErrorCode code) noexcept;

}  // namespace signet
