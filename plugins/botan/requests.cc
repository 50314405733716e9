#include "botan/requests.h"

#include <botan/ber_dec.h>

namespace signet::botan {
namespace {

struct CertificateTypeRow {
  std::string_view name;  // Botan's
  std::uint8_t code;      // ClientCertificateType, RFC 5246 section 7.4.4
};

constexpr CertificateTypeRow kCertificateTypes[] = {
    {.name = "RSA", .code = 1},
    {.name = "DSA", .code = 2},
    {.name = "ECDSA", .code = 64},
};

ByteVector CertificateTypesOf(const Strings& names) {
  ByteVector codes;
  for (const std::string& name : names) {
    for (const CertificateTypeRow& row : kCertificateTypes) {
      if (row.name == name) codes.push_back(row.code);
    }
  }
  return codes;
}

// Take splits a vector with a length of `width` bytes off `data`; nothing if it is cut short.
std::optional<Bytes> Take(Bytes& data, std::size_t width) {
  if (data.size() < width) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < width; ++i) size = size << 8 | data[i];
  if (data.size() - width < size) return std::nullopt;
  const Bytes taken = data.subspan(width, size);
  data = data.subspan(width + size);
  return taken;
}

// OidFiltersOf reads oid_filters (RFC 8446 section 4.2.5); what is malformed ends the list.
std::vector<CertificateRequest::OidFilter> OidFiltersOf(Bytes extension) {
  std::vector<CertificateRequest::OidFilter> filters;
  std::optional<Bytes> list = Take(extension, 2);
  while (list && !list->empty()) {
    const std::optional<Bytes> oid = Take(*list, 1);
    const std::optional<Bytes> values = oid ? Take(*list, 2) : std::nullopt;
    if (!values) break;
    try {
      Botan::OID dotted;
      Botan::BER_Decoder(oid->data(), oid->size()).decode(dotted);
      filters.push_back({.oid = dotted.to_string(), .values = {values->begin(), values->end()}});
    } catch (const Botan::Exception&) {
      break;
    }
  }
  return filters;
}

}  // namespace

std::vector<ByteVector> AuthoritiesOf(const Names& names) {
  std::vector<ByteVector> authorities;
  for (const Botan::X509_DN& name : names) authorities.push_back(name.BER_encode());
  return authorities;
}

CertificateRequest RequestOf(const PeerWish& wish) {
  return {.protocol_version = wish.version,
          .role = wish.role,
          .authorities = AuthoritiesOf(wish.authorities),
          .schemes = wish.schemes,
          .certificate_schemes = wish.certificate_schemes,
          .certificate_types = CertificateTypesOf(wish.certificate_types),
          .oid_filters = OidFiltersOf(wish.oid_filters),
          .host = wish.host};
}

CertificateRequest GuessedRequest(CertificateRequest::Role role, const Question& question) {
  const bool types = question.version < 0x0304 && role == CertificateRequest::Role::kClient;
  return {.protocol_version = question.version,
          .role = role,
          .authorities = AuthoritiesOf(question.authorities),
          .schemes = question.schemes,
          .certificate_schemes = {},
          .certificate_types = types ? CertificateTypesOf(question.key_types) : ByteVector{},
          .oid_filters = {},
          .host = question.context};
}

}  // namespace signet::botan
