#include "pkcs12/scheme.h"

#include "base/openssl_ptr.h"

#include <vector>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

namespace signet {

using der::Value;

OSSL_LIB_CTX* Theirs() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_load(made, "default");
    OSSL_PROVIDER_load(made, "legacy");
    return made;
  }();
  return context;
}

void PrintTo(const Scheme& scheme, std::ostream* out) { *out << scheme.name; }

Value Iv(std::size_t size) { return Value(size, 0x77); }

namespace {

const Value kSalt{1, 2, 3, 4, 5, 6, 7, 8};
constexpr std::uint64_t kIterations = 3;

Value Derived(const Scheme& scheme, std::string password) {
  const OpenSslPtr<EVP_KDF> kdf(EVP_KDF_fetch(Theirs(), scheme.scrypt ? "SCRYPT" : "PBKDF2", nullptr));
  const OpenSslPtr<EVP_KDF_CTX> run(EVP_KDF_CTX_new(kdf.get()));
  Value salt = kSalt;
  std::uint64_t iterations = kIterations;
  std::uint64_t n = 1024;
  std::uint32_t r = 8;
  std::uint32_t p = 2;
  int weak = 1;
  std::vector<OSSL_PARAM> params = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password.data(), password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size())};
  if (scheme.scrypt) {
    params.insert(params.end(), {OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                                 OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
                                 OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p)});
  } else {
    params.insert(params.end(), {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                                  const_cast<char*>(scheme.prf.c_str()), 0),
                                 OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
                                 OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &weak)});
  }
  params.push_back(OSSL_PARAM_construct_end());
  Value key(scheme.key_size);
  EXPECT_EQ(EVP_KDF_derive(run.get(), key.data(), key.size(), params.data()), 1);
  return key;
}

}  // namespace

Value Encrypted(const Scheme& scheme, const std::string& password, const Value& plain) {
  const Value key = Derived(scheme, password);
  const OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(Theirs(), scheme.cipher.c_str(), nullptr));
  const OpenSslPtr<EVP_CIPHER_CTX> run(EVP_CIPHER_CTX_new());
  EXPECT_EQ(EVP_EncryptInit_ex2(run.get(), cipher.get(), nullptr, nullptr, nullptr), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_set_key_length(run.get(), static_cast<int>(key.size())), 1);
  std::size_t bits = key.size() * 8;
  if (scheme.cipher == "RC2-CBC") {
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_RC2_KEYBITS, &bits),
                                 OSSL_PARAM_construct_end()};
    EXPECT_EQ(EVP_CIPHER_CTX_set_params(run.get(), params), 1);
  }
  const bool ccm = EVP_CIPHER_get_mode(cipher.get()) == EVP_CIPH_CCM_MODE;
  const auto tag_size = static_cast<int>(scheme.tag_size);
  if (tag_size != 0) {
    EVP_CIPHER_CTX_ctrl(run.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(scheme.iv_size), nullptr);
    if (ccm) EVP_CIPHER_CTX_ctrl(run.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, nullptr);
  }
  EXPECT_EQ(EVP_EncryptInit_ex2(run.get(), nullptr, key.data(), Iv(scheme.iv_size).data(), nullptr), 1);
  Value out(plain.size() + 32);
  int size = 0;
  int rest = 0;
  const auto all = static_cast<int>(plain.size());
  if (ccm) {
    EXPECT_EQ(EVP_EncryptUpdate(run.get(), nullptr, &size, nullptr, all), 1);
  }
  EXPECT_EQ(EVP_EncryptUpdate(run.get(), out.data(), &size, plain.data(), all), 1);
  EXPECT_EQ(EVP_EncryptFinal_ex(run.get(), out.data() + size, &rest), 1);
  out.resize(static_cast<std::size_t>(size + rest));
  Value tag(scheme.tag_size);
  if (tag_size != 0) {
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(run.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, tag.data()), 1);
  }
  out.insert(out.end(), tag.begin(), tag.end());
  return out;
}

Value Algorithm(const Scheme& scheme) {
  const Value length = scheme.says_key_size ? der::Integer(scheme.key_size) : Value();
  const Value kdf =
      scheme.scrypt
          ? der::Sequence({der::Oid("1.3.6.1.4.1.11591.4.11"),
                           der::Sequence({der::Octets(kSalt), der::Integer(1024), der::Integer(8),
                                          der::Integer(2), length})})
          : der::Sequence({der::Oid("1.2.840.113549.1.5.12"),
                           der::Sequence({der::Octets(kSalt), der::Integer(kIterations), length,
                                          der::Sequence({der::Oid(scheme.prf_oid.c_str()), der::Null()})})});
  const Value cipher = der::Sequence({der::Oid(scheme.cipher_oid.c_str()), scheme.cipher_parameters});
  return der::Sequence({der::Oid("1.2.840.113549.1.5.13"), der::Sequence({kdf, cipher})});
}

Value Mac(const std::string& oid, Value password, const Value& content) {
  const OpenSslPtr<EVP_MD> digest(EVP_MD_fetch(Theirs(), oid.c_str(), nullptr));
  if ((EVP_MD_get_flags(digest.get()) & EVP_MD_FLAG_XOF) != 0) return {};
  const OpenSslPtr<EVP_KDF> kdf(EVP_KDF_fetch(Theirs(), "PKCS12KDF", nullptr));
  const OpenSslPtr<EVP_KDF_CTX> run(EVP_KDF_CTX_new(kdf.get()));
  Value salt(8, 1);
  int id = 3;
  int iterations = 2;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(oid.c_str()), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password.data(), password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_ITER, &iterations),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &id),
      OSSL_PARAM_construct_end()};
  Value key(static_cast<std::size_t>(EVP_MD_get_size(digest.get())));
  EXPECT_EQ(EVP_KDF_derive(run.get(), key.data(), key.size(), params), 1) << oid;
  Value mac(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  EXPECT_NE(EVP_Q_mac(Theirs(), "HMAC", nullptr, oid.c_str(), nullptr, key.data(), key.size(), content.data(),
                      content.size(), mac.data(), mac.size(), &size),
            nullptr)
      << oid;
  mac.resize(size);
  return der::Sequence(
      {der::Sequence({der::Sequence({der::Oid(oid.c_str()), der::Null()}), der::Octets(mac)}),
       der::Octets(salt), der::Integer(2)});
}

Value ShroudedKeyBag(const Scheme& scheme, const Value& pkcs8, const std::string& password,
                     const Value& attributes) {
  const Value sealed = der::Sequence({Algorithm(scheme), der::Octets(Encrypted(scheme, password, pkcs8))});
  return der::Sequence({der::Oid("1.2.840.113549.1.12.10.1.2"), der::Context0({sealed}), attributes});
}

Value FileUnder(const Scheme& scheme, const testing::TestIdentity& identity, const std::string& password) {
  const Value key_bag = ShroudedKeyBag(scheme, identity.private_key, password);
  const Value safe = Encrypted(scheme, password, der::Sequence({der::CertificateBag(identity.certificate)}));
  const Value info =
      der::Sequence({der::Oid("1.2.840.113549.1.7.1"), Algorithm(scheme), der::Tlv(0x80, {safe})});
  const Value encrypted = der::Sequence(
      {der::Oid("1.2.840.113549.1.7.6"), der::Context0({der::Sequence({der::Integer(0), info})})});
  return der::Pfx(der::Sequence({der::SafeContents({key_bag}), encrypted}));
}

}  // namespace signet
