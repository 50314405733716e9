#pragma once

#include <cstddef>
#include <span>

#include <p11-kit/pkcs11.h>

namespace signet::testing {

// PermittedCodesOf gives the return values that PKCS#11 2.40 lists for a function (section 5), CKR_OK left
// out; nothing for functions without a row.
std::span<const CK_RV> PermittedCodesOf(std::size_t function) noexcept;
// CodesOf3 gives what PKCS#11 3.0 adds to them.
std::span<const CK_RV> CodesOf3(std::size_t function) noexcept;
// AllCodesOfStandard gives every return value that PKCS#11 2.40 and 3.0 define, CKR_OK left out.
std::span<const CK_RV> AllCodesOfStandard() noexcept;

}  // namespace signet::testing
