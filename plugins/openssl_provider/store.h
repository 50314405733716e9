#pragma once

#include <openssl/core_dispatch.h>

namespace signet::provider {

// kHandoverScheme is the store scheme by which MakeKey hands a key of this process to libcrypto.
inline constexpr const char* kHandoverScheme = "signet-handover";

const OSSL_DISPATCH* StoreFunctions() noexcept;

}  // namespace signet::provider
