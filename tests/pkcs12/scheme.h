#pragma once

#include "pkcs12/der.h"
#include <signet/testing/test_pki.h>

#include <cstddef>
#include <ostream>
#include <string>

#include <openssl/types.h>

namespace signet {

// Theirs is a library context of the tests' own that has all algorithms, old ones included.
OSSL_LIB_CTX* Theirs();

// Scheme is one way of PBES2 (RFC 8018 section 6.2), done with OpenSSL's own primitives.
struct Scheme {
  std::string name;
  std::string cipher_oid;
  std::string cipher;  // OpenSSL's name or the OID
  std::size_t key_size;
  der::Value cipher_parameters;
  std::size_t iv_size = 16;
  std::string prf_oid = "1.2.840.113549.2.9";
  std::string prf = "SHA256";
  bool scrypt = false;
  bool says_key_size = false;
  std::size_t tag_size = 0;  // of an AEAD, written behind the ciphertext
};
void PrintTo(const Scheme& scheme, std::ostream* out);

// Iv is the IV or nonce that all of it uses.
der::Value Iv(std::size_t size);
// Encrypted encrypts under `password`; fails the test where OpenSSL does.
der::Value Encrypted(const Scheme& scheme, const std::string& password, const der::Value& plain);
// Algorithm is the AlgorithmIdentifier of `scheme`.
der::Value Algorithm(const Scheme& scheme);
// Mac is a MacData (RFC 7292 section 4) over `content` with the digest `oid`, by OpenSSL's derivation and
// HMAC, under a password that is a BMPString with two zero bytes; nothing for a digest without HMAC.
der::Value Mac(const std::string& oid, der::Value password, const der::Value& content);
// ShroudedKeyBag is a bag with the encrypted key; `attributes` may be empty.
der::Value ShroudedKeyBag(const Scheme& scheme, const der::Value& pkcs8, const std::string& password,
                          const der::Value& attributes = {});
// FileUnder is a file without MAC whose key and whose safe of one certificate are encrypted under `password`.
der::Value FileUnder(const Scheme& scheme, const testing::TestIdentity& identity,
                     const std::string& password);

}  // namespace signet
