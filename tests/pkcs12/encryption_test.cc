// Every way of encrypting that a file may name, with OpenSSL's own primitives on the other side.
#include "base/openssl_ptr.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

namespace signet {
namespace {

using der::Value;

// Theirs is a library context of the test's own that has all algorithms, old ones included.
OSSL_LIB_CTX* Theirs() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_load(made, "default");
    OSSL_PROVIDER_load(made, "legacy");
    return made;
  }();
  return context;
}

const Value kSalt{1, 2, 3, 4, 5, 6, 7, 8};
constexpr std::uint64_t kIterations = 3;

struct Scheme {
  const char* name;
  const char* cipher_oid;
  const char* cipher;
  std::size_t key_size;
  Value cipher_parameters;
  std::size_t iv_size = 16;
  const char* prf_oid = "1.2.840.113549.2.9";
  const char* prf = "SHA256";
  bool scrypt = false;
  bool says_key_size = false;
};
void PrintTo(const Scheme& scheme, std::ostream* out) { *out << scheme.name; }

Value Iv(std::size_t size) { return Value(size, 0x77); }

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
    params.insert(params.end(),
                  {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(scheme.prf), 0),
                   OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
                   OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &weak)});
  }
  params.push_back(OSSL_PARAM_construct_end());
  Value key(scheme.key_size);
  EXPECT_EQ(EVP_KDF_derive(run.get(), key.data(), key.size(), params.data()), 1);
  return key;
}

Value Encrypted(const Scheme& scheme, const Value& key, const Value& plain) {
  const OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(Theirs(), scheme.cipher, nullptr));
  const OpenSslPtr<EVP_CIPHER_CTX> run(EVP_CIPHER_CTX_new());
  EXPECT_EQ(EVP_EncryptInit_ex2(run.get(), cipher.get(), nullptr, nullptr, nullptr), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_set_key_length(run.get(), static_cast<int>(key.size())), 1);
  std::size_t bits = key.size() * 8;
  if (std::string_view(scheme.cipher) == "RC2-CBC") {
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_RC2_KEYBITS, &bits),
                                 OSSL_PARAM_construct_end()};
    EXPECT_EQ(EVP_CIPHER_CTX_set_params(run.get(), params), 1);
  }
  EXPECT_EQ(EVP_EncryptInit_ex2(run.get(), nullptr, key.data(), Iv(scheme.iv_size).data(), nullptr), 1);
  Value out(plain.size() + 32);
  int size = 0;
  int rest = 0;
  EXPECT_EQ(EVP_EncryptUpdate(run.get(), out.data(), &size, plain.data(), static_cast<int>(plain.size())), 1);
  EXPECT_EQ(EVP_EncryptFinal_ex(run.get(), out.data() + size, &rest), 1);
  out.resize(static_cast<std::size_t>(size + rest));
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
                                          der::Sequence({der::Oid(scheme.prf_oid), der::Null()})})});
  const Value cipher = der::Sequence({der::Oid(scheme.cipher_oid), scheme.cipher_parameters});
  return der::Sequence({der::Oid("1.2.840.113549.1.5.13"), der::Sequence({kdf, cipher})});
}

class Pbes2 : public FileFixture, public ::testing::WithParamInterface<Scheme> {};

TEST_P(Pbes2, KeyAndSafeOpenWithThePasswordAndWithNoOther) {
  const Scheme& scheme = GetParam();
  if (OpenSslPtr<EVP_CIPHER>(EVP_CIPHER_fetch(Theirs(), scheme.cipher, nullptr)) == nullptr)
    GTEST_SKIP() << "this OpenSSL has no " << scheme.cipher;
  const auto alice = pki_.Issue({});
  const Value key = Derived(scheme, "secret");
  const Value sealed =
      der::Sequence({Algorithm(scheme), der::Octets(Encrypted(scheme, key, alice.private_key))});
  const Value key_bag = der::Sequence({der::Oid("1.2.840.113549.1.12.10.1.2"), der::Context0({sealed})});
  const Value safe = Encrypted(scheme, key, der::Sequence({der::CertificateBag(alice.certificate)}));
  const Value info =
      der::Sequence({der::Oid("1.2.840.113549.1.7.1"), Algorithm(scheme), der::Tlv(0x80, {safe})});
  const Value encrypted = der::Sequence(
      {der::Oid("1.2.840.113549.1.7.6"), der::Context0({der::Sequence({der::Integer(0), info})})});
  Write(der::Pfx(der::Sequence({der::SafeContents({key_bag}), encrypted})));
  EXPECT_EQ(One().leaf(), alice.certificate);
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
}

Scheme Cipher(const char* name, const char* oid, std::size_t key_size, std::size_t iv_size = 16) {
  return {.name = name,
          .cipher_oid = oid,
          .cipher = name,
          .key_size = key_size,
          .cipher_parameters = der::Octets(Iv(iv_size)),
          .iv_size = iv_size};
}

