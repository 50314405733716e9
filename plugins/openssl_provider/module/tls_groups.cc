#include "openssl_provider/module/tls_groups.h"

#include "openssl_provider/tls_groups.h"

#include <openssl/provider.h>

namespace signet::provider::module {
namespace {

struct Search {
  const OSSL_DISPATCH* own;
  GroupListener listener;
  int result;
};

// Ask ends the search at the first provider that has told of a group.
int Ask(OSSL_PROVIDER* candidate, void* given) noexcept {
  auto& search = *static_cast<Search*>(given);
  if (OSSL_PROVIDER_get0_dispatch(candidate) == search.own) return 1;
  search.result = OSSL_PROVIDER_get_capabilities(candidate, "TLS-GROUP", PassOnEcGroup, &search.listener);
  return search.listener.groups == 0 ? 1 : 0;
}

}  // namespace

int OfferGroups(Context& context, const OSSL_DISPATCH* own, OSSL_CALLBACK* callback,
                void* argument) noexcept {
  Search search{own, {callback, argument, 0}, 1};
  OSSL_LIB_CTX* const library = context.library();
  if (context.upcalls().same_library && library != nullptr) OSSL_PROVIDER_do_all(library, Ask, &search);
  if (search.listener.groups != 0) return search.result;
  void* const provider = context.Provider();
  if (provider == nullptr) return 0;
  return context.Own<OSSL_FUNC_provider_get_capabilities_fn>(OSSL_FUNC_PROVIDER_GET_CAPABILITIES)(
      provider, "TLS-GROUP", callback, argument);
}

}  // namespace signet::provider::module
