#pragma once

#include <signet/signet.h>

#include <memory>

namespace signet {

// CPtr owns an object of the C interface.
template <typename Type, void (*kFree)(Type*)>
struct CFree {
  void operator()(Type* object) const noexcept { kFree(object); }
};
template <typename Type, void (*kFree)(Type*)>
using CPtr = std::unique_ptr<Type, CFree<Type, kFree>>;

using CError = CPtr<signet_error, signet_error_free>;
using CSettings = CPtr<signet_settings, signet_settings_free>;
using CSource = CPtr<signet_source, signet_source_free>;
using CListing = CPtr<signet_listing, signet_listing_free>;
using CIdentity = CPtr<signet_identity, signet_identity_free>;
using CRequest = CPtr<signet_request, signet_request_free>;
using CChoice = CPtr<signet_choice, signet_choice_free>;

}  // namespace signet
