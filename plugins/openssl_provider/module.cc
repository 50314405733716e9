#include "openssl_provider/provider_entry.h"

// OSSL_provider_init is the name that OpenSSL looks for in a provider's file, and all that signet.so exports.
extern "C" int OSSL_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                  const OSSL_DISPATCH** functions, void** context) {
  return SignetProviderInit(handle, upcalls, functions, context);
}
