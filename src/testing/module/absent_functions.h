#pragma once

#include "testing/module/functions.h"

#include <p11-kit/pkcs11.h>

namespace signet::testing {

template <class... Arguments>
CK_RV AbsentFunction(Arguments...) {
  return CKR_FUNCTION_NOT_SUPPORTED;
}

template <class... Arguments>
void FillAbsentFunction(CK_RV (*&function)(Arguments...)) {
  if (function == nullptr) function = &AbsentFunction<Arguments...>;
}

// FillAbsentFunctions has each function that `list` lacks answer CKR_FUNCTION_NOT_SUPPORTED; a list has no
// null pointers.
inline void FillAbsentFunctions(CK_FUNCTION_LIST& list) {
#define SIGNET_FILL(name) FillAbsentFunction(list.name);
  SIGNET_PKCS11_FUNCTIONS(SIGNET_FILL)
#undef SIGNET_FILL
}

}  // namespace signet::testing
