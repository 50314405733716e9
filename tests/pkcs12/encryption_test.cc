// Every way of encrypting that a file may name, with OpenSSL's own primitives on the other side.
#include "base/openssl_ptr.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/scheme.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace signet {
namespace {

class Pbes2 : public FileFixture, public ::testing::WithParamInterface<Scheme> {};

TEST_P(Pbes2, KeyAndSafeOpenWithThePasswordAndWithNoOther) {
  const Scheme& scheme = GetParam();
  if (OpenSslPtr<EVP_CIPHER>(EVP_CIPHER_fetch(Theirs(), scheme.cipher.c_str(), nullptr)) == nullptr)
    GTEST_SKIP() << "this OpenSSL does not support " << scheme.cipher;
  const auto alice = pki_.Issue({});
  Write(FileUnder(scheme, alice, "secret"));
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
