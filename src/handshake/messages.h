#pragma once

#include <signet/certificate_request.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline handshake {

// HandshakeType holds the types of handshake messages that we look into (RFC 8446 section 4, RFC 5246
// section 7.4).
enum class HandshakeType : std::uint8_t {
  kHelloRequest = 0,
  kClientHello = 1,
  kServerHello = 2,
  kNewSessionTicket = 4,
  kEncryptedExtensions = 8,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
  kFinished = 20,
  kKeyUpdate = 24,
  kCompressedCertificate = 25,
  kMessageHash = 254,
};

inline constexpr std::uint16_t kTls12 = 0x0303;
inline constexpr std::uint16_t kTls13 = 0x0304;

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Extension is one extension of a hello, a CertificateRequest or a Certificate.
struct Extension {
  std::uint16_t type;
  ByteView value;  // into the message
};

// The messages below keep views into the body that they were parsed from, which leaves out the four bytes of
// the handshake header. Each Parse function throws Error kMalformed.

struct Hello {
  std::uint16_t legacy_version = 0;
  ByteView random;
  ByteView session_id;
  std::vector<std::uint16_t> suites;  // ServerHello: the one that was chosen
  std::vector<Extension> extensions;

  const Extension* Find(std::uint16_t type) const noexcept;
  // version is what a ServerHello chose.
  std::uint16_t version() const;
  // is_retry tells a HelloRetryRequest from a ServerHello, by its random (RFC 8446 section 4.1.3).
  bool is_retry() const noexcept;
};
Hello ParseClientHello(ByteView body);
Hello ParseServerHello(ByteView body);

// ParseCertificateRequest reads the message of either version.
CertificateRequest ParseCertificateRequest(ByteView body, std::uint16_t version);
// ParseOidFilters reads the value of the extension oid_filters (RFC 8446 section 4.2.5).
std::vector<CertificateRequest::OidFilter> ParseOidFilters(ByteView value);

// ParseCertificateList gives the DER of each certificate of a Certificate message, leaf first.
std::vector<ByteView> ParseCertificateList(ByteView body, std::uint16_t version);

struct CertificateVerify {
  SignatureScheme scheme;
  ByteView signature;
};
CertificateVerify ParseCertificateVerify(ByteView body);

// MessageName gives the RFCs' name of a handshake message type: "ClientHello".
std::string MessageName(std::uint8_t type);

}  // namespace signet::inline handshake
