#pragma once

#include <signet/certificate.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline identity {

// Purpose is what a TLS certificate is presented for.
enum class Purpose { kClientAuth, kServerAuth };

// UsageFault is an extension that forbids the use of a certificate for a Purpose.
enum class UsageFault {
  kKeyUsage,          // RFC 5280 section 4.2.1.3: without digitalSignature
  kExtendedKeyUsage,  // section 4.2.1.12: neither the purpose nor anyExtendedKeyUsage
  kNetscapeCertType,  // Netscape's nsCertType: without the bit for an SSL client or server
};

// Weakness is what OpenSSL's default security level holds against a certificate.
struct Weakness {
  enum class Of { kKey, kSignature };
  Of of;
  std::string text;  // one sentence without full stop
};
// WeaknessOf says what OpenSSL at its default security level, 2, refuses to present or to accept: a key or a
// signature of fewer than 112 bits of security. A self-signed certificate's own signature does not count.
std::optional<Weakness> WeaknessOf(const Certificate& certificate);

// HasUnknownCriticalExtension tells whether a verifier by OpenSSL refuses the certificate for a critical
// extension that it does not know (RFC 5280 section 4.2).
bool HasUnknownCriticalExtension(const Certificate& certificate);
// NamesAnyPurposeOnly tells whether the extended key usage allows `purpose` by anyExtendedKeyUsage alone,
// which RFC 5280 section 4.2.1.12 lets a verifier refuse, and OpenSSL does.
bool NamesAnyPurposeOnly(const Certificate& certificate, Purpose purpose);

// UsageFaults lists what forbids `purpose`; an absent extension forbids nothing. The one set of rules for
// listing, diagnosis and selection.
std::vector<UsageFault> UsageFaults(const Certificate& certificate, Purpose purpose);
// Text says a fault in one sentence without full stop.
std::string Text(UsageFault fault, Purpose purpose);

}  // namespace signet::inline identity
