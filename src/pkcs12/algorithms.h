#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace signet {

// DigestRow is one hash that a PKCS#12 file can name, by itself (RFC 7292 MAC) or as an HMAC (PBKDF2,
// PBMAC1).
struct DigestRow {
  std::string_view oid;
  std::string_view hmac_oid;  // empty: has none
  const char* name;           // OpenSSL's
  std::size_t size;           // bytes
  bool legacy;                // lives in OpenSSL's legacy module
};

// CipherRow is one cipher of PBES2 (RFC 8018 appendix B.2), or of one of the older schemes (empty `oid`).
struct CipherRow {
  enum class Parameters { kIv, kRc2, kCast5 };
  std::string_view oid;
  const char* name;  // OpenSSL's
  std::size_t key_size;
  std::size_t iv_size;
  bool legacy;
  bool any_key_size;
  Parameters parameters;
};

// Pbes1Row is one scheme of RFC 7292 appendix C (kPkcs12) or of RFC 8018 section 6.1 (kPbkdf1), which fix the
// hash and the cipher.
struct Pbes1Row {
  enum class Derivation { kPkcs12, kPbkdf1 };
  std::string_view oid;
  const char* name;
  Derivation derivation;
  const DigestRow& digest;
  CipherRow cipher;
};

// The finders return null for an OID that is not in the table.
const DigestRow* FindDigest(std::string_view oid) noexcept;
const DigestRow* FindHmac(std::string_view oid) noexcept;
const CipherRow* FindCipher(std::string_view oid) noexcept;
const Pbes1Row* FindPbes1(std::string_view oid) noexcept;

// ContextFor gives the library context that has the algorithm: our own, or the legacy one, which it may make.
OSSL_LIB_CTX* ContextFor(bool legacy, std::string_view algorithm);

// ThrowUnsupported throws Error kUnsupported: `what` uses the algorithm `oid`, named as OpenSSL names it.
[[noreturn]] void ThrowUnsupported(std::string_view what, const std::string& oid);

}  // namespace signet
