#pragma once

#include "base/openssl_ptr.h"
#include "openssl_provider/private_key.h"

#include <openssl/core_dispatch.h>

namespace signet::provider {

// Key generation, in software. OpenSSL 3.0 makes a key with the first provider that knows its type, whether
// that one can or not: listed before `default`, a provider without generation breaks every TLS handshake over
// a NIST curve, `openssl genpkey` and more. The result is not a key of this provider: it is exported
// completely to the caller.
class Generation {
 public:
  Generation(ProviderContext& provider, const char* type, int selection, const OSSL_PARAM params[]);

  const ErrorQueue& errors() const noexcept { return provider_.errors(); }
  // SetTemplate makes the key on the parameters (the curve) of another.
  void SetTemplate(const KeyReference& other);
  void SetParams(const OSSL_PARAM params[]);
  const OSSL_PARAM* settable_params() const noexcept { return EVP_PKEY_CTX_settable_params(context_.get()); }
  std::unique_ptr<KeyReference> Make();

 private:
  bool pair() const noexcept { return (selection_ & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0; }
  void Begin();

  ProviderContext& provider_;
  const int selection_;
  OpenSslPtr<EVP_PKEY_CTX> context_;
};

}  // namespace signet::provider
