#include "handshake/messages.h"

#include "base/openssl_ptr.h"
#include "handshake/byte_reader.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>
#include <openssl/objects.h>

namespace signet::inline handshake {
namespace {

constexpr std::uint16_t kSignatureAlgorithms = 13;
constexpr std::uint16_t kSupportedVersions = 43;
constexpr std::uint16_t kCertificateAuthorities = 47;
constexpr std::uint16_t kOidFilters = 48;
constexpr std::uint16_t kSignatureAlgorithmsCert = 50;

// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
constexpr std::array<std::uint8_t, 32> kRetryRandom = {
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

struct TypeName {
  std::uint8_t type;
  std::string_view name;
};

constexpr TypeName kTypeNames[] = {
    {0, "HelloRequest"},      {1, "ClientHello"},        {2, "ServerHello"},
    {4, "NewSessionTicket"},  {5, "EndOfEarlyData"},     {8, "EncryptedExtensions"},
    {11, "Certificate"},      {12, "ServerKeyExchange"}, {13, "CertificateRequest"},
    {14, "ServerHelloDone"},  {15, "CertificateVerify"}, {16, "ClientKeyExchange"},
    {20, "Finished"},         {21, "CertificateUrl"},    {22, "CertificateStatus"},
    {23, "SupplementalData"}, {24, "KeyUpdate"},         {25, "CompressedCertificate"},
};

std::vector<Extension> ParseExtensions(ByteView bytes) {
  std::vector<Extension> extensions;
  ByteReader reader(bytes);
  while (!reader.empty()) {
    const auto type = static_cast<std::uint16_t>(reader.Number(2));
    extensions.push_back({type, reader.Vector(2)});
  }
  return extensions;
}

std::vector<SignatureScheme> ParseSchemes(ByteView bytes) {
  std::vector<SignatureScheme> schemes;
  ByteReader reader(bytes);
  while (!reader.empty()) schemes.push_back(static_cast<SignatureScheme>(reader.Number(2)));
  return schemes;
}

std::vector<Bytes> ParseAuthorities(ByteView bytes) {
  std::vector<Bytes> authorities;
  ByteReader reader(bytes);
  while (!reader.empty()) {
    const ByteView name = reader.Vector(2);
    authorities.emplace_back(name.begin(), name.end());
  }
  return authorities;
}

// DottedOid writes a DER OBJECT IDENTIFIER, tag included, in dots.
std::string DottedOid(ByteView der) {
  const unsigned char* position = der.data();
  const OpenSslPtr<ASN1_OBJECT> object(d2i_ASN1_OBJECT(nullptr, &position, static_cast<long>(der.size())));
  char text[256];
  if (object == nullptr || OBJ_obj2txt(text, sizeof text, object.get(), 1) <= 0) {
    throw Error({.code = ErrorCode::kMalformed, .detail = "an OID filter has no valid object identifier"});
  }
  return text;
}

CertificateRequest ParseRequest12(ByteView body) {
  CertificateRequest request{.protocol_version = kTls12};
  ByteReader reader(body);
  const ByteView types = reader.Vector(1);
  request.certificate_types.assign(types.begin(), types.end());
  request.schemes = ParseSchemes(reader.Vector(2));
  request.authorities = ParseAuthorities(reader.Vector(2));
  return request;
}

CertificateRequest ParseRequest13(ByteView body) {
  CertificateRequest request{.protocol_version = kTls13};
  ByteReader reader(body);
  reader.Vector(1);  // certificate_request_context
  for (const Extension& extension : ParseExtensions(reader.Vector(2))) {
    ByteReader value(extension.value);
    switch (extension.type) {
      case kSignatureAlgorithms:
        request.schemes = ParseSchemes(value.Vector(2));
        break;
      case kSignatureAlgorithmsCert:
        request.certificate_schemes = ParseSchemes(value.Vector(2));
        break;
      case kCertificateAuthorities:
        request.authorities = ParseAuthorities(value.Vector(2));
        break;
      case kOidFilters:
        request.oid_filters = ParseOidFilters(extension.value);
        break;
      default:
        break;
    }
  }
  return request;
}

}  // namespace

const Extension* Hello::Find(std::uint16_t type) const noexcept {
  const auto found = std::ranges::find(extensions, type, &Extension::type);
  return found != extensions.end() ? &*found : nullptr;
}

std::uint16_t Hello::version() const {
  const Extension* selected = Find(kSupportedVersions);
  return selected != nullptr ? static_cast<std::uint16_t>(ByteReader(selected->value).Number(2))
                             : legacy_version;
}

bool Hello::is_retry() const noexcept { return std::ranges::equal(random, kRetryRandom); }

Hello ParseClientHello(ByteView body) {
  ByteReader reader(body);
  Hello hello;
  hello.legacy_version = static_cast<std::uint16_t>(reader.Number(2));
  hello.random = reader.Bytes(32);
  hello.session_id = reader.Vector(1);
  ByteReader suites(reader.Vector(2));
  while (!suites.empty()) hello.suites.push_back(static_cast<std::uint16_t>(suites.Number(2)));
  reader.Vector(1);  // compression methods
  if (!reader.empty()) hello.extensions = ParseExtensions(reader.Vector(2));
  return hello;
}

Hello ParseServerHello(ByteView body) {
  ByteReader reader(body);
  Hello hello;
  hello.legacy_version = static_cast<std::uint16_t>(reader.Number(2));
  hello.random = reader.Bytes(32);
  hello.session_id = reader.Vector(1);
  hello.suites.push_back(static_cast<std::uint16_t>(reader.Number(2)));
  reader.Number(1);  // compression method
  if (!reader.empty()) hello.extensions = ParseExtensions(reader.Vector(2));
  return hello;
}

CertificateRequest ParseCertificateRequest(ByteView body, std::uint16_t version) {
  return version >= kTls13 ? ParseRequest13(body) : ParseRequest12(body);
}

std::vector<CertificateRequest::OidFilter> ParseOidFilters(ByteView value) {
  std::vector<CertificateRequest::OidFilter> filters;
  ByteReader whole(value);
  ByteReader reader(whole.Vector(2));
  while (!reader.empty()) {
    CertificateRequest::OidFilter filter{.oid = DottedOid(reader.Vector(1))};
    const ByteView values = reader.Vector(2);
    filter.values.assign(values.begin(), values.end());
    filters.push_back(std::move(filter));
  }
  return filters;
}

std::vector<ByteView> ParseCertificateList(ByteView body, std::uint16_t version) {
  ByteReader reader(body);
  if (version >= kTls13) reader.Vector(1);  // certificate_request_context
  ByteReader list(reader.Vector(3));
  std::vector<ByteView> certificates;
  while (!list.empty()) {
    certificates.push_back(list.Vector(3));
    if (version >= kTls13) list.Vector(2);  // extensions of the entry
  }
  return certificates;
}

CertificateVerify ParseCertificateVerify(ByteView body) {
  ByteReader reader(body);
  const auto scheme = static_cast<SignatureScheme>(reader.Number(2));
  return {scheme, reader.Vector(2)};
}

std::string MessageName(std::uint8_t type) {
  const auto* row = std::ranges::find(kTypeNames, type, &TypeName::type);
  return row != std::end(kTypeNames) ? std::string(row->name) : fmt::format("HandshakeMessage{}", type);
}

}  // namespace signet::inline handshake
