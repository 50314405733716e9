#pragma once

#include "base/openssl_ptr.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::testing {

// MakeKey makes a private key from CertificateOptions::key; null if this OpenSSL does not know the kind.
OpenSslPtr<EVP_PKEY> MakeKey(const std::string& kind);

// ReadPkcs8 and Pkcs8Of translate between a key and its DER PrivateKeyInfo.
OpenSslPtr<EVP_PKEY> ReadPkcs8(std::span<const std::uint8_t> der);
std::vector<std::uint8_t> Pkcs8Of(EVP_PKEY* key);

}  // namespace signet::testing
