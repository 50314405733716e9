#pragma once

#include "pkcs12/bags.h"
#include "pkcs12/cost_meter.h"
#include "pkcs12/file_key.h"
#include "pkcs12/integrity.h"
#include "pkcs12/password.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace signet::inline pkcs12 {

struct StoredKey {
  std::shared_ptr<FileKey> key;
  BagAttributes attributes;
  std::size_t place = 0;  // among the file's keys
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
  std::vector<BagAttributes> locked;  // of keys that were not decrypted
  std::vector<Error> problems;
  std::size_t keys_seen = 0;       // readable or not
  bool sealed_for_others = false;  // a part that is encrypted for a certificate was ignored
};

// AskForms gives the encodings of a password from the prompt; it throws if there is none.
using AskForms = std::function<std::vector<Password>()>;

// ChooseKeys tells of the keys of a file, by all that is known of them before they are decrypted, which are
// wanted.
using ChooseKeys = std::function<std::vector<bool>(const Bags&)>;

// Container is a PKCS#12 file (RFC 7292). It checks the MAC, if there is one, before it decrypts anything,
// and derives no key before the sum of what is asked for so far is within the limit.
class Container {
 public:
  // Container reads all that is not encrypted; throws Error kMalformed, kUnsupported, kTooCostly. `file` must
  // outlive it.
  Container(Bytes file, CostMeter cost);

  // protected_by_password tells whether a password means anything for this file.
  bool protected_by_password() const noexcept;
  // Open reads the file with the first of `forms` that it agrees with, or of what `ask` gives where it agrees
  // with none. Encrypted keys that `choose` does not want stay locked; where it wants none, all are
  // decrypted. Throws Error kWrongPassword. It is called once.
  Contents Open(std::vector<Password> forms, AskForms ask = {}, const ChooseKeys& choose = {});
  // Unlock decrypts the keys that Open left out. `contents` is what Open gave.
  void Unlock(Contents& contents);

 private:
  struct EncryptedSafe {
    Encryption encryption;
    BerOctets ciphertext;
  };

  void ReadSafe(BerReader content_info);
  void ReadEncryptedSafe(BerReader content);
  // Settle finds the password of the file by `try_one`, which is asked for each spelling once.
  template <class Try>
  void Settle(bool utf8, Attempts attempts, Try try_one);
  // Decrypted settles the password where nothing did before.
  Secret Decrypted(const Encryption& encryption, Bytes ciphertext);
  Secret DecryptedWithSettled(const Encryption& encryption, Bytes ciphertext);
  std::vector<bool> Wanted(const ChooseKeys& choose) const;
  // ReadKeys decrypts the keys that are `wanted` and were not read yet, after all of them are charged.
  void ReadKeys(const std::vector<bool>& wanted, Contents& contents);
  void ReadKey(std::size_t place, Contents& contents);

  CostMeter cost_;
  BerOctets authenticated_;
  std::optional<Integrity> integrity_;
  std::vector<BerOctets> safes_;
  std::vector<EncryptedSafe> encrypted_safes_;
  Bags bags_;
  std::vector<Secret> decrypted_;  // safes
  std::vector<bool> read_;         // keys
  std::vector<Error> problems_;
  bool sealed_for_others_ = false;
  std::vector<Password> forms_;
  AskForms ask_;
  const Password* password_ = nullptr;  // one of `forms_`, once it is settled
};

}  // namespace signet::inline pkcs12
