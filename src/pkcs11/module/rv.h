#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/error.h>

#include <string>
#include <string_view>

namespace signet {

// Staleness says what a return value tells about things that we hold from earlier calls.
enum class Staleness {
  kNone,     // nothing: the call itself failed
  kSession,  // this one session is of no use any more
  kToken,    // sessions, login or handles are gone, or the token itself: all are to be had anew
  kModule,   // the module was finalised behind our back
};

struct RvRow {
  CK_RV rv;
  const char* name;
  Staleness staleness;
  ErrorCode code;
  const char* detail;
  const char* mend;
};

// RowOfRv gives what we know of `rv`; values that PKCS#11 does not define share one row.
const RvRow& RowOfRv(CK_RV rv) noexcept;
// RvName gives "CKR_PIN_INCORRECT", or the number for a vendor's value.
std::string RvName(CK_RV rv);

// RvError is what `call` on `token` (its label, or empty) failed with, in words.
Error RvError(CK_RV rv, std::string_view call, std::string_view token);
// CheckRv throws RvError unless `rv` is CKR_OK.
inline void CheckRv(CK_RV rv, std::string_view call, std::string_view token) {
  if (rv != CKR_OK) [[unlikely]]
    throw RvError(rv, call, token);
}

// StalenessOf reads the CK_RV that an Error carries.
Staleness StalenessOf(const Error& error) noexcept;

}  // namespace signet
