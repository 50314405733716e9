#include "openssl_provider/keymgmt_generation.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"

namespace signet::provider {

Generation::Generation(ProviderContext& provider, const char* type, int selection, const OSSL_PARAM params[])
    : provider_(provider),
      selection_(selection),
      context_(CheckOpenSsl(EVP_PKEY_CTX_new_from_name(OwnContext(), type, nullptr),
                            "EVP_PKEY_CTX_new_from_name")) {
  Begin();
  SetParams(params);
}

void Generation::Begin() {
  if (pair()) {
    CheckOpenSsl(EVP_PKEY_keygen_init(context_.get()), "EVP_PKEY_keygen_init");
  } else {
    CheckOpenSsl(EVP_PKEY_paramgen_init(context_.get()), "EVP_PKEY_paramgen_init");
  }
}

void Generation::SetTemplate(const KeyReference& other) {
  context_.reset(CheckOpenSsl(EVP_PKEY_CTX_new_from_pkey(OwnContext(), other.native(), nullptr),
                              "EVP_PKEY_CTX_new_from_pkey"));
  Begin();
}

void Generation::SetParams(const OSSL_PARAM params[]) {
  if (params == nullptr || params->key == nullptr) return;
  CheckOpenSsl(EVP_PKEY_CTX_set_params(context_.get(), params), "EVP_PKEY_CTX_set_params");
}

std::unique_ptr<KeyReference> Generation::Make() {
  EVP_PKEY* made = nullptr;
  CheckOpenSsl(EVP_PKEY_generate(context_.get(), &made), "EVP_PKEY_generate");
  return std::make_unique<KeyReference>(provider_, OpenSslPtr<EVP_PKEY>(made), pair());
}

}  // namespace signet::provider
