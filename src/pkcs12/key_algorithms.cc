#include "pkcs12/key_algorithms.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace signet::inline pkcs12 {

std::string_view NeverSigns(std::string_view oid) noexcept {
  static constexpr std::pair<std::string_view, std::string_view> kRows[] = {
      {"1.2.840.113549.1.1.7", "RSAES-OAEP"},
      {"1.2.840.113549.1.3.1", "Diffie-Hellman"},
      {"1.2.840.10046.2.1", "Diffie-Hellman"},
      {"1.3.132.1.12", "ECDH"},
      {"1.3.132.1.13", "ECMQV"},
      {"1.3.101.110", "X25519"},
      {"1.3.101.111", "X448"},
      {"2.16.840.1.101.3.4.4.1", "ML-KEM-512"},
      {"2.16.840.1.101.3.4.4.2", "ML-KEM-768"},
      {"2.16.840.1.101.3.4.4.3", "ML-KEM-1024"},
  };
  const auto* row = std::ranges::find(kRows, oid, &std::pair<std::string_view, std::string_view>::first);
  return row != std::end(kRows) ? row->second : std::string_view();
}

PublicKeyInfo PublicKeyInfo::Read(Bytes spki) {
  BerReader fields = BerReader(spki).Enter(BerTag::kSequence, "a public key");
  PublicKeyInfo info;
  info.algorithm =
      fields.Enter(BerTag::kSequence, "a public key's algorithm").Oid("a public key's algorithm");
  info.key = fields.Next("a public key").whole;
  return info;
}

}  // namespace signet::inline pkcs12
