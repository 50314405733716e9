#pragma once

#include "openssl_provider/pem_lines.h"
#include <signet/secret.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// PEM blocks that point to a key: SEQUENCE { VisibleString "PKCS#11 Provider URI v1.0", UTF8String uri },
// under one of two labels.
namespace signet::provider {

// UriInDer gives the URI, which may hold a PIN; nothing for DER of another kind.
std::optional<Secret> UriInDer(std::span<const std::uint8_t> der);

// UriPem writes the block for `uri`, as it is, under pkcs11-provider's label where the scheme allows.
Secret UriPem(std::string_view uri);

}  // namespace signet::provider
