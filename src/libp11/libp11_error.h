#pragma once

#include <signet/error.h>

#include <string_view>

namespace signet {

// CheckLibp11 throws Error naming `call` when `result` is not zero. libp11 leaves the CKR_ code somewhere in
// the ERR queue, under a library number of its own.
void CheckLibp11(int result, std::string_view call, ErrorCode otherwise = ErrorCode::kTokenTrouble);

}  // namespace signet
