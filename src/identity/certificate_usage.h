#pragma once

#include <signet/certificate.h>

#include <string>
#include <string_view>
#include <vector>

namespace signet {

// Purpose is what a TLS certificate is presented for.
enum class Purpose { kClientAuth, kServerAuth };

// UsageFault is an extension that forbids the use of a certificate for a Purpose.
enum class UsageFault {
  kKeyUsage,          // RFC 5280 section 4.2.1.3: without digitalSignature
  kExtendedKeyUsage,  // section 4.2.1.12: neither the purpose nor anyExtendedKeyUsage
  kNetscapeCertType,  // Netscape's nsCertType: without the bit for an SSL client or server
};

// UsageFaults lists what forbids `purpose`; an absent extension forbids nothing. The one set of rules for
// listing, diagnosis and selection.
std::vector<UsageFault> UsageFaults(const Certificate& certificate, Purpose purpose);
// Text says a fault in one sentence without full stop.
std::string Text(UsageFault fault, Purpose purpose);

}  // namespace signet
