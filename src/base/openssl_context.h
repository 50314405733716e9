#pragma once

#include <openssl/types.h>

namespace signet::inline base {

// OwnContext is a library context that no openssl.cnf and no application touches: X.509, digests and software
// verification run in it, so that they never call a provider that is being loaded. It is made
// at the first call and never freed, as objects in it may outlive every static destructor.
OSSL_LIB_CTX* OwnContext();
// ContextWithoutAlgorithms is another one, whose providers have nothing: for reading structures alone.
OSSL_LIB_CTX* ContextWithoutAlgorithms();

}  // namespace signet::inline base
