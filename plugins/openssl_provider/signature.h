#pragma once

#include "openssl_provider/algorithm_rows.h"

#include <openssl/core_dispatch.h>

namespace signet::provider {

const OSSL_DISPATCH* SignatureFunctions(Family family);

// SigalgFunctions gives the dispatch table of a signature algorithm that brings its hash and padding; null
// for any other table.
const OSSL_DISPATCH* SigalgFunctions(Table table);

}  // namespace signet::provider
