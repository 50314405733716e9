#include "signing.h"

#include "base/openssl_error.h"

#include <openssl/rsa.h>

namespace signet::bench {

std::size_t Sign(EVP_PKEY* key, OSSL_LIB_CTX* library, const Algorithm& algorithm,
                 std::span<const std::uint8_t> message, std::span<std::uint8_t> signature) {
  const OpenSslPtr<EVP_MD_CTX> context(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  EVP_PKEY_CTX* pkey_context = nullptr;
  CheckOpenSsl(
      EVP_DigestSignInit_ex(context.get(), &pkey_context, algorithm.digest, library, nullptr, key, nullptr),
      "EVP_DigestSignInit_ex");
  if (algorithm.pss) {
    CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(pkey_context, RSA_PKCS1_PSS_PADDING),
                 "EVP_PKEY_CTX_set_rsa_padding");
    CheckOpenSsl(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_context, RSA_PSS_SALTLEN_DIGEST),
                 "EVP_PKEY_CTX_set_rsa_pss_saltlen");
  }
  std::size_t size = 0;
  CheckOpenSsl(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()),
               "EVP_DigestSign");
  size = signature.size();
  CheckOpenSsl(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()),
               "EVP_DigestSign");
  return size;
}

DigestSigner::DigestSigner(EVP_PKEY* key, OSSL_LIB_CTX* library)
    : context_(
          CheckOpenSsl(EVP_PKEY_CTX_new_from_pkey(library, key, nullptr), "EVP_PKEY_CTX_new_from_pkey")) {
  CheckOpenSsl(EVP_PKEY_sign_init(context_.get()), "EVP_PKEY_sign_init");
}

std::size_t DigestSigner::Sign(std::span<const std::uint8_t> digest, std::span<std::uint8_t> signature) {
  std::size_t size = signature.size();
  CheckOpenSsl(EVP_PKEY_sign(context_.get(), signature.data(), &size, digest.data(), digest.size()),
               "EVP_PKEY_sign");
  return size;
}

}  // namespace signet::bench
