#pragma once

#include "botan/inspector/channel.h"
#include "inspector/wire_tape.h"
#include <signet/botan_credentials.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace signet::botan {

// Connection is one TLS connection of the probe on a connected socket, all of it on tape.
class Connection {
 public:
  // The two makers begin the handshake. `manager` hears what the peer asks for. `host` is the name or address
  // that the server's certificate must carry. The socket must outlive the connection.
  static Connection ToServer(const Parts& parts, std::shared_ptr<CredentialsManager> manager, int socket,
                             const std::string& host, std::uint16_t port);
  static Connection ToClient(const Parts& parts, std::shared_ptr<CredentialsManager> manager, int socket);

  // Handshake carries bytes until the handshake is over; false if it failed, and Failure says why. `wait`
  // waits for the peer before each read, and is false if that took too long.
  bool Handshake(const std::function<bool()>& wait = {});
  // GiveUp makes Failure say that the peer did not answer in time.
  void GiveUp() noexcept;
  // Pump reads from the socket once; false if there is nothing more to read: closed, failed, or silent for
  // longer than the socket waits.
  bool Pump();
  bool Send(std::string_view text);
  void Close();

  // response is the application data that came so far.
  const std::string& response() const;
  bool silent() const noexcept { return silent_; }
  // pending: Botan hands over all that was read.
  static constexpr bool pending() noexcept { return false; }
  // verified tells whether the peer's chain was found good in this connection.
  bool verified() const;
  WireTape::Played Play() const;
  // peer is the peer's certificate, from the session where that was resumed; nothing if it has none.
  std::optional<Certificate> peer() const;
  // Failure says why the connection did not come to a good end.
  Error Failure() const;

 private:
  class Events;
  Connection(std::shared_ptr<Events> events, std::shared_ptr<CredentialsManager> manager, int socket);
  // Guard runs a call into Botan and keeps what it throws.
  template <class Call>
  bool Guard(Call&& call);

  std::shared_ptr<Events> events_;
  std::shared_ptr<CredentialsManager> manager_;
  Parts parts_;  // Botan 2 keeps references to them
  std::unique_ptr<Botan::TLS::Channel> channel_;
  int socket_;
  bool silent_ = false;
  int errno_ = 0;
  std::optional<Error> error_;
};

}  // namespace signet::botan
