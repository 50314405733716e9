#pragma once

#include <signet/export.h>
#include <signet/identity.h>
#include <signet/signet.h>

#include <memory>

namespace signet {

// FreeCIdentity frees an identity of the C interface.
struct SIGNET_EXPORT FreeCIdentity {
  // operator() calls signet_identity_free; null is allowed.
  void operator()(signet_identity* identity) const noexcept { signet_identity_free(identity); }
};
// CIdentityPtr owns one reference to an identity of the C interface.
using CIdentityPtr = std::unique_ptr<signet_identity, FreeCIdentity>;

// MakeCIdentity passes an identity of a C++ program to functions of the C interface, such as those of
// signet/gnutls.h, for example an identity with the program's own key. Never null.
SIGNET_EXPORT CIdentityPtr MakeCIdentity(const Identity& identity);

}  // namespace signet
