#include "selection/prepared_request.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/signature_schemes.h"
#include "selection/certificate_facts.h"

#include <algorithm>

namespace signet {
namespace {

constexpr SchemeBits kAllSchemes = ~SchemeBits{0};
constexpr const char* kAnyPurpose = "2.5.29.37.0";
constexpr const char* kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr const char* kServerAuth = "1.3.6.1.5.5.7.3.1";

SchemeBits BitsOrAll(const std::vector<SignatureScheme>& schemes) {
  SchemeBits bits = 0;
  for (const SignatureScheme scheme : schemes) bits |= BitOf(scheme);
  return schemes.empty() ? kAllSchemes : bits;
}

// KeyUsageBits reads the DER BIT STRING in the order of X509_get_key_usage.
std::optional<std::uint32_t> KeyUsageBits(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<ASN1_BIT_STRING> bits(
      d2i_ASN1_BIT_STRING(nullptr, &position, static_cast<long>(der.size())));
  if (bits == nullptr) return std::nullopt;
  std::uint32_t value = 0;
  for (int i = 0; i < std::min(ASN1_STRING_length(bits.get()), 2); ++i) {
    value |= static_cast<std::uint32_t>(ASN1_STRING_get0_data(bits.get())[i]) << (8 * i);
  }
  return value;
}

std::optional<std::vector<std::string>> PurposeOids(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<EXTENDED_KEY_USAGE> usage(
      d2i_EXTENDED_KEY_USAGE(nullptr, &position, static_cast<long>(der.size())));
  if (usage == nullptr) return std::nullopt;
  return OidsIn(*usage);
}

}  // namespace

PreparedRequest::PreparedRequest(const CertificateRequest& request, const SelectionPolicy& policy,
                                 TimePoint now, const IdentityIndex& index)
    : tls13(IsTls13(request.protocol_version)), prefer_hardware(policy.prefer_hardware) {
  PrepareSchemes(request, policy);
  const bool any_type = tls13 || request.certificate_types.empty();
  for (const std::uint8_t type : request.certificate_types) certificate_types.set(type);
  if (any_type) certificate_types.set();

  any_authority = request.authorities.empty();
  accepted.resize(index.name_count());
  for (const auto& authority : request.authorities) {
    const std::uint32_t number = index.NameNumber(authority);
    if (number != Interner::kUnknown) accepted[number] = true;
  }
  const bool client = request.role == CertificateRequest::Role::kClient;
  own_purpose = index.PurposeNumber(client ? kClientAuth : kServerAuth);
  any_purpose = index.PurposeNumber(kAnyPurpose);
  if (!client) PrepareHost(request, index);
  if (tls13) {
    for (const auto& filter : request.oid_filters) PrepareFilter(filter, index);
  }
  not_before_limit = (now + policy.clock_skew).time_since_epoch().count();
  not_after_limit = (now - policy.clock_skew).time_since_epoch().count();
}

void PreparedRequest::PrepareSchemes(const CertificateRequest& request, const SelectionPolicy& policy) {
  version_schemes = VersionBits(request.protocol_version);
  stack_schemes = BitsOrAll(policy.stack_schemes);
  peer_schemes = BitsOrAll(request.schemes);
  scheme_order = request.schemes;
  if (scheme_order.empty()) {
    for (const SchemeRow& row : SignatureSchemes()) scheme_order.push_back(row.scheme);
  }
  for (const SignatureScheme scheme : scheme_order) scheme_bits.push_back(BitOf(scheme));
}

void PreparedRequest::PrepareHost(const CertificateRequest& request, const IdentityIndex& index) {
  std::string name = request.host;
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return;
  wants_host = true;
  host = index.HostNumber(name);
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0) return;
  std::string wildcard = "*";
  wildcard.append(name, dot);
  host_wildcard = index.HostNumber(wildcard);
}

void PreparedRequest::PrepareFilter(const CertificateRequest::OidFilter& filter, const IdentityIndex& index) {
  if (filter.oid == kKeyUsageOid) {
    filter_wants_usage = true;
    const auto bits = filter.values.empty() ? std::optional<std::uint32_t>(0) : KeyUsageBits(filter.values);
    filter_usage |= bits.value_or(0);
    filter_matches_nobody |= !bits;
  } else if (filter.oid == kExtendedKeyUsageOid) {
    filter_wants_purposes = true;
    const auto oids = filter.values.empty() ? std::optional<std::vector<std::string>>(std::in_place)
                                            : PurposeOids(filter.values);
    filter_matches_nobody |= !oids;
    for (const std::string& oid : oids.value_or(std::vector<std::string>{})) {
      filter_purposes.push_back(index.PurposeNumber(oid));
    }
  }
}

}  // namespace signet
