#pragma once

#include <signet/signature_scheme.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signet {

// CertificateRequest is the request of a TLS peer (RFC 5246 section 7.4.4, RFC 8446 section 4.3.2).
struct CertificateRequest {
  // Role says whose certificate is asked for.
  enum class Role { kClient, kServer };  // whose certificate is asked for
  // OidFilter is a certificate extension that the client's certificate must have (RFC 8446 section 4.2.5).
  struct OidFilter {
    std::string oid;                   // dotted
    std::vector<std::uint8_t> values;  // DER; empty: the extension must be present with any value
  };

  std::uint16_t protocol_version = 0x0304;             // 0x0303: TLS 1.2
  Role role = Role::kClient;                           // whose certificate is asked for
  std::vector<std::vector<std::uint8_t>> authorities;  // DER Names; empty: any
  std::vector<SignatureScheme> schemes;              // the peer's order of preference; empty: not known, any
  std::vector<SignatureScheme> certificate_schemes;  // signature_algorithms_cert; empty: same as schemes
  std::vector<std::uint8_t> certificate_types;       // TLS 1.2 ClientCertificateType; empty: any
  std::vector<OidFilter> oid_filters;                // TLS 1.3
  std::string host;                                  // the peer's name, if known
};

}  // namespace signet
