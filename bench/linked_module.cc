// A provider module that links libsignet.so, beside which signet.so is measured.
#include <signet/openssl_key.h>

extern "C" SIGNET_EXPORT int OSSL_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                                const OSSL_DISPATCH** functions, void** context) {
  return signet_openssl_provider_init(handle, upcalls, functions, context);
}
