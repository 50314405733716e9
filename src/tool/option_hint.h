#pragma once

#include <signet/error.h>

namespace signet::tool {

// WithOptionHint adds the command's own option to a library's general hint, which speaks of programs. An
// error with its own hint is not changed.
Error WithOptionHint(const Error& error);

}  // namespace signet::tool
