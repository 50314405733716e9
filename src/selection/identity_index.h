#pragma once

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

// Interner gives each distinct text a number, from 0 on.
class Interner {
 public:
  static constexpr std::uint32_t kUnknown = 0xffffffff;
  std::uint32_t Add(std::string text);
  std::uint32_t Find(const std::string& text) const;
  std::size_t size() const noexcept { return numbers_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// Slice is a run in one of the index's arrays of numbers.
struct Slice {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

// IndexRow is all that judging and ranking one identity need, without touching it.
struct IndexRow {
  std::int64_t not_before = 0;  // TimePoint's ticks
  std::int64_t not_after = 0;
  std::uint64_t fingerprint = 0;  // the first eight bytes
  Slice issuers;                  // numbers of issuer names, leaf's first
  Slice hosts;                    // numbers of dNSNames
  Slice purposes;                 // numbers of extended key usage OIDs
  SchemeBits tls12 = 0;           // what the key can sign
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
  std::span<const std::uint32_t> issuers(const IndexRow& row) const {
    return In(issuer_numbers_, row.issuers);
  }
  std::span<const std::uint32_t> hosts(const IndexRow& row) const { return In(host_numbers_, row.hosts); }
  std::span<const std::uint32_t> purposes(const IndexRow& row) const {
    return In(purpose_numbers_, row.purposes);
  }

  // NameNumber finds a DER Name among the issuers: by its bytes, else by its normal form.
  std::uint32_t NameNumber(std::span<const std::uint8_t> der) const;
  std::size_t name_count() const noexcept { return names_.size(); }
  std::uint32_t HostNumber(const std::string& lower_case) const { return host_names_.Find(lower_case); }
  std::uint32_t PurposeNumber(const std::string& oid) const { return purpose_oids_.Find(oid); }

 private:
  static std::span<const std::uint32_t> In(const std::vector<std::uint32_t>& numbers, Slice slice) {
    return {numbers.data() + slice.begin, slice.size};
  }
  IndexRow Read(const Identity& identity);
  std::uint32_t AddName(std::span<const std::uint8_t> der);

  std::vector<Identity> identities_;
  std::vector<IndexRow> rows_;
  std::unordered_map<std::string_view, std::uint32_t>
      names_by_bytes_;  // views into the identities' certificates
  Interner names_;
  Interner host_names_;
  Interner purpose_oids_;
  std::vector<std::uint32_t> issuer_numbers_, host_numbers_, purpose_numbers_;
};

}  // namespace signet
