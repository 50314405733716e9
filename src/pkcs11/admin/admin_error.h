#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/error.h>

#include <string_view>

namespace signet::inline pkcs11 {

// Outcome says what a return value tells about a call that changes a token.
enum class Outcome {
  kDone,
  kNotDone,  // the module refused before it changed anything
  kUnknown,  // the change may have been made: look before it is made again
};

// OutcomeOf reads PKCS#11 2.40, 5.1: only codes that describe the state before the call tell that nothing was
// done.
Outcome OutcomeOf(CK_RV result) noexcept;

// AdminError is RvError with texts for changes of a token.
Error AdminError(CK_RV result, std::string_view call, std::string_view token);
// CheckAdmin throws it unless `result` is CKR_OK.
void CheckAdmin(CK_RV result, std::string_view call, std::string_view token);

// PinError is AdminError for a call that carries a PIN of `user`. `info` supplies the length limits.
Error PinError(CK_RV result, std::string_view call, CK_USER_TYPE user, const CK_TOKEN_INFO& info);

// WithDetail is `error` with `more` after its detail.
Error WithDetail(const Error& error, std::string_view more);

}  // namespace signet::inline pkcs11
