#pragma once

#include <signet/error.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace signet::inline handshake {

// AlertRow is one alert of TLS: its RFC name, what it means where a server sends it to a client, and the
// hint.
struct AlertRow {
  std::uint8_t code;
  std::string_view name;   // "unknown_ca"
  std::string_view words;  // completes "the server "
  std::string_view hint;   // an imperative sentence
};

std::span<const AlertRow> Alerts() noexcept;

// AlertName gives the RFC's name, or "alert 77".
std::string AlertName(std::uint8_t code);

// AlertError puts a fatal alert that a server sent into words; code kHandshake. `sent_certificate` tells
// whether we had presented one.
Error AlertError(std::uint8_t code, bool sent_certificate);
// ClientAlertError is the same where a server received it from a client.
Error ClientAlertError(std::uint8_t code);
// NoneFromClient is what a server says that asked for a certificate and got none; code kHandshake.
Error NoneFromClient();

}  // namespace signet::inline handshake
