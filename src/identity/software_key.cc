#include "identity/software_key.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/rsa_unpadding.h"

#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

namespace signet::inline identity {
namespace {

OpenSslPtr<EVP_PKEY_CTX> ContextOf(EVP_PKEY* key) {
  return OpenSslPtr<EVP_PKEY_CTX>(
      CheckOpenSsl(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key, nullptr), "EVP_PKEY_CTX_new_from_pkey"));
}

// RejectionSecret is the draft's: the hash of the private exponent, as long as the modulus.
std::array<std::uint8_t, 32> RejectionSecret(EVP_PKEY* key, std::size_t modulus) {
  BIGNUM* exponent = nullptr;
  CheckOpenSsl(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &exponent), "EVP_PKEY_get_bn_param");
  const OpenSslPtr<BIGNUM> owned(exponent);
  Secret bytes = Secret::OfSize(modulus);
  CheckOpenSsl(BN_bn2binpad(exponent, bytes.writable_bytes().data(), static_cast<int>(modulus)),
               "BN_bn2binpad");
  const auto digest = Digest(Hash::kSha256, bytes.writable_bytes());
  std::array<std::uint8_t, 32> secret;
  std::ranges::copy(digest, secret.begin());
  return secret;
}

OpenSslPtr<EVP_PKEY> PeerOf(EVP_PKEY* key, std::span<const std::uint8_t> point) {
  OpenSslPtr<EVP_PKEY> peer(CheckOpenSsl(EVP_PKEY_new(), "EVP_PKEY_new"));
  CheckOpenSsl(EVP_PKEY_copy_parameters(peer.get(), key), "EVP_PKEY_copy_parameters");
  if (EVP_PKEY_set1_encoded_public_key(peer.get(), point.data(), point.size()) == 1) return peer;
  throw Error(
      {.code = ErrorCode::kBadArgument, .detail = "the peer's public key is not a point on the key's curve"});
}

// OneShot tells whether OpenSSL takes the message itself and hashes inside.
bool OneShot(SigningAlgorithm::Kind kind) {
  return kind == SigningAlgorithm::Kind::kEdDsa || kind == SigningAlgorithm::Kind::kMlDsa;
}

}  // namespace

std::size_t SignInSoftware(EVP_PKEY* key, const SigningAlgorithm& algorithm,
                           std::span<const std::uint8_t> input, std::span<std::uint8_t> signature) {
  const OpenSslErrorMark mark;
  std::size_t size = signature.size();
  if (OneShot(algorithm.kind)) {
    const OpenSslPtr<EVP_MD_CTX> context(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    CheckOpenSsl(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, OwnContext(), nullptr, key, nullptr),
                 "EVP_DigestSignInit_ex");
    CheckOpenSsl(EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()),
                 "EVP_DigestSign");
    return size;
  }
  const OpenSslPtr<EVP_PKEY_CTX> context = ContextOf(key);
  CheckOpenSsl(EVP_PKEY_sign_init(context.get()), "EVP_PKEY_sign_init");
  ConfigurePkeyContext(context.get(), algorithm);
  CheckOpenSsl(EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()),
               "EVP_PKEY_sign");
  return size;
}

std::size_t DecryptInSoftware(EVP_PKEY* key, const DecryptionAlgorithm& algorithm,
                              std::span<const std::uint8_t> input, std::span<std::uint8_t> output) {
  const OpenSslErrorMark mark;
  const auto modulus = static_cast<std::size_t>(std::max(EVP_PKEY_get_size(key), 0));
  if (EVP_PKEY_is_a(key, "RSA") != 1 || input.size() != modulus || output.size() < modulus) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "decryption requires an RSA key and a block of the length of its modulus"});
  }
  const auto context = ContextOf(key);
  CheckOpenSsl(EVP_PKEY_decrypt_init(context.get()), "EVP_PKEY_decrypt_init");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
  Secret block = Secret::OfSize(modulus);
  std::size_t size = modulus;
  if (EVP_PKEY_decrypt(context.get(), block.writable_bytes().data(), &size, input.data(), input.size()) != 1)
    ThrowOpenSsl(ErrorCode::kBadArgument, "EVP_PKEY_decrypt", "the block was not encrypted for this RSA key");
  output = output.first(modulus);
  if (algorithm.kind == DecryptionAlgorithm::Kind::kRsaPkcs1)
    return UnpadPkcs1(block.writable_bytes(), input, RejectionSecret(key, modulus), output);
  if (algorithm.kind == DecryptionAlgorithm::Kind::kRsaOaep)
    return UnpadOaep(algorithm, block.writable_bytes(), output);
  std::ranges::copy(block.writable_bytes(), output.begin());
  return size;
}

Secret DeriveInSoftware(EVP_PKEY* key, std::span<const std::uint8_t> peer_point) {
  const OpenSslErrorMark mark;
  if (EVP_PKEY_is_a(key, "EC") != 1)
    throw Error({.code = ErrorCode::kBadArgument, .detail = "derivation requires an EC key"});
  const auto context = ContextOf(key);
  const auto peer = PeerOf(key, peer_point);
  CheckOpenSsl(EVP_PKEY_derive_init(context.get()), "EVP_PKEY_derive_init");
  CheckOpenSsl(EVP_PKEY_derive_set_peer(context.get(), peer.get()), "EVP_PKEY_derive_set_peer");
  std::size_t size = 0;
  CheckOpenSsl(EVP_PKEY_derive(context.get(), nullptr, &size), "EVP_PKEY_derive");
  Secret secret = Secret::OfSize(size);
  CheckOpenSsl(EVP_PKEY_derive(context.get(), secret.writable_bytes().data(), &size), "EVP_PKEY_derive");
  secret.Shrink(size);
  return secret;
}

}  // namespace signet::inline identity
