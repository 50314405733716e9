#pragma once

#include <signet/secret.h>

#include <string_view>

namespace signet::inline process {

// RefusedPinLedger remembers which PIN was refused by which token, across threads and forked workers, so that
// none sends it again. It holds salted digests only, in shared memory made at the first call in this process
// or one of its forebears. When it is full the oldest entry goes.
class RefusedPinLedger {
 public:
  // Prepare makes the shared memory; call it before the process forks.
  static void Prepare();
  static bool WasRefused(std::string_view token_serial, const Secret& pin);
  static void Refused(std::string_view token_serial, const Secret& pin);
  // Accepted deletes the record of this PIN: the token's PIN was changed to it.
  static void Accepted(std::string_view token_serial, const Secret& pin);
};

}  // namespace signet::inline process
