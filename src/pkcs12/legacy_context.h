#pragma once

#include <string_view>

#include <openssl/types.h>

namespace signet::inline pkcs12 {

// LegacyContext is a library context with OpenSSL's `default` and `legacy` providers, made at the
// first file that needs it and never freed; the application's contexts are not changed. Throws Error
// kUnsupported naming `algorithm` where the legacy module is not installed, and looks again at the next call.
OSSL_LIB_CTX* LegacyContext(std::string_view algorithm);

}  // namespace signet::inline pkcs12
