#include "base/hex.h"
#include "handshake/byte_reader.h"
#include "identity/name_text.h"
#include "inspector/certificate_compression.h"
#include "inspector/names.h"
#include "inspector/recorder.h"
#include <signet/certificate.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kHeader = 4;

using Lines = std::vector<std::string>;

enum ExtensionType : std::uint16_t {
  kServerName = 0,
  kGroups = 10,
  kSignatureAlgorithms = 13,
  kSessionTicket = 35,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
  kKeyShare = 51,
};

// Names reads a list of two-byte numbers and writes their names, without GREASE.
std::string Names(ByteView numbers, std::string (*name)(std::uint16_t)) {
  std::string text;
  ByteReader reader(numbers);
  while (!reader.empty()) {
    const auto number = static_cast<std::uint16_t>(reader.Number(2));
    if (!IsGrease(number)) text += fmt::format("{}{}", text.empty() ? "" : ", ", name(number));
  }
  return text;
}

std::string Day(TimePoint time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string SessionId(const Hello& hello) {
  return fmt::format("session ID: {}", hello.session_id.empty() ? "none" : HexEncode(hello.session_id));
}

void DescribeHelloExtension(const Extension& extension, Lines& lines) {
  ByteReader value(extension.value);
  switch (extension.type) {
    case kServerName: {
      ByteReader list(value.Vector(2));
      list.Number(1);  // host_name
      const ByteView name = list.Vector(2);
      lines.push_back(fmt::format("server name: {}", std::string(name.begin(), name.end())));
      break;
    }
    case kGroups:
      lines.push_back(fmt::format("groups: {}", Names(value.Vector(2), GroupName)));
      break;
    case kSignatureAlgorithms:
      lines.push_back(fmt::format("schemes: {}", Names(value.Vector(2), SchemeName)));
      break;
    case kSessionTicket:
      if (!extension.value.empty()) lines.emplace_back("session ticket: offered");
      break;
    case kPreSharedKey:
      lines.emplace_back("pre-shared key: offered, to resume a session");
      break;
    default:
      break;
  }
}

Lines DescribeClientHello(ByteView body) {
  const Hello hello = ParseClientHello(body);
  Lines lines;
  if (const Extension* versions = hello.Find(kSupportedVersions)) {
    lines.push_back(fmt::format("versions: {}", Names(ByteReader(versions->value).Vector(1), VersionName)));
  } else {
    lines.push_back(fmt::format("versions: up to {}", VersionName(hello.legacy_version)));
  }
  std::string suites;
  for (const std::uint16_t suite : hello.suites) {
    if (!IsGrease(suite)) suites += fmt::format("{}{}", suites.empty() ? "" : ", ", SuiteName(suite));
  }
  lines.push_back(fmt::format("suites: {}", suites));
  lines.push_back(SessionId(hello));
  for (const Extension& extension : hello.extensions) DescribeHelloExtension(extension, lines);
  return lines;
}

Lines DescribeServerHello(ByteView body) {
  const Hello hello = ParseServerHello(body);
  Lines lines = {fmt::format("version: {}", VersionName(hello.version())),
                 fmt::format("suite: {}", SuiteName(hello.suites.front())), SessionId(hello)};
  if (const Extension* share = hello.Find(kKeyShare)) {
    const auto group = static_cast<std::uint16_t>(ByteReader(share->value).Number(2));
    lines.push_back(fmt::format("{}: {}", hello.is_retry() ? "wanted group" : "group", GroupName(group)));
  }
  if (hello.Find(kPreSharedKey) != nullptr)
    lines.emplace_back("pre-shared key: accepted, the session is resumed");
  return lines;
}

Lines DescribeCertificate(ByteView body, std::uint16_t version) {
  Lines lines;
  for (const ByteView der : ParseCertificateList(body, version)) {
    const Certificate certificate = Certificate::FromDer(der);
    lines.push_back(fmt::format("certificate: {}, issued by {}, valid from {} to {}", certificate.subject(),
                                certificate.issuer(), Day(certificate.not_before()),
                                Day(certificate.not_after())));
  }
  if (lines.empty()) lines.emplace_back("certificate: none");
  return lines;
}

Lines DescribeCompressedCertificate(ByteView body, std::uint16_t version) {
  const CompressedCertificate message = ParseCompressedCertificate(body);
  Lines lines = {fmt::format("compression: {}, {} bytes for {}", CompressionName(message.algorithm),
                             message.data.size(), message.uncompressed_length)};
  for (std::string& line : DescribeCertificate(Uncompress(message), version))
    lines.push_back(std::move(line));
  return lines;
}

Lines DescribeRequest(ByteView body, std::uint16_t version) {
  const CertificateRequest request = ParseCertificateRequest(body, version);
  Lines lines;
  if (!request.certificate_types.empty()) {
    std::string types;
    for (const std::uint8_t type : request.certificate_types) {
      types += fmt::format("{}{}", types.empty() ? "" : ", ", CertificateTypeName(type));
    }
    lines.push_back(fmt::format("types: {}", types));
  }
  std::string schemes;
  for (const SignatureScheme scheme : request.schemes) {
    schemes +=
        fmt::format("{}{}", schemes.empty() ? "" : ", ", SchemeName(static_cast<std::uint16_t>(scheme)));
  }
  lines.push_back(fmt::format("schemes: {}", schemes));
  if (request.authorities.empty()) lines.emplace_back("authorities: any");
  for (const Bytes& authority : request.authorities) {
    lines.push_back(fmt::format("authority: {}", NameText(authority)));
  }
  for (const auto& filter : request.oid_filters)
    lines.push_back(fmt::format("extension required: {}", filter.oid));
  return lines;
}

// DescribeKeyExchange reads ECDHE parameters (RFC 8422 section 5.4); other kinds say nothing here.
Lines DescribeKeyExchange(ByteView body) {
  constexpr std::uint32_t kNamedCurve = 3;
  ByteReader reader(body);
  if (reader.Number(1) != kNamedCurve) return {};
  Lines lines = {fmt::format("group: {}", GroupName(static_cast<std::uint16_t>(reader.Number(2))))};
  reader.Vector(1);  // the public point
  if (!reader.empty()) {
    lines.push_back(fmt::format("scheme: {}", SchemeName(static_cast<std::uint16_t>(reader.Number(2)))));
  }
  return lines;
}

}  // namespace

std::vector<std::string> Describe(ByteView message, std::uint16_t version) {
  const ByteView body = message.subspan(kHeader);
  switch (static_cast<HandshakeType>(message[0])) {
    case HandshakeType::kClientHello:
      return DescribeClientHello(body);
    case HandshakeType::kServerHello:
      return DescribeServerHello(body);
    case HandshakeType::kCertificate:
      return DescribeCertificate(body, version);
    case HandshakeType::kCompressedCertificate:
      return DescribeCompressedCertificate(body, version);
    case HandshakeType::kCertificateRequest:
      return DescribeRequest(body, version);
    case HandshakeType::kServerKeyExchange:
      return DescribeKeyExchange(body);
    case HandshakeType::kCertificateVerify:
      return {fmt::format("scheme: {}",
                          SchemeName(static_cast<std::uint16_t>(ParseCertificateVerify(body).scheme)))};
    case HandshakeType::kNewSessionTicket:
      return {fmt::format("lifetime: {} s", ByteReader(body).Number(4))};
    default:
      return {};
  }
}

}  // namespace signet::inline inspector
