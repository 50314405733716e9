#pragma once

#include <signet/error.h>
#include <signet/identity_selector.h>

#include <cstdint>
#include <memory>
#include <optional>

#include <openssl/types.h>

namespace signet::openssl {

// Answered is what a selector last answered on a connection, kept with it for HandshakeError.
struct Answered {
  Choice choice;
  std::optional<Error> error;  // why what was chosen could not be used, or could not sign
};

// FatalAlerts are those that a connection saw. They stay with it even if the ERR queue is cleared.
struct FatalAlerts {
  std::optional<std::uint8_t> received;
  std::optional<std::uint8_t> sent;
};

// WatchAlerts keeps FatalAlerts with each connection of `context`, or with `connection`. The program's own
// info callback (SSL_set_info_callback) is called as before; one that is set later replaces ours.
void WatchAlerts(SSL_CTX* context);
void WatchAlerts(SSL* connection);

// AlertsOf gives what WatchAlerts kept; empty if nothing is watched.
FatalAlerts AlertsOf(SSL* connection);

// Watched gives a key that signs as `key` does, and keeps in `answered` why its last signature failed. A
// provider's caller sees no more of that than an entry of the ERR queue.
std::shared_ptr<PrivateKey> Watched(std::shared_ptr<PrivateKey> key, std::shared_ptr<Answered> answered);

}  // namespace signet::openssl
