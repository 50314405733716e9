#include "pkcs11/token/session_lease.h"

namespace signet::inline pkcs11 {

void SessionLease::Spoilt(const Error& error) noexcept {
  switch (StalenessOf(error)) {
    case Staleness::kOperation:
    case Staleness::kUnknown:
      Replace();
      return;
    case Staleness::kSession:
    case Staleness::kPlace:
    case Staleness::kModule:
      Discard();
      return;
    case Staleness::kNone:
    case Staleness::kLogin:
    case Staleness::kObjects:
      return;
  }
}

}  // namespace signet::inline pkcs11
