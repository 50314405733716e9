#pragma once

#include "pkcs11/objects/uri.h"
#include "pkcs11/token/token.h"
#include <signet/identity_source.h>

#include <memory>
#include <vector>

namespace signet::inline pkcs11 {

// ListFrom pairs what the URI names on one token into identities: each certificate with its key
// (see pairing.h), and a chain from the token and from `chain_file`. It logs in only where the credentials
// bring a PIN; else keys are hidden, and the identities are unproven until they are unlocked. Throws Error
// when the token as a whole fails.
Listing ListFrom(const std::shared_ptr<Token>& token, const std::shared_ptr<const Credentials>& credentials,
                 const Pkcs11Uri& uri, const std::vector<Certificate>& chain_file);

}  // namespace signet::inline pkcs11
