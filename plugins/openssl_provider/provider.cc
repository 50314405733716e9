
#include "config/environment.h"
#include "openssl_provider/algorithms.h"
#include "openssl_provider/dispatch.h"
#include "openssl_provider/module_entry.h"
#include "openssl_provider/provider_context.h"
#include "openssl_provider/provider_params.h"
#include "openssl_provider/tls_groups.h"
#include <signet/openssl_key.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

void Teardown(void* context) noexcept {
  const std::unique_ptr<ProviderContext> owned(static_cast<ProviderContext*>(context));
}

const OSSL_PARAM* GettableParams(void*) noexcept { return kProviderParams; }

int GetParams(void* context, OSSL_PARAM params[]) noexcept {
  OSSL_PARAM* const own = OSSL_PARAM_locate(params, kContextParam);
  if (own != nullptr && OSSL_PARAM_set_octet_ptr(own, context, 0) != 1) return 0;
  return AnswerParams(params) ? 1 : 0;
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

const OSSL_ITEM* GetReasonStrings(void*) noexcept { return kReasonStrings.data(); }

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

int Start(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls, const EnvironmentLookup& environment,
          const OSSL_DISPATCH** functions, void** context) noexcept {
  return Guard<int>(ErrorQueue(handle, upcalls), [&] {
    auto made = std::make_unique<ProviderContext>(handle, upcalls, environment);
    made->OpenAtActivation();
    *context = made.release();
    *functions = Functions();
    return 1;
  });
}

// ValueIn finds a variable among entries NAME=VALUE.
const char* ValueIn(const char* const* environment, std::string_view name) noexcept {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
      return *environment + name.size() + 1;
  }
  return nullptr;
}

}  // namespace
}  // namespace signet::provider

int signet_openssl_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                 const OSSL_DISPATCH** functions, void** context) noexcept {
  return signet::provider::Start(handle, upcalls, secure_getenv, functions, context);
}

int signet_openssl_module_start(const signet::provider::ModuleStart* start, const OSSL_DISPATCH** functions,
                                void** context) noexcept {
  using namespace signet::provider;
  if (std::strcmp(start->build, kBuild) != 0) return -1;
  const auto environment = [start](const char* name) { return ValueIn(start->environment, name); };
  return Start(start->handle, start->upcalls, environment, functions, context);
}

const OSSL_DISPATCH* signet_openssl_module_table(unsigned table) noexcept {
  using namespace signet::provider;
  try {
    return table < kTableCount ? FunctionsOf(static_cast<Table>(table)) : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
