#include "base/openssl_context.h"

#include <new>

#include <openssl/crypto.h>

namespace signet {

OSSL_LIB_CTX* OwnContext() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    if (made == nullptr) throw std::bad_alloc();
    return made;
  }();
  return context;
}

}  // namespace signet
