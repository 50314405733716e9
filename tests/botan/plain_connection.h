#pragma once

#include "botan/inspector/channel.h"
#include "inspector/socket.h"

#include <memory>
#include <string>
#include <vector>

namespace signet::botan {

// PlainConnection is a connection on localhost as a program of Botan's makes it: no tape, and one TLS record
// at a time, so that several can take turns in one thread.
class PlainConnection {
 public:
  struct Setup {
    std::shared_ptr<CredentialsManager> manager;
    std::shared_ptr<const Botan::TLS::Policy> policy = std::make_shared<ChannelPolicy>();
    bool with_callbacks = true;  // signet::botan::Callbacks on top of the program's own
  };
  static PlainConnection ToServer(const Setup& setup, std::uint16_t port);
  static PlainConnection ToClient(const Setup& setup, Socket socket);
  PlainConnection(PlainConnection&&) noexcept;
  ~PlainConnection();

  // requested is what the program's own callbacks saw of a CertificateRequest: its schemes; empty before it
  // came.
  const std::vector<SignatureScheme>& requested() const noexcept;
  // Step hands one record on to Botan; false if the handshake has failed, or the peer closed.
  bool Step();
  // Shake makes the handshake and gives what failed.
  std::string Shake();
  // Fetch, as a client, sends a request and gives the first line of the answer, or what failed.
  std::string Fetch();

 private:
  class Events;

  PlainConnection(const Setup& setup, Socket socket);

  Socket socket_;
  std::shared_ptr<Botan::TLS::Callbacks> callbacks_;
  Events* events_ = nullptr;  // the part of callbacks_ that is the program's
  Parts parts_;
  std::unique_ptr<Botan::TLS::Channel> channel_;
  std::string failure_;
};

}  // namespace signet::botan
