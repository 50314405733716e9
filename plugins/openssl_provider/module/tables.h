#pragma once

#include "openssl_provider/algorithm_rows.h"

namespace signet::provider::module {

// ModuleTable gives the dispatch table that libcrypto sees, of functions that go on to those of libsignet.so.
const OSSL_DISPATCH* ModuleTable(Table table) noexcept;

}  // namespace signet::provider::module
