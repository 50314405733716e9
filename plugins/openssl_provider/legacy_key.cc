// Keys of the type that OpenSSL had before providers: an RSA or EC_KEY whose method signs with the identity's
// key.
#define OPENSSL_SUPPRESS_DEPRECATED  // there is no other way for programs that take these objects out of a
                                     // key

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include <signet/openssl_key.h>

#include <algorithm>
#include <vector>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace signet::openssl {
namespace {

using Owner = std::shared_ptr<PrivateKey>;
using Kind = SigningAlgorithm::Kind;

int Copy(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** owner, int, long, void*) noexcept {
  if (*owner != nullptr) *owner = new (std::nothrow) Owner(*static_cast<Owner*>(*owner));
  return 1;
}

void Drop(void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) noexcept {
  const std::unique_ptr<Owner> owned(static_cast<Owner*>(owner));
}

int RsaIndex() {
  static const int index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_RSA, 0, nullptr, nullptr, Copy, Drop);
  return index;
}

int EcIndex() {
  static const int index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EC_KEY, 0, nullptr, nullptr, Copy, Drop);
  return index;
}

// SignatureOf signs with the key at `owner`; nothing, and an entry in OpenSSL's queue, where that fails.
std::vector<std::uint8_t> SignatureOf(void* owner, Kind kind, std::span<const std::uint8_t> input) noexcept
    try {
  if (owner == nullptr)
    throw Error({.code = ErrorCode::kInternal, .detail = "a copy of a key has lost its owner"});
  PrivateKey& key = **static_cast<Owner*>(owner);
  std::vector<std::uint8_t> signature(key.max_signature_size());
  signature.resize(key.Sign({.kind = kind}, input, signature));
  return signature;
} catch (const std::exception& error) {
  ERR_raise_data(ERR_LIB_USER, ERR_R_INTERNAL_ERROR, "%s", error.what());
  return {};
}

// SignRsa is RSA_private_encrypt: PKCS#1, or for RSA-PSS, which OpenSSL pads itself, the raw operation.
int SignRsa(int size, const unsigned char* input, unsigned char* output, RSA* rsa, int padding) noexcept {
  if (padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING) {
    ERR_raise(ERR_LIB_RSA, RSA_R_UNKNOWN_PADDING_TYPE);
    return -1;
  }
  const auto signature = SignatureOf(RSA_get_ex_data(rsa, RsaIndex()),
                                     padding == RSA_PKCS1_PADDING ? Kind::kRsaPkcs1 : Kind::kRsaRaw,
                                     {input, static_cast<std::size_t>(size)});
  if (signature.empty() || signature.size() > static_cast<std::size_t>(RSA_size(rsa))) return -1;
  std::ranges::copy(signature, output);
  return static_cast<int>(signature.size());
}

int SignEc(int, const unsigned char* digest, int size, unsigned char* output, unsigned* length, const BIGNUM*,
           const BIGNUM*, EC_KEY* key) noexcept {
  const auto signature =
      SignatureOf(EC_KEY_get_ex_data(key, EcIndex()), Kind::kEcdsa, {digest, static_cast<std::size_t>(size)});
  if (signature.empty() || signature.size() > static_cast<std::size_t>(ECDSA_size(key))) return 0;
  std::ranges::copy(signature, output);
  *length = static_cast<unsigned>(signature.size());
  return 1;
}

ECDSA_SIG* SignEcToNumbers(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*,
                           EC_KEY* key) noexcept {
  const auto signature =
      SignatureOf(EC_KEY_get_ex_data(key, EcIndex()), Kind::kEcdsa, {digest, static_cast<std::size_t>(size)});
  const unsigned char* position = signature.data();
  return signature.empty() ? nullptr : d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(signature.size()));
}

const RSA_METHOD* RsaMethod() {
  static const RSA_METHOD* const method = [] {
    RSA_METHOD* const made = CheckOpenSsl(RSA_meth_dup(RSA_PKCS1_OpenSSL()), "RSA_meth_dup");
    RSA_meth_set1_name(made, "signet");
    RSA_meth_set_priv_enc(made, SignRsa);
    return made;
  }();
  return method;
}

const EC_KEY_METHOD* EcMethod() {
  static const EC_KEY_METHOD* const method = [] {
    EC_KEY_METHOD* const made = CheckOpenSsl(EC_KEY_METHOD_new(EC_KEY_OpenSSL()), "EC_KEY_METHOD_new");
    EC_KEY_METHOD_set_sign(made, SignEc, nullptr, SignEcToNumbers);
    return made;
  }();
  return method;
}

// Adopt has `made`, of the RSA or EC functions, owned by a new EVP_PKEY.
template <class Key>
OpenSslPtr<EVP_PKEY> Adopt(Key* made, int type) {
  OpenSslPtr<EVP_PKEY> key(EVP_PKEY_new());
  CheckOpenSsl(made, "d2i_PUBKEY");
  CheckOpenSsl(EVP_PKEY_assign(CheckOpenSsl(key.get(), "EVP_PKEY_new"), type, made), "EVP_PKEY_assign");
  return key;
}

}  // namespace

KeyPtr MakeLegacyKey(const Identity& identity) {
  const Owner& owner = identity.key();
  const KeyType type = owner->type();
  if (owner->ExportPkcs8() || (type != KeyType::kRsa && type != KeyType::kEc)) return MakeKey(owner);
  const auto spki = owner->subject_public_key_info();
  const unsigned char* position = spki.data();
  const auto size = static_cast<long>(spki.size());
  auto kept = std::make_unique<Owner>(owner);
  OpenSslPtr<EVP_PKEY> key;
  if (type == KeyType::kRsa) {
    RSA* const rsa = d2i_RSA_PUBKEY(nullptr, &position, size);
    key = Adopt(rsa, EVP_PKEY_RSA);
    CheckOpenSsl(RSA_set_method(rsa, RsaMethod()), "RSA_set_method");
    CheckOpenSsl(RSA_set_ex_data(rsa, RsaIndex(), kept.get()), "RSA_set_ex_data");
  } else {
    EC_KEY* const ec = d2i_EC_PUBKEY(nullptr, &position, size);
    key = Adopt(ec, EVP_PKEY_EC);
    CheckOpenSsl(EC_KEY_set_method(ec, EcMethod()), "EC_KEY_set_method");
    CheckOpenSsl(EC_KEY_set_ex_data(ec, EcIndex(), kept.get()), "EC_KEY_set_ex_data");
  }
  kept.release();  // Drop has it now
  return KeyPtr(key.release());
}

}  // namespace signet::openssl
