#pragma once

#include <signet/export.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace signet {

// TimePoint is a time of day in UTC.
using TimePoint = std::chrono::system_clock::time_point;

// Certificate is one X.509 certificate (RFC 5280), immutable and cheap to copy. It is parsed once.
class SIGNET_EXPORT Certificate {
 public:
  // FromDer reads one certificate without trailing bytes; throws Error kMalformed.
  static Certificate FromDer(std::span<const std::uint8_t> der);
  // FromPem reads every certificate of a PEM text, in order; throws Error kMalformed if there is none.
  static std::vector<Certificate> FromPem(std::string_view pem);

  // der is the certificate in DER; it lives as long as this object or a copy of it.
  std::span<const std::uint8_t> der() const noexcept;
  // ToPem gives the certificate in PEM (RFC 7468), with a line end behind it.
  std::string ToPem() const;
  // subject and issuer are names as in RFC 4514, UTF-8.
  const std::string& subject() const noexcept;
  const std::string& issuer() const noexcept;
  // subject_der and issuer_der are the DER Names (RFC 5280 section 4.1.2.4).
  std::span<const std::uint8_t> subject_der() const noexcept;
  std::span<const std::uint8_t> issuer_der() const noexcept;
  // subject_public_key_info is the DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
  std::span<const std::uint8_t> subject_public_key_info() const noexcept;
  // not_before and not_after are the period of validity, both included (RFC 5280 section 4.1.2.5).
  TimePoint not_before() const noexcept;
  TimePoint not_after() const noexcept;
  // sha256 is the SHA-256 of the DER in lower-case hex.
  const std::string& sha256() const noexcept;
  // user_name is the UPN otherName, else the e-mail address of subjectAltName or subject, else the common
  // name, else empty.
  const std::string& user_name() const noexcept;
  // is_ca tells whether basicConstraints says that it is a CA's (RFC 5280 section 4.2.1.9).
  bool is_ca() const noexcept;
  // self_signed tells whether the certificate's own key signed it, according to names and key identifiers. It
  // is false for a CA's certificate for its new key that its old key signed (RFC 4210 section 4.4), although
  // issuer and subject are the same.
  bool self_signed() const noexcept;
  // native returns the X509 object in Signet's library context, created at the first call; null if out of
  // memory. Copy the DER before you pass it to a program.
  x509_st* native() const noexcept;

  // operator== compares the DER.
  friend bool operator==(const Certificate& a, const Certificate& b) noexcept;

 private:
  struct Parsed;
  explicit Certificate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;
};

// operator== compares the DER.
SIGNET_EXPORT bool operator==(const Certificate& a, const Certificate& b) noexcept;

}  // namespace signet
