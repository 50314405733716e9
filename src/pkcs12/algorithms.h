#pragma once

#include "base/openssl_ptr.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace signet::inline pkcs12 {

// Every algorithm comes from OpenSSL by its OID: from the default provider, else from the legacy module,
// which is loaded then. The finders throw Error kUnsupported, which says that `what` uses the algorithm,
// where neither has it.

// Digest is a hash, by itself (RFC 7292 MAC) or as an HMAC (PBKDF2, PBMAC1).
struct Digest {
  std::string name;       // OpenSSL's
  std::size_t size;       // bytes
  OSSL_LIB_CTX* context;  // that has it
};

// Cipher is a cipher of PBES2, or of one of the older schemes.
struct Cipher {
  enum class Parameters { kNone, kIv, kRc2, kCast5, kAead };
  std::string name;  // OpenSSL's
  OpenSslPtr<EVP_CIPHER> evp;
  std::size_t key_size;
  std::size_t iv_size;  // kAead: of a usual nonce
  int mode;             // EVP_CIPH_..._MODE
  Parameters parameters;

  // HasKeysOf tells whether a key may have `size` bytes.
  bool HasKeysOf(std::size_t size) const;
};

// Pbes1 is a scheme of RFC 7292 appendix C (kPkcs12) or of RFC 8018 section 6.1 (kPbkdf1), which fix the hash
// and the cipher.
struct Pbes1 {
  enum class Derivation { kPkcs12, kPbkdf1 };
  Derivation derivation;
  Digest digest;
  Cipher cipher;
};

Digest FindDigest(std::string_view what, const std::string& oid);
// FindHmac takes the OID of an HMAC and gives its hash.
Digest FindHmac(std::string_view what, const std::string& oid);
// FindCipher also throws kUnsupported for a mode that no file can be encrypted in (XTS, key wrap).
Cipher FindCipher(std::string_view what, const std::string& oid);
// FindPbes1 gives nothing for an OID that is no such scheme.
std::optional<Pbes1> FindPbes1(std::string_view what, const std::string& oid);

// ThrowUnsupported throws Error kUnsupported: `what` uses the algorithm `oid`, named as OpenSSL names it.
[[noreturn]] void ThrowUnsupported(std::string_view what, const std::string& oid);

}  // namespace signet::inline pkcs12
