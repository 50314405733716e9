#pragma once

#include "selection/identity_index.h"
#include <signet/identity_selector.h>

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

namespace signet {

// PreparedRequest is a request and a policy in the numbers of one index, so that a row is judged without
// looking at a text.
struct PreparedRequest {
  PreparedRequest(const CertificateRequest& request, const SelectionPolicy& policy, TimePoint now,
                  const IdentityIndex& index);

  bool tls13;
  SchemeBits version_schemes;  // the protocol version's
  SchemeBits stack_schemes;
  SchemeBits peer_schemes;
  std::vector<SignatureScheme> scheme_order;  // the peer's, or ours where it states none
  std::vector<SchemeBits> scheme_bits;        // the same as bits
  std::bitset<256> certificate_types;
  bool any_authority;
  std::vector<bool> accepted;  // by name number
  std::uint32_t own_purpose;   // clientAuth, or serverAuth
  std::uint32_t any_purpose;
  std::uint32_t host = Interner::kUnknown;
  std::uint32_t host_wildcard = Interner::kUnknown;  // *.rest
  bool wants_host = false;
  std::uint32_t filter_usage = 0;  // oid_filters
  bool filter_wants_usage = false;
  std::vector<std::uint32_t> filter_purposes;
  bool filter_wants_purposes = false;
  bool filter_matches_nobody = false;
  std::int64_t not_before_limit;  // now, and as much later as the clocks may differ
  std::int64_t not_after_limit;
  bool prefer_hardware;

 private:
  void PrepareSchemes(const CertificateRequest& request, const SelectionPolicy& policy);
  void PrepareHost(const CertificateRequest& request, const IdentityIndex& index);
  void PrepareFilter(const CertificateRequest::OidFilter& filter, const IdentityIndex& index);
};

// OID filters that we know (RFC 8446 section 4.2.5).
inline constexpr const char* kKeyUsageOid = "2.5.29.15";
inline constexpr const char* kExtendedKeyUsageOid = "2.5.29.37";

}  // namespace signet
