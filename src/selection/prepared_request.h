#pragma once

#include "base/openssl_ptr.h"
#include "selection/candidates.h"
#include <signet/identity_selector.h>

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

namespace signet::inline selection {

// PreparedRequest is a request and a policy, read once for all identities of a set.
struct PreparedRequest {
  PreparedRequest(const CertificateRequest& request, const SelectionPolicy& policy, TimePoint now);

  // AcceptsIssuerOf tells whether one of the authorities issued `certificate`, by OpenSSL's own comparison of
  // names (RFC 5280 section 7.1, letters of ASCII).
  bool AcceptsIssuerOf(const Certificate& certificate) const;

  bool tls13;
  SchemeBits version_schemes;  // the protocol version's
  SchemeBits stack_schemes;
  SchemeBits peer_schemes;
  std::vector<SignatureScheme> scheme_order;  // the peer's, or ours where it states none
  std::vector<SchemeBits> scheme_bits;        // the same as bits
  std::bitset<256> certificate_types;
  bool any_authority;
  bool client;
  std::string host;                // in lower case; empty: none
  std::string host_wildcard;       // *.rest
  std::uint32_t filter_usage = 0;  // oid_filters
  bool filter_wants_usage = false;
  std::vector<std::string> filter_purposes;
  bool filter_wants_purposes = false;
  bool filter_matches_nobody = false;
  TimePoint not_before_limit;  // now, and as much later as the clocks may differ
  TimePoint not_after_limit;
  bool prefer_hardware;

 private:
  void PrepareSchemes(const CertificateRequest& request, const SelectionPolicy& policy);
  void PrepareHost(const CertificateRequest& request);
  void PrepareFilter(const CertificateRequest::OidFilter& filter);

  std::vector<OpenSslPtr<X509_NAME>> authorities_;  // in the order of X509_NAME_cmp
};

// OID filters that we know (RFC 8446 section 4.2.5).
inline constexpr const char* kKeyUsageOid = "2.5.29.15";
inline constexpr const char* kExtendedKeyUsageOid = "2.5.29.37";

}  // namespace signet::inline selection
