#include "base/openssl_context.h"

#include <new>

#include <openssl/crypto.h>
#include <openssl/provider.h>

namespace signet::inline base {

namespace {

OSSL_LIB_CTX* MakeContext() {
  OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

OSSL_LIB_CTX* OwnContext() {
  static OSSL_LIB_CTX* const context = MakeContext();
  return context;
}

OSSL_LIB_CTX* ContextWithoutAlgorithms() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = MakeContext();
    // `default` is loaded by itself only where no other provider is.
    if (OSSL_PROVIDER_load(made, "null") == nullptr) throw std::bad_alloc();
    return made;
  }();
  return context;
}

}  // namespace signet::inline base
