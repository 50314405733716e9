#pragma once

#include <signet/private_key.h>

#include <string_view>

namespace signet::botan {

// AlgorithmFor reads the parameter string that Botan makes a signature operation with, for a key of `type`:
// "PSS(SHA-256,MGF1,32)", "PKCS1v15(SHA-256)", "SHA-256" from Botan 3, "PSSR(…)", "EMSA_PKCS1(…)", "EMSA1(…)"
// from Botan 2, and their aliases. The hash is kNone if the caller has hashed ("Raw"). Throws Error
// kUnsupported.
SigningAlgorithm AlgorithmFor(KeyType type, std::string_view padding);

}  // namespace signet::botan
