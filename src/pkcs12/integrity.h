#pragma once

#include "pkcs12/algorithms.h"
#include "pkcs12/ber.h"
#include "pkcs12/cost_meter.h"
#include "pkcs12/encryption.h"
#include "pkcs12/password.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace signet::inline pkcs12 {

// Integrity is the MacData of a file (RFC 7292 section 4): an HMAC under a key of PKCS#12's own derivation,
// or PBMAC1 (RFC 9579). It is read, and its cost known, before anything is derived.
class Integrity {
 public:
  // Read throws Error kMalformed, also for a PBMAC1 key length that would let anybody forge the MAC, or
  // kUnsupported naming the algorithm.
  static Integrity Read(BerReader mac_data);

  // cost is that of one Agrees.
  Cost cost() const noexcept { return {iterations_, blocks_}; }
  // takes_utf8 tells whether the password goes in as UTF-8 rather than as a BMPString.
  bool takes_utf8() const noexcept { return prf_.has_value(); }
  // Agrees tells whether `password` gives the MAC that the file has over `content`.
  bool Agrees(const Password& password, Bytes content) const;

 private:
  void ReadPbmac1(BerReader parameters);

  Digest digest_;              // of the HMAC
  std::optional<Digest> prf_;  // PBMAC1's PBKDF2; nothing: PKCS#12's own derivation
  std::vector<std::uint8_t> salt_;
  std::uint64_t blocks_ = 1;  // of PBKDF2, each of which costs all iterations
  std::uint64_t iterations_ = 1;
  std::size_t key_size_ = 0;
  std::vector<std::uint8_t> value_;
};

}  // namespace signet::inline pkcs12
