#pragma once

#include "pkcs12/ber.h"
#include "pkcs12/encryption.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs12 {

// BagAttributes are the two attributes of a SafeBag that people use (RFC 7292 section 4.2).
struct BagAttributes {
  std::optional<std::string> friendly_name;  // UTF-8
  std::optional<std::vector<std::uint8_t>> local_key_id;
};

struct KeyBag {
  std::optional<Encryption> encryption;  // absent: `value` is the PrivateKeyInfo itself
  BerOctets value;
  BagAttributes attributes;
};

struct CertificateBag {
  BerOctets der;
  BagAttributes attributes;
};

// Bags is what one or more SafeContents hold; their values view the bytes that they were read from.
struct Bags {
  std::vector<KeyBag> keys;
  std::vector<CertificateBag> certificates;
  std::vector<Error> unsupported;  // keys under an encryption that we do not know
  std::size_t seen = 0;            // bags of every kind
};

// ReadBags appends what a SafeContents holds; CRLs, secrets and unknown bags are ignored. Throws Error
// kMalformed, or kTooCostly for more than 1000 bags or 100 keys.
void ReadBags(Bytes safe_contents, Bags& bags);

}  // namespace signet::inline pkcs12
