#pragma once

#include <openssl/core_dispatch.h>

namespace signet::provider {

const OSSL_DISPATCH* StoreFunctions() noexcept;

}  // namespace signet::provider
