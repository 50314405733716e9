#pragma once

#include "base/openssl_ptr.h"

#include <memory>
#include <vector>

#include <poll.h>

namespace signet {

// EventLoop drives many handshakes through memory on the thread that calls Run, as a server's event loop
// does: it continues with connections that are ready, and otherwise waits for the descriptors of paused ones.
class EventLoop {
 public:
  enum class State { kGoesOn, kPaused, kDone, kFailed };

  struct Side {
    explicit Side(SSL* made) : ssl(made) {}
    OpenSslPtr<SSL> ssl;
    State state = State::kGoesOn;
  };
  struct Connection {
    Connection(SSL_CTX* client, SSL_CTX* server);
    Side client, server;
    bool done() const { return client.state == State::kDone && server.state == State::kDone; }
  };

  // Add begins a connection, which lives with the loop.
  Connection& Add(SSL_CTX* client, SSL_CTX* server);
  // Run continues until every handshake is done or failed; tells how many are done.
  int Run();
  // RunUntilAllPause continues until every connection is paused; false if one does not come to that.
  bool RunUntilAllPause();
  // Drop frees all connections, in every state.
  void Drop() { connections_.clear(); }

  // pauses counts how often a side was paused; waits how often the loop slept because nobody could continue.
  int pauses() const noexcept { return pauses_; }
  int waits() const noexcept { return waits_; }

 private:
  // Step continues with one side; tells whether that made a difference.
  bool Step(Side& side);
  bool StepAll();
  bool Wait(int milliseconds);

  std::vector<std::unique_ptr<Connection>> connections_;
  int pauses_ = 0;
  int waits_ = 0;
};

// Descriptors gives what a paused SSL waits for.
std::vector<pollfd> Descriptors(SSL* connection);

}  // namespace signet
