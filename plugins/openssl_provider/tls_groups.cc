#include "openssl_provider/tls_groups.h"

#include "base/openssl_context.h"
#include "base/openssl_ptr.h"

#include <openssl/provider.h>

namespace signet::provider {

int OfferTlsGroups(OSSL_CALLBACK* callback, void* argument) {
  const OpenSslPtr<EVP_KEYMGMT> software(EVP_KEYMGMT_fetch(OwnContext(), "EC", nullptr));
  if (software == nullptr) return 1;
  GroupListener listener{callback, argument, 0};
  return OSSL_PROVIDER_get_capabilities(EVP_KEYMGMT_get0_provider(software.get()), "TLS-GROUP", PassOnEcGroup,
                                        &listener);
}

}  // namespace signet::provider
