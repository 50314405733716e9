#include "pkcs12/legacy_context.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include <signet/error.h>

#include <cstdlib>

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace signet::inline pkcs12 {
namespace {

// Providers stay loaded as long as their context, which is never freed.
OSSL_LIB_CTX* MakeContext(const char* modules) {
  OpenSslPtr<OSSL_LIB_CTX> context(CheckOpenSsl(OSSL_LIB_CTX_new(), "OSSL_LIB_CTX_new"));
  if (modules != nullptr) {
    CheckOpenSsl(OSSL_PROVIDER_set_default_search_path(context.get(), modules),
                 "OSSL_PROVIDER_set_default_search_path");
  }
  OpenSslPtr<OSSL_PROVIDER> standard(OSSL_PROVIDER_load(context.get(), "default"));
  OpenSslPtr<OSSL_PROVIDER> legacy(OSSL_PROVIDER_load(context.get(), "legacy"));
  if (standard == nullptr || legacy == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "OSSL_PROVIDER_load", "OpenSSL's legacy module cannot be loaded");
  }
  standard.release();
  legacy.release();
  return context.release();
}

// ApplicationsPath is where the program told OpenSSL to look for modules; null if it did not, or where
// this OpenSSL does not say.
const char* ApplicationsPath() {
#if OPENSSL_VERSION_PREREQ(3, 2)
  return OSSL_PROVIDER_get0_default_search_path(nullptr);
#else
  return nullptr;
#endif
}

// FindContext looks where OpenSSL looks, by the program's word and by OPENSSL_MODULES, then in the directory
// that OpenSSL was built with.
OSSL_LIB_CTX* FindContext() {
  for (const char* named : {ApplicationsPath(), static_cast<const char*>(secure_getenv("OPENSSL_MODULES"))}) {
    if (named == nullptr || *named == '\0') continue;
    try {
      return MakeContext(named);
    } catch (const Error&) {  // The error of the last directory is the one to report.
    }
  }
  return MakeContext(OPENSSL_info(OPENSSL_INFO_MODULES_DIR));
}

}  // namespace

OSSL_LIB_CTX* LegacyContext(std::string_view algorithm) {
  const OpenSslErrorMark mark;
  try {
    static OSSL_LIB_CTX* const context = FindContext();
    return context;
  } catch (const Error& error) {
    throw Error(
        {.code = ErrorCode::kUnsupported,
         .detail = fmt::format("{} needs OpenSSL's legacy module, which cannot be loaded", algorithm),
         .call = error.call(),
         .native = error.native(),
         .hint = "Install it (on Debian 13: openssl-provider-legacy), or export the file again with AES."});
  }
}

}  // namespace signet::inline pkcs12
