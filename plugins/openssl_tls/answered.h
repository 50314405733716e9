#pragma once

#include <signet/error.h>
#include <signet/identity_selector.h>

#include <optional>

namespace signet::openssl {

// Answered is what a selector last answered on a connection, kept with it for HandshakeError.
struct Answered {
  Choice choice;
  std::optional<Error> error;  // why what was chosen could not be used
};

}  // namespace signet::openssl
