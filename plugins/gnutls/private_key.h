#pragma once

#include "gnutls/handles.h"

#include <memory>
#include <mutex>

namespace signet::gnutls {

// Attempt is what one session did last with a selector.
struct Attempt {
  std::mutex mutex;
  Owned<signet_choice> choice;
  Owned<signet_error> error;
};

// MakeKey gives the identity's key; what keeps it from signing goes to `attempt`, which may be null. Throws
// Refused.
Owned<gnutls_privkey_st> MakeKey(const signet_identity* identity, std::shared_ptr<Attempt> attempt);

}  // namespace signet::gnutls
