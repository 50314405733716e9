#include "openssl_tls/event_loop.h"

#include "base/openssl_error.h"

#include <algorithm>

#include <openssl/err.h>

namespace signet {
namespace {

using State = EventLoop::State;

bool Over(const EventLoop::Side& side) { return side.state == State::kDone || side.state == State::kFailed; }

State StateAfter(SSL* connection, int result) {
  if (result == 1) return State::kDone;
  switch (SSL_get_error(connection, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return State::kGoesOn;
    case SSL_ERROR_WANT_ASYNC:
      return State::kPaused;
    default:
      return State::kFailed;
  }
}

}  // namespace

std::vector<pollfd> Descriptors(SSL* connection) {
  std::size_t count = 0;
  SSL_get_all_async_fds(connection, nullptr, &count);
  std::vector<OSSL_ASYNC_FD> descriptors(count);
  SSL_get_all_async_fds(connection, descriptors.data(), &count);
  std::vector<pollfd> polled;
  for (const int descriptor : descriptors) polled.push_back({.fd = descriptor, .events = POLLIN});
  return polled;
}

EventLoop::Connection::Connection(SSL_CTX* client_context, SSL_CTX* server_context)
    : client(SSL_new(client_context)), server(SSL_new(server_context)) {
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  CheckOpenSsl(BIO_new_bio_pair(&client_end, 1 << 16, &server_end, 1 << 16), "BIO_new_bio_pair");
  SSL_set_bio(client.ssl.get(), client_end, client_end);
  SSL_set_bio(server.ssl.get(), server_end, server_end);
  SSL_set_connect_state(client.ssl.get());
  SSL_set_accept_state(server.ssl.get());
}

EventLoop::Connection& EventLoop::Add(SSL_CTX* client, SSL_CTX* server) {
  return *connections_.emplace_back(std::make_unique<Connection>(client, server));
}

bool EventLoop::Step(Side& side) {
  if (Over(side)) return false;
  SSL* const connection = side.ssl.get();
  if (side.state == State::kPaused) {
    auto descriptors = Descriptors(connection);
    if (poll(descriptors.data(), descriptors.size(), 0) == 0) return false;
  }
  const State before = side.state;
  const OSSL_HANDSHAKE_STATE handshake_before = SSL_get_state(connection);
  const std::size_t unread = BIO_ctrl_pending(SSL_get_rbio(connection));
  ERR_clear_error();
  side.state = StateAfter(connection, SSL_do_handshake(connection));
  if (side.state == State::kPaused) ++pauses_;
  return side.state != before || SSL_get_state(connection) != handshake_before ||
         BIO_ctrl_pending(SSL_get_rbio(connection)) != unread;
}

bool EventLoop::StepAll() {
  bool moved = false;
  for (const auto& connection : connections_) {
    moved |= Step(connection->client);
    moved |= Step(connection->server);
    // A side that failed leaves the other waiting for nothing.
    if (!moved && connection->client.state == State::kFailed && connection->server.state == State::kGoesOn) {
      connection->server.state = State::kFailed;
    }
    if (!moved && connection->server.state == State::kFailed && connection->client.state == State::kGoesOn) {
      connection->client.state = State::kFailed;
    }
  }
  return moved;
}

bool EventLoop::Wait(int milliseconds) {
  std::vector<pollfd> all;
  for (const auto& connection : connections_) {
    for (const Side* side : {&connection->client, &connection->server}) {
      if (side->state != State::kPaused) continue;
      const auto descriptors = Descriptors(side->ssl.get());
      all.insert(all.end(), descriptors.begin(), descriptors.end());
    }
  }
  ++waits_;
  return !all.empty() && poll(all.data(), all.size(), milliseconds) > 0;
}

int EventLoop::Run() {
  while (StepAll() || Wait(30'000)) {
  }
  return static_cast<int>(std::ranges::count_if(connections_, [](const auto& one) { return one->done(); }));
}

bool EventLoop::RunUntilAllPause() {
  const auto paused = [](const auto& one) {
    return one->client.state == State::kPaused || one->server.state == State::kPaused;
  };
  while (!std::ranges::all_of(connections_, paused)) {
    if (!StepAll()) return false;
  }
  return true;
}

}  // namespace signet
