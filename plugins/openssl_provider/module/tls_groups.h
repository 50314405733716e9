#pragma once

#include "openssl_provider/module/context.h"

namespace signet::provider::module {

// OfferGroups is OfferTlsGroups without the provider, where another one in the same library context knows the
// groups; its functions are `own`, which are not asked again.
int OfferGroups(Context& context, const OSSL_DISPATCH* own, OSSL_CALLBACK* callback, void* argument) noexcept;

}  // namespace signet::provider::module
