#pragma once

#include "base/openssl_ptr.h"

namespace signet::bench {

// NullProvider is a library context with a provider whose ECDSA does nothing: what EVP_DigestSign costs by
// itself.
class NullProvider {
 public:
  NullProvider();
  OSSL_LIB_CTX* library() const noexcept { return library_.get(); }
  // key is an EC key of the provider; its signatures are 70 zero bytes.
  EVP_PKEY* key() const noexcept { return key_.get(); }

 private:
  OpenSslPtr<OSSL_LIB_CTX> library_;
  OpenSslPtr<OSSL_PROVIDER> default_, idle_;
  OpenSslPtr<EVP_PKEY> key_;
};

}  // namespace signet::bench
