#pragma once

#include "pkcs12/bags.h"
#include "pkcs12/cost_meter.h"
#include "pkcs12/file_key.h"
#include "pkcs12/integrity.h"
#include "pkcs12/password.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace signet {

struct StoredKey {
  std::shared_ptr<FileKey> key;
  BagAttributes attributes;
};

struct StoredCertificate {
  Certificate certificate;
  BagAttributes attributes;
};

// Contents is what a file holds, in its order, each key once under one localKeyID; `problems` are what could
// not be read.
struct Contents {
  std::vector<StoredKey> keys;
  std::vector<StoredCertificate> certificates;
  std::vector<Error> problems;
  std::size_t keys_seen = 0;       // readable or not
  bool sealed_for_others = false;  // a part that is encrypted for a certificate was passed over
};

// Container is a PKCS#12 file (RFC 7292). It checks the MAC, where there is one, before it decrypts anything,
// and derives no key before the sum of what is asked for so far is within the limit.
class Container {
 public:
  // Container reads all that is not encrypted; throws Error kMalformed, kUnsupported, kTooCostly. `file` must
  // outlive it.
  Container(Bytes file, std::uint64_t max_iterations);

  // protected_by_password tells whether a password means anything for this file.
  bool protected_by_password() const noexcept;
  // Open reads all that is encrypted with the first of `forms` that the file agrees with; throws Error
  // kWrongPassword where it agrees with none.
  Contents Open(const std::vector<Password>& forms) &&;

 private:
  struct EncryptedSafe {
    Encryption encryption;
    BerOctets ciphertext;
  };

  void ReadSafe(BerReader content_info);
  void ReadEncryptedSafe(BerReader content);
  const Password* Agreeing(const std::vector<Password>& forms) const;
  // Decrypted settles `password` among `forms` where no MAC did.
  Secret Decrypted(const Encryption& encryption, Bytes ciphertext, const std::vector<Password>& forms,
                   const Password*& password) const;

  CostMeter cost_;
  BerOctets authenticated_;
  std::optional<Integrity> integrity_;
  std::vector<BerOctets> safes_;
  std::vector<EncryptedSafe> encrypted_safes_;
  Bags bags_;
  std::vector<Error> problems_;
  bool sealed_for_others_ = false;
};

}  // namespace signet
