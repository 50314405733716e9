#pragma once

#include <signet/error.h>

#include <cstdint>
#include <optional>

#include <openssl/types.h>

namespace signet::openssl {

// Failure puts into words why SSL_connect, SSL_accept, SSL_read or SSL_write gave `result` on `connection`:
// the peer's alert first, then our own verification, the network, and libssl's reason. `answered` tells
// whether the peer got the certificate that it asked for, if it did. Entries of the ERR queue may be gone
// afterwards.
Error Failure(SSL* connection, int result, std::optional<std::uint8_t> alert, bool answered);

}  // namespace signet::openssl
