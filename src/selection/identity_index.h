#pragma once

#include "identity/certificate_usage.h"
#include <signet/identity.h>
#include <signet/signature_scheme.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace signet {

// SchemeBits is a set of signature schemes: bit i stands for SignatureSchemes()[i].
using SchemeBits = std::uint32_t;

// BitOf gives the bit of `scheme`, none for one that is not in the table.
SchemeBits BitOf(SignatureScheme scheme) noexcept;
// VersionBits gives the schemes that a CertificateVerify of this protocol version may carry.
SchemeBits VersionBits(std::uint16_t protocol_version) noexcept;
// IsTls13 holds for TLS 1.3 and DTLS 1.3.
bool IsTls13(std::uint16_t protocol_version) noexcept;

// PathFacts is one way from a leaf towards a root.
struct PathFacts {
  std::vector<std::uint32_t> issuers;  // numbers of the issuer names, the leaf's first
  std::int64_t not_before = 0;         // from when and until when all issuers are valid; TimePoint's ticks
  std::int64_t not_after = 0;
};

// IndexRow is what judging and ranking one identity need.
struct IndexRow {
  std::int64_t not_before = 0;  // TimePoint's ticks
  std::int64_t not_after = 0;
  std::vector<PathFacts> paths;       // as CertificateChain::paths()
  std::vector<std::string> hosts;     // dNSNames in lower case
  std::vector<std::string> purposes;  // OIDs of the extended key usage
  std::vector<UsageFault> client_faults, server_faults;
  SchemeBits tls12 = 0;  // what the key can sign
  SchemeBits tls13 = 0;
  std::uint32_t key_usage = 0;  // as X509_get_key_usage: UINT32_MAX where the extension is absent
  bool has_purposes = false;    // an extended key usage extension is there
  bool hardware = false;
  bool key_matches = true;
  std::uint8_t certificate_type = 0;  // ClientCertificateType that covers the key (RFC 5246 section 7.4.4)
};

// IdentityIndex is the identities of a set, read once.
class IdentityIndex {
 public:
  explicit IdentityIndex(std::vector<Identity> identities);

  const std::vector<Identity>& identities() const noexcept { return identities_; }
  const std::vector<IndexRow>& rows() const noexcept { return rows_; }
  // issuer_names are the different ones of all paths, one certificate each that bears it as its issuer.
  const std::vector<Certificate>& issuer_names() const noexcept { return issuer_names_; }

 private:
  IndexRow Read(const Identity& identity);
  PathFacts ReadPath(const std::vector<Certificate>& path);

  std::vector<Identity> identities_;
  std::vector<IndexRow> rows_;
  std::vector<Certificate> issuer_names_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;  // by the bytes in issuer_names_
};

}  // namespace signet
