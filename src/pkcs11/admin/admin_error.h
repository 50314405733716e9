#pragma once

#include <signet/error.h>

#include <string_view>

#include <p11-kit/pkcs11.h>

namespace signet {

// CheckAdmin throws the Error for `result` of `call` unless it is CKR_OK, in words for somebody who changes a
// token; `otherwise` stands in for kTokenTrouble.
void CheckAdmin(CK_RV result, std::string_view call, ErrorCode otherwise = ErrorCode::kTokenTrouble);

}  // namespace signet
