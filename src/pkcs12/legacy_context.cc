#include "pkcs12/legacy_context.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include <signet/error.h>

#include <fmt/format.h>

namespace signet {
namespace {

// Providers stay loaded as long as their context, which is for ever.
OSSL_LIB_CTX* MakeContext() {
  OpenSslPtr<OSSL_LIB_CTX> context(CheckOpenSsl(OSSL_LIB_CTX_new(), "OSSL_LIB_CTX_new"));
  OpenSslPtr<OSSL_PROVIDER> standard(OSSL_PROVIDER_load(context.get(), "default"));
  OpenSslPtr<OSSL_PROVIDER> legacy(OSSL_PROVIDER_load(context.get(), "legacy"));
  if (standard == nullptr || legacy == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "OSSL_PROVIDER_load", "OpenSSL's legacy module cannot be loaded");
  }
  standard.release();
  legacy.release();
  return context.release();
}

}  // namespace

OSSL_LIB_CTX* LegacyContext(std::string_view algorithm) {
  const OpenSslErrorMark mark;
  try {
    static OSSL_LIB_CTX* const context = MakeContext();
    return context;
  } catch (const Error& error) {
    throw Error(
        {.code = ErrorCode::kUnsupported,
         .detail = fmt::format("{} needs OpenSSL's legacy module, which cannot be loaded", algorithm),
         .call = error.call(),
         .native = error.native(),
         .mend = "Install it (on Debian 13: openssl-provider-legacy), or export the file again with AES."});
  }
}

}  // namespace signet
