#include "pkcs12/derivation.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "pkcs12/password.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

namespace signet::inline pkcs12 {
namespace {

// Octets makes a parameter of bytes that OpenSSL only reads. An empty one still needs an address.
OSSL_PARAM Octets(const char* key, Bytes bytes) {
  static const std::uint8_t kNothing = 0;
  const std::uint8_t* data = bytes.empty() ? &kNothing : bytes.data();
  return OSSL_PARAM_construct_octet_string(key, const_cast<std::uint8_t*>(data), bytes.size());
}

OSSL_PARAM Text(const char* key, const char* text) {
  return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(text), 0);
}

DerivedKey Derive(OSSL_LIB_CTX* context, const char* name, const OSSL_PARAM* params, std::size_t size) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_KDF> kdf(EVP_KDF_fetch(context, name, nullptr));
  const OpenSslPtr<EVP_KDF_CTX> run(kdf != nullptr ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  DerivedKey out(size);
  if (run == nullptr || EVP_KDF_derive(run.get(), out.data(), size, params) != 1) {
    ThrowOpenSsl(ErrorCode::kUnsupported, name, "this OpenSSL does not support the file's key derivation",
                 "Export it again with AES and SHA-256 (PBES2).");
  }
  return out;
}

}  // namespace

DerivedKey::DerivedKey(std::size_t size) : size_(size) {
  if (size > kCapacity) ThrowMalformed("the file requires an impossibly long key");
}
DerivedKey::~DerivedKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

DerivedKey DerivePkcs12(const Digest& digest, const Secret& bmp_password, Bytes salt,
                        std::uint64_t iterations, Pkcs12Purpose purpose, std::size_t size) {
  int id = static_cast<int>(purpose);
  const OSSL_PARAM params[] = {Text(OSSL_KDF_PARAM_DIGEST, digest.name.c_str()),
                               Octets(OSSL_KDF_PARAM_PASSWORD, AsBytes(bmp_password)),
                               Octets(OSSL_KDF_PARAM_SALT, salt),
                               OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
                               OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &id),
                               OSSL_PARAM_construct_end()};
  return Derive(digest.context, "PKCS12KDF", params, size);
}

DerivedKey DerivePbkdf2(const Digest& prf, const Secret& password, Bytes salt, std::uint64_t iterations,
                        std::size_t size) {
  int accept_weak = 1;  // No lower bounds: the file is as it is.
  const OSSL_PARAM params[] = {Text(OSSL_KDF_PARAM_DIGEST, prf.name.c_str()),
                               Octets(OSSL_KDF_PARAM_PASSWORD, AsBytes(password)),
                               Octets(OSSL_KDF_PARAM_SALT, salt),
                               OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
                               OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &accept_weak),
                               OSSL_PARAM_construct_end()};
  return Derive(prf.context, "PBKDF2", params, size);
}

// RFC 8018 section 5.1. OpenSSL has it in its legacy module only.
DerivedKey DerivePbkdf1(const Digest& digest, const Secret& password, Bytes salt, std::uint64_t iterations,
                        std::size_t size) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_MD> md(
      CheckOpenSsl(EVP_MD_fetch(digest.context, digest.name.c_str(), nullptr), "EVP_MD_fetch"));
  const OpenSslPtr<EVP_MD_CTX> run(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  DerivedKey block(digest.size);
  std::uint8_t* out = block.data();
  CheckOpenSsl(EVP_DigestInit_ex2(run.get(), md.get(), nullptr), "EVP_DigestInit_ex2");
  CheckOpenSsl(EVP_DigestUpdate(run.get(), password.view().data(), password.size()), "EVP_DigestUpdate");
  CheckOpenSsl(EVP_DigestUpdate(run.get(), salt.data(), salt.size()), "EVP_DigestUpdate");
  CheckOpenSsl(EVP_DigestFinal_ex(run.get(), out, nullptr), "EVP_DigestFinal_ex");
  for (std::uint64_t i = 1; i < iterations; ++i) {
    CheckOpenSsl(EVP_DigestInit_ex2(run.get(), nullptr, nullptr), "EVP_DigestInit_ex2");
    CheckOpenSsl(EVP_DigestUpdate(run.get(), out, digest.size), "EVP_DigestUpdate");
    CheckOpenSsl(EVP_DigestFinal_ex(run.get(), out, nullptr), "EVP_DigestFinal_ex");
  }
  DerivedKey key(size);
  std::copy_n(out, std::min(size, digest.size), key.data());
  return key;
}

DerivedKey DeriveScrypt(const Secret& password, Bytes salt, std::uint64_t n, std::uint64_t r, std::uint64_t p,
                        std::size_t size) {
  std::uint64_t memory = 128 * r * (n + p + 2) + (1 << 20);
  auto r32 = static_cast<std::uint32_t>(r);
  auto p32 = static_cast<std::uint32_t>(p);
  const OSSL_PARAM params[] = {Octets(OSSL_KDF_PARAM_PASSWORD, AsBytes(password)),
                               Octets(OSSL_KDF_PARAM_SALT, salt),
                               OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                               OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r32),
                               OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p32),
                               OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
                               OSSL_PARAM_construct_end()};
  return Derive(OwnContext(), "SCRYPT", params, size);
}

}  // namespace signet::inline pkcs12
