#include "openssl_provider/generated_key.h"

#include "base/openssl_error.h"
#include "identity/signature_schemes.h"

namespace signet::provider {
namespace {

OpenSslPtr<EVP_PKEY> Share(EVP_PKEY* key) {
  CheckOpenSsl(EVP_PKEY_up_ref(key), "EVP_PKEY_up_ref");
  return OpenSslPtr<EVP_PKEY>(key);
}

}  // namespace

GeneratedKey::GeneratedKey(EVP_PKEY* key) : public_key_(PublicKey::FromNative(key)), key_(Share(key)) {}

std::vector<SignatureScheme> GeneratedKey::schemes() const {
  return SchemesFor(type(), public_key_.curve(), public_key_.bits());
}

}  // namespace signet::provider
