#pragma once

#include "identity/certificate_usage.h"
#include <signet/identity.h>
#include <signet/signature_scheme.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace signet::inline selection {

// SchemeBits is a set of signature schemes: bit i represents SignatureSchemes()[i].
using SchemeBits = std::uint32_t;

// BitOf gives the bit of `scheme`, none for one that is not in the table.
SchemeBits BitOf(SignatureScheme scheme) noexcept;
// VersionBits gives the schemes that a CertificateVerify of this protocol version may carry.
SchemeBits VersionBits(std::uint16_t protocol_version) noexcept;
// IsTls13 is true for TLS 1.3 and DTLS 1.3.
bool IsTls13(std::uint16_t protocol_version) noexcept;

// Candidate is what judging and ranking one identity need, beside its certificates.
struct Candidate {
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

// Candidates are the identities of a set, each read once.
class Candidates {
 public:
  explicit Candidates(std::vector<Identity> identities);

  const std::vector<Identity>& identities() const noexcept { return identities_; }
  // rows has one for each of identities(), in the same order.
  const std::vector<Candidate>& rows() const noexcept { return rows_; }

 private:
  std::vector<Identity> identities_;
  std::vector<Candidate> rows_;
};

}  // namespace signet::inline selection
