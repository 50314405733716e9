#pragma once

#include "awkward/paths.h"

#include <string>

namespace signet::testing {

// ChangeToken does one of kAdminPaths as `signet token` does it, with the PINs that the token has at the
// moment. It gives what is not true afterwards, of what is on the token beside what was said; nothing if
// all is as it should be. Throws the Error of a change that failed, and left nothing behind that it does not
// name.
std::string ChangeToken(MemoryModule& module, std::size_t token, Path path, const Settings& settings);

}  // namespace signet::testing
