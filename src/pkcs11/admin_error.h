#pragma once

#include <signet/error.h>

#include <string_view>

#include <p11-kit/pkcs11.h>

namespace signet {

// CheckAdmin throws Error naming `call` unless `result` is CKR_OK: kWrongPin, kPinLocked or `otherwise`.
void CheckAdmin(CK_RV result, std::string_view call, ErrorCode otherwise = ErrorCode::kTokenTrouble);

}  // namespace signet
