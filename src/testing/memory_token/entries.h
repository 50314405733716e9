#pragma once

#include <p11-kit/pkcs11.h>

namespace signet::testing {

// Each fills its part of the module's function list.
void FillTokenFunctions(CK_FUNCTION_LIST& list);
void FillObjectFunctions(CK_FUNCTION_LIST& list);
void FillKeyFunctions(CK_FUNCTION_LIST& list);

// MemoryFunctions is the module's list of PKCS#11 2.40.
CK_FUNCTION_LIST& MemoryFunctions();

}  // namespace signet::testing
