#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace signet {

// AlertTexts is what programs call an alert.
struct AlertTexts {
  std::uint8_t alert;
  std::string_view words;    // OpenSSL, and curl and Python with it; Java
  std::string_view number;   // GnuTLS
  std::string_view firefox;  // NSS
};

// AlertsPrinted has one row for each alert that `signet doctor --symptom` explains.
inline std::span<const AlertTexts> AlertsPrinted() {
  static constexpr AlertTexts kRows[] = {
      {40, "alert handshake failure", "alert [40]", "SSL_ERROR_NO_CYPHER_OVERLAP"},
      {42, "alert bad certificate", "alert [42]", "SSL_ERROR_BAD_CERT_ALERT"},
      {43, "alert unsupported certificate", "alert [43]", "SSL_ERROR_UNSUPPORTED_CERT_ALERT"},
      {44, "alert certificate revoked", "alert [44]", "SSL_ERROR_REVOKED_CERT_ALERT"},
      {45, "alert certificate expired", "alert [45]", "SSL_ERROR_EXPIRED_CERT_ALERT"},
      {46, "alert certificate unknown", "alert [46]", "SSL_ERROR_CERTIFICATE_UNKNOWN_ALERT"},
      {48, "alert unknown ca", "alert [48]", "SSL_ERROR_UNKNOWN_CA_ALERT"},
      {49, "alert access denied", "alert [49]", "SSL_ERROR_ACCESS_DENIED_ALERT"},
      {51, "alert decrypt error", "alert [51]", "SSL_ERROR_DECRYPT_ERROR_ALERT"},
      {70, "alert protocol version", "alert [70]", "SSL_ERROR_PROTOCOL_VERSION_ALERT"},
      {116, "alert certificate required", "alert [116]", "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT"},
  };
  return kRows;
}

}  // namespace signet
