#include "selection/prepared_request.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/signature_schemes.h"
#include "selection/certificate_facts.h"

#include <algorithm>

namespace signet::inline selection {
namespace {

constexpr SchemeBits kAllSchemes = ~SchemeBits{0};
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

// Before is an order of names of any type.
constexpr auto Before = [](const auto& a, const auto& b) { return X509_NAME_cmp(&*a, &*b) < 0; };

// SortedNames leaves out what is no Name.
std::vector<OpenSslPtr<X509_NAME>> SortedNames(const std::vector<std::vector<std::uint8_t>>& authorities) {
  const OpenSslErrorMark mark;
  std::vector<OpenSslPtr<X509_NAME>> names;
  for (const auto& der : authorities) {
    const unsigned char* position = der.data();
    OpenSslPtr<X509_NAME> name(d2i_X509_NAME(nullptr, &position, static_cast<long>(der.size())));
    if (name != nullptr && position == der.data() + der.size()) names.push_back(std::move(name));
  }
  std::ranges::sort(names, Before);
  return names;
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
                                 TimePoint now)
    : tls13(IsTls13(request.protocol_version)),
      any_authority(request.authorities.empty()),
      not_before_limit(now + policy.clock_skew),
      not_after_limit(now - policy.clock_skew),
      prefer_hardware(policy.prefer_hardware),
      authorities_(SortedNames(request.authorities)) {
  PrepareSchemes(request, policy);
  const bool any_type = tls13 || request.certificate_types.empty();
  for (const std::uint8_t type : request.certificate_types) certificate_types.set(type);
  if (any_type) certificate_types.set();

  client = request.role == CertificateRequest::Role::kClient;
  if (!client) PrepareHost(request);
  if (tls13) {
    for (const auto& filter : request.oid_filters) PrepareFilter(filter);
  }
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

bool PreparedRequest::AcceptsIssuerOf(const Certificate& certificate) const {
  return any_authority || std::binary_search(authorities_.begin(), authorities_.end(),
                                             X509_get_issuer_name(certificate.native()), Before);
}

void PreparedRequest::PrepareHost(const CertificateRequest& request) {
  host = request.host;
  std::ranges::transform(host, host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (host.ends_with('.')) host.pop_back();
  const std::size_t dot = host.find('.');
  if (dot == std::string::npos || dot == 0) return;
  host_wildcard = host.substr(dot - 1);
  host_wildcard.front() = '*';
}

void PreparedRequest::PrepareFilter(const CertificateRequest::OidFilter& filter) {
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
    if (oids) filter_purposes.insert(filter_purposes.end(), oids->begin(), oids->end());
  }
}

}  // namespace signet::inline selection
