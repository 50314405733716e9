#pragma once

#include <signet/private_key.h>

#include <cstdint>
#include <vector>

namespace signet::provider {

// AlgorithmIdentifier gives the DER AlgorithmIdentifier (RFC 5280 section 4.1.1.2) that goes with a
// signature, PSS parameters included (RFC 4055 section 3.1); throws Error kUnsupported if there is none.
std::vector<std::uint8_t> AlgorithmIdentifier(KeyType key, const SigningAlgorithm& algorithm);

}  // namespace signet::provider
