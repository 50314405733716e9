#pragma once

#include <signet/signet.h>

#include <memory>
#include <new>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

namespace signet::gnutls {

// Freed is the deleter of each type that this folder owns.
struct Freed {
  void operator()(signet_identity* identity) const noexcept { signet_identity_free(identity); }
  void operator()(signet_request* request) const noexcept { signet_request_free(request); }
  void operator()(signet_choice* choice) const noexcept { signet_choice_free(choice); }
  void operator()(signet_error* error) const noexcept { signet_error_free(error); }
  void operator()(gnutls_privkey_st* key) const noexcept { gnutls_privkey_deinit(key); }
};
template <typename Type>
using Owned = std::unique_ptr<Type, Freed>;

// Copy gives a further reference; throws std::bad_alloc.
inline Owned<signet_identity> Copy(const signet_identity* identity) {
  Owned<signet_identity> copy(signet_identity_copy(identity));
  if (copy == nullptr) throw std::bad_alloc();
  return copy;
}

}  // namespace signet::gnutls
