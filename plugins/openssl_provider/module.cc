#include <signet/openssl_key.h>

// OSSL_provider_init is the name that OpenSSL looks for in a provider's file, and all that signet.so exports.
extern "C" SIGNET_EXPORT int OSSL_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                                const OSSL_DISPATCH** functions, void** context) {
  return signet_openssl_provider_init(handle, upcalls, functions, context);
}