Scheme Prf(const char* digest, const char* oid) {
  Scheme scheme = Cipher("AES-256-CBC", "2.16.840.1.101.3.4.1.42", 32);
  scheme.name = scheme.prf = digest;
  scheme.prf_oid = oid;
  return scheme;
}

Scheme Rc2(const char* name, std::size_t key_size, std::uint64_t version) {
  return {.name = name,
          .cipher_oid = "1.2.840.113549.3.2",
          .cipher = "RC2-CBC",
          .key_size = key_size,
          .cipher_parameters = der::Sequence({der::Integer(version), der::Octets(Iv(8))}),
          .iv_size = 8,
          .says_key_size = true};
}

Scheme Cast5(const char* name, std::size_t key_size) {
  return {.name = name,
          .cipher_oid = "1.2.840.113533.7.66.10",
          .cipher = "CAST5-CBC",
          .key_size = key_size,
          .cipher_parameters = der::Sequence({der::Octets(Iv(8)), der::Integer(key_size * 8)}),
          .iv_size = 8};
}

Scheme SaysItsKeySize(Scheme scheme, const char* name) {
  scheme.name = name;
  scheme.says_key_size = true;
  return scheme;
}

Scheme Scrypt(const char* name, bool says_key_size) {
  Scheme scheme = Cipher("AES-256-CBC", "2.16.840.1.101.3.4.1.42", 32);
  scheme.name = name;
  scheme.scrypt = true;
  scheme.says_key_size = says_key_size;
  return scheme;
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, Pbes2,
    ::testing::Values(Cipher("AES-128-CBC", "2.16.840.1.101.3.4.1.2", 16),
                      Cipher("AES-192-CBC", "2.16.840.1.101.3.4.1.22", 24),
                      Cipher("AES-256-CBC", "2.16.840.1.101.3.4.1.42", 32),
                      Cipher("DES-EDE3-CBC", "1.2.840.113549.3.7", 24, 8),
                      Cipher("CAMELLIA-128-CBC", "1.2.392.200011.61.1.1.1.2", 16),
                      Cipher("CAMELLIA-192-CBC", "1.2.392.200011.61.1.1.1.3", 24),
                      Cipher("CAMELLIA-256-CBC", "1.2.392.200011.61.1.1.1.4", 32),
                      Cipher("ARIA-128-CBC", "1.2.410.200046.1.1.2", 16),
                      Cipher("ARIA-192-CBC", "1.2.410.200046.1.1.7", 24),
                      Cipher("ARIA-256-CBC", "1.2.410.200046.1.1.12", 32),
                      Cipher("SM4-CBC", "1.2.156.10197.1.104.2", 16),
                      Cipher("SEED-CBC", "1.2.410.200004.1.4", 16), Cipher("DES-CBC", "1.3.14.3.2.7", 8, 8),
                      Cipher("IDEA-CBC", "1.3.6.1.4.1.188.7.1.1.2", 16, 8),
                      Cipher("BF-CBC", "1.3.6.1.4.1.3029.1.2", 16, 8),
                      SaysItsKeySize(Cipher("BF-CBC", "1.3.6.1.4.1.3029.1.2", 24, 8), "Blowfish192"),
                      SaysItsKeySize(Cipher("AES-256-CBC", "2.16.840.1.101.3.4.1.42", 32), "KeySizeSaid"),
                      Rc2("RC2-40", 5, 160), Rc2("RC2-64", 8, 120), Rc2("RC2-128", 16, 58),
                      Rc2("RC2-256", 32, 256), Cast5("CAST5-40", 5), Cast5("CAST5-128", 16),
                      Scrypt("scrypt", false), Scrypt("scryptKeySizeSaid", true)),
    [](const auto& row) {
      std::string name = row.param.name;
      std::erase(name, '-');
      return name;
    });

INSTANTIATE_TEST_SUITE_P(
    Prfs, Pbes2,
    ::testing::Values(Prf("SHA1", "1.2.840.113549.2.7"), Prf("SHA224", "1.2.840.113549.2.8"),
                      Prf("SHA256", "1.2.840.113549.2.9"), Prf("SHA384", "1.2.840.113549.2.10"),
                      Prf("SHA512", "1.2.840.113549.2.11"), Prf("SHA512-224", "1.2.840.113549.2.12"),
                      Prf("SHA512-256", "1.2.840.113549.2.13"), Prf("SHA3-224", "2.16.840.1.101.3.4.2.13"),
                      Prf("SHA3-256", "2.16.840.1.101.3.4.2.14"), Prf("SHA3-384", "2.16.840.1.101.3.4.2.15"),
                      Prf("SHA3-512", "2.16.840.1.101.3.4.2.16"), Prf("MD5", "1.2.840.113549.2.6"),
                      Prf("SM3", "1.2.156.10197.1.401.2")),
    [](const auto& row) {
      std::string name = row.param.name;
      std::erase(name, '-');
      return name;
    });

}  // namespace
}  // namespace signet
