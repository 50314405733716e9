#pragma once

#include "base/openssl_ptr.h"
#include <signet/certificate.h>

#include <string>

namespace signet::testing {

// StorePath is a library context with the provider built in, which loads from one module.
class StorePath {
 public:
  explicit StorePath(const std::string& module);
  // Do loads what `uri` names and signs with the key. It gives what is not true of them, or nothing; throws
  // Error, made of OpenSSL's error queue, where they are not had.
  std::string Do(const std::string& uri, const Certificate& wanted) const;

 private:
  OpenSslPtr<OSSL_LIB_CTX> context_;
  OpenSslPtr<OSSL_PROVIDER> default_;
  OpenSslPtr<OSSL_PROVIDER> signet_;
};

}  // namespace signet::testing
