#include "openssl_provider/tls_groups.h"

#include "base/openssl_context.h"
#include "base/openssl_ptr.h"

#include <cstring>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>

namespace signet::provider {
namespace {

struct Listener {
  OSSL_CALLBACK* callback;
  void* argument;
};

int PassOnEc(const OSSL_PARAM params[], void* listener) noexcept {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
  const char* algorithm = nullptr;
  if (param == nullptr || OSSL_PARAM_get_utf8_string_ptr(param, &algorithm) != 1) return 1;
  if (std::strcmp(algorithm, "EC") != 0) return 1;
  const auto* to = static_cast<const Listener*>(listener);
  return to->callback(params, to->argument);
}

}  // namespace

int OfferTlsGroups(OSSL_CALLBACK* callback, void* argument) {
  const OpenSslPtr<EVP_KEYMGMT> software(EVP_KEYMGMT_fetch(OwnContext(), "EC", nullptr));
  if (software == nullptr) return 1;
  Listener listener{callback, argument};
  return OSSL_PROVIDER_get_capabilities(EVP_KEYMGMT_get0_provider(software.get()), "TLS-GROUP", PassOnEc,
                                        &listener);
}

}  // namespace signet::provider
