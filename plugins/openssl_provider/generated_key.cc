#include "openssl_provider/generated_key.h"

#include "base/openssl_context.h"
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

std::size_t GeneratedKey::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                               std::span<std::uint8_t> signature) {
  std::size_t size = signature.size();
  if (algorithm.kind == SigningAlgorithm::Kind::kEdDsa) {
    const OpenSslPtr<EVP_MD_CTX> context(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    CheckOpenSsl(
        EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, OwnContext(), nullptr, key_.get(), nullptr),
        "EVP_DigestSignInit_ex");
    CheckOpenSsl(EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()),
                 "EVP_DigestSign");
    return size;
  }
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key_.get(), nullptr));
  CheckOpenSsl(EVP_PKEY_sign_init(context.get()), "EVP_PKEY_sign_init");
  ConfigurePkeyContext(context.get(), algorithm);
  CheckOpenSsl(EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()),
               "EVP_PKEY_sign");
  return size;
}

}  // namespace signet::provider
