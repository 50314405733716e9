#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/error.h>

#include <string>
#include <string_view>

namespace signet::inline pkcs11 {

// Staleness says which results of earlier calls may be stale after a return value.
enum class Staleness {
  kNone,       // nothing: the answer is the error
  kSession,    // this session, and handles that were found in it
  kOperation,  // the operation that this session has in progress
  kLogin,      // the login
  kObjects,    // object handles
  kPlace,      // where the token is, and so sessions, login and handles
  kModule,     // the module's initialisation, and so all of them
  kUnknown,    // it does not say
};

struct RvRow {
  CK_RV rv;
  const char* name;
  Staleness staleness;
  ErrorCode code;
  const char* detail;
  const char* hint;
};

// RowOfRv gives the row of `rv`; values that PKCS#11 does not define share one row.
const RvRow& RowOfRv(CK_RV rv) noexcept;
// RvName gives "CKR_PIN_INCORRECT", or the number for a vendor's value.
std::string RvName(CK_RV rv);

// RvError is the Error for a failure of `call` on `token` (its label, or empty).
Error RvError(CK_RV rv, std::string_view call, std::string_view token);
// CheckRv throws RvError unless `rv` is CKR_OK.
inline void CheckRv(CK_RV rv, std::string_view call, std::string_view token) {
  if (rv != CKR_OK) [[unlikely]]
    throw RvError(rv, call, token);
}

// RvOf gives the CK_RV that an Error carries, or CKR_OK where it carries none.
CK_RV RvOf(const Error& error) noexcept;
// StalenessOf is the row's, for the CK_RV that an Error carries.
Staleness StalenessOf(const Error& error) noexcept;

}  // namespace signet::inline pkcs11
