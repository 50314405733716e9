#pragma once

#include <signet/export.h>
#include <signet/identity.h>

#include <memory>

#include <openssl/core.h>
#include <openssl/types.h>

// signet_openssl_provider_init is the OpenSSL provider, for programs without openssl.cnf:
// OSSL_PROVIDER_add_builtin(context, "signet", signet_openssl_provider_init), then OSSL_PROVIDER_try_load.
extern "C" SIGNET_EXPORT int signet_openssl_provider_init(const OSSL_CORE_HANDLE* handle,
                                                          const OSSL_DISPATCH* upcalls,
                                                          const OSSL_DISPATCH** functions,
                                                          void** context) noexcept;

namespace signet::openssl {

// KeyDeleter releases one reference to an EVP_PKEY.
struct SIGNET_EXPORT KeyDeleter {
  // operator() calls EVP_PKEY_free; null is allowed.
  void operator()(EVP_PKEY* key) const noexcept;
};
// KeyPtr owns one reference to an EVP_PKEY; after release() the caller must call EVP_PKEY_free.
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

// MakeKey returns a private key as an EVP_PKEY of `library`; null: the default library context. A key on a
// token belongs to Signet's provider. MakeKey activates this provider in `library` if necessary, and keeps
// the implicit `default` provider. A key from a file belongs to `default`. Throws Error: kUnsupported for a
// type of key that OpenSSL does not support. It needs only libcrypto. Thread-safe.
SIGNET_EXPORT KeyPtr MakeKey(const std::shared_ptr<PrivateKey>& key, OSSL_LIB_CTX* library = nullptr);
SIGNET_EXPORT KeyPtr MakeKey(const Identity& identity, OSSL_LIB_CTX* library = nullptr);

// MakeLegacyKey gives a private key on a token as an EVP_PKEY of the kind that OpenSSL had before 3.0, for
// frameworks that take the RSA or EC_KEY out of it (EVP_PKEY_get1_RSA), as Qt 6 does. It signs, and does
// nothing else; RSA-PSS needs a token with the raw RSA operation. Other types of keys, and keys from files,
// are as MakeKey makes them. Throws Error. Thread-safe.
SIGNET_EXPORT KeyPtr MakeLegacyKey(const Identity& identity);

}  // namespace signet::openssl
