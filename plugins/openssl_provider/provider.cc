#include "openssl_provider/provider.h"

#include "openssl_provider/dispatch.h"
#include "openssl_provider/provider_context.h"
#include "openssl_provider/provider_entry.h"
#include "openssl_provider/tls_groups.h"
#include <signet/openssl_key.h>

#include <memory>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

void Teardown(void* context) noexcept {
  const std::unique_ptr<ProviderContext> owned(static_cast<ProviderContext*>(context));
}

const OSSL_PARAM* GettableParams(void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, nullptr, 0),
      OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr),
      OSSL_PARAM_utf8_ptr(kBuildParam, nullptr, 0),
      OSSL_PARAM_END,
  };
  return params;
}

int GetParams(void*, OSSL_PARAM params[]) noexcept {
  const auto set = [params](const char* key, const char* value) {
    OSSL_PARAM* const param = OSSL_PARAM_locate(params, key);
    return param == nullptr || OSSL_PARAM_set_utf8_ptr(param, value) == 1;
  };
  OSSL_PARAM* const status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  const bool good = set(OSSL_PROV_PARAM_NAME, "Signet: TLS client identities") &&
                    set(OSSL_PROV_PARAM_VERSION, SIGNET_VERSION) &&
                    set(OSSL_PROV_PARAM_BUILDINFO, SIGNET_VERSION) && set(kBuildParam, kBuild) &&
                    (status == nullptr || OSSL_PARAM_set_int(status, 1) == 1);
  return good ? 1 : 0;
}

const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  return static_cast<const ProviderContext*>(context)->algorithms().Of(operation);
}

// GetCapabilities succeeds for what we do not know, as a failure would keep libssl from asking the next
// provider.
int GetCapabilities(ProviderContext&, const char* capability, OSSL_CALLBACK* callback, void* argument) {
  return std::string_view(capability) == "TLS-GROUP" ? OfferTlsGroups(callback, argument) : 1;
}

const OSSL_ITEM* GetReasonStrings(void*) noexcept { return ReasonStrings(); }

const OSSL_DISPATCH* Functions() noexcept {
  static const OSSL_DISPATCH table[] = {
      PlainEntry<OSSL_FUNC_PROVIDER_TEARDOWN, OSSL_FUNC_provider_teardown_fn, Teardown>(),
      PlainEntry<OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, OSSL_FUNC_provider_gettable_params_fn, GettableParams>(),
      PlainEntry<OSSL_FUNC_PROVIDER_GET_PARAMS, OSSL_FUNC_provider_get_params_fn, GetParams>(),
      PlainEntry<OSSL_FUNC_PROVIDER_QUERY_OPERATION, OSSL_FUNC_provider_query_operation_fn, QueryOperation>(),
      PlainEntry<OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, OSSL_FUNC_provider_get_reason_strings_fn,
                 GetReasonStrings>(),
      Entry<OSSL_FUNC_PROVIDER_GET_CAPABILITIES, OSSL_FUNC_provider_get_capabilities_fn, GetCapabilities>(),
      kEndOfTable,
  };
  return table;
}

}  // namespace
}  // namespace signet::provider

int signet_openssl_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                 const OSSL_DISPATCH** functions, void** context) noexcept {
  using namespace signet::provider;
  return Guard<int>(ErrorQueue(handle, upcalls), [&] {
    *context = std::make_unique<ProviderContext>(handle, upcalls).release();
    *functions = Functions();
    return 1;
  });
}
