// What OpenSSL loads as a provider. It needs libc and libcrypto alone, so that activating it costs a process
// next to nothing, and opens libsignet.so at the first use of a key.
#include "openssl_provider/module/context.h"
#include "openssl_provider/module/tls_groups.h"
#include "openssl_provider/provider_params.h"
#include "openssl_provider/reason_strings.h"
#include <signet/export.h>

#include <string_view>

namespace signet::provider::module {
namespace {

void Teardown(void* context) noexcept {
  const std::unique_ptr<Context> owned(static_cast<Context*>(context));
}

const OSSL_PARAM* GettableParams(void*) noexcept { return kProviderParams; }

int GetParams(void* given, OSSL_PARAM params[]) noexcept {
  if (OSSL_PARAM_locate(params, kContextParam) == nullptr) return AnswerParams(params) ? 1 : 0;
  auto& context = *static_cast<Context*>(given);
  void* const provider = context.Provider();
  if (provider == nullptr) return 0;
  return context.Own<OSSL_FUNC_provider_get_params_fn>(OSSL_FUNC_PROVIDER_GET_PARAMS)(provider, params);
}

const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  return static_cast<const Context*>(context)->AlgorithmsOf(operation);
}

const OSSL_ITEM* GetReasonStrings(void*) noexcept { return kReasonStrings.data(); }

int GetCapabilities(void* context, const char* capability, OSSL_CALLBACK* callback, void* argument) noexcept;

// Typed lets the compiler check a function before its type is lost.
template <class Function>
constexpr Function* Typed(Function* function) noexcept {
  return function;
}

const OSSL_DISPATCH kFunctions[] = {
#define SIGNET_ROW(ID, TYPE, FUNCTION) \
  { ID, reinterpret_cast<void (*)()>(Typed<TYPE>(FUNCTION)) }
    SIGNET_ROW(OSSL_FUNC_PROVIDER_TEARDOWN, OSSL_FUNC_provider_teardown_fn, Teardown),
    SIGNET_ROW(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, OSSL_FUNC_provider_gettable_params_fn, GettableParams),
    SIGNET_ROW(OSSL_FUNC_PROVIDER_GET_PARAMS, OSSL_FUNC_provider_get_params_fn, GetParams),
    SIGNET_ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, OSSL_FUNC_provider_query_operation_fn, QueryOperation),
    SIGNET_ROW(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, OSSL_FUNC_provider_get_reason_strings_fn,
               GetReasonStrings),
    SIGNET_ROW(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, OSSL_FUNC_provider_get_capabilities_fn, GetCapabilities),
#undef SIGNET_ROW
    {0, nullptr},
};

int GetCapabilities(void* context, const char* capability, OSSL_CALLBACK* callback, void* argument) noexcept {
  if (std::string_view(capability) != "TLS-GROUP") return 1;
  return OfferGroups(*static_cast<Context*>(context), kFunctions, callback, argument);
}

}  // namespace
}  // namespace signet::provider::module

// OSSL_provider_init is the name that OpenSSL looks for in a provider's file, and all that signet.so exports.
extern "C" SIGNET_EXPORT int OSSL_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                                const OSSL_DISPATCH** functions, void** context) {
  using namespace signet::provider::module;
  *context = Context::Make(handle, upcalls).release();
  *functions = kFunctions;
  return *context != nullptr ? 1 : 0;
}
