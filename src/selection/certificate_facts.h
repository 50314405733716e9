#pragma once

#include "base/openssl_ptr.h"
#include <signet/certificate.h>
#include <signet/signature_scheme.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <openssl/types.h>

namespace signet::inline selection {

// DnsNames lists the dNSNames of subjectAltName in lower case.
std::vector<std::string> DnsNames(const Certificate& certificate);
// Purposes lists the OIDs of the extended key usage; nothing if the certificate has no such extension.
std::optional<std::vector<std::string>> Purposes(const Certificate& certificate);
// OidsIn writes the OIDs of an extended key usage in dotted form.
std::vector<std::string> OidsIn(const EXTENDED_KEY_USAGE& usage);
// PossibleSchemes lists what a key of the certificate's type, curve and size can sign with in principle;
// nothing if OpenSSL does not know the algorithm.
std::vector<SignatureScheme> PossibleSchemes(const Certificate& certificate);

}  // namespace signet::inline selection
