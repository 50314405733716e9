// One thread that keeps 64 handshakes in flight, in SSL_MODE_ASYNC, with 1 ms for each PKCS#11 call and
// without. Both ends of each handshake are on that thread, and so share its time. The two take turns; the
// ratio is the median.
#include "contest.h"
#include "handshakes.h"
#include "report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include <openssl/async.h>
#include <poll.h>

namespace signet::bench {
namespace {

constexpr std::size_t kInFlight = 64;

// EventLoop is what a server with one thread does: it runs handshakes until they wait, and polls.
class EventLoop {
 public:
  EventLoop(SSL_CTX* client, SSL_CTX* server) : client_(client), server_(server) {}

  // Run keeps kInFlight handshakes going for about `time`, and gives how many were done a second.
  double Run(std::chrono::milliseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    end_ = begin + time;
    for (std::size_t i = 0; i < kInFlight; ++i) Launch(i);
    while (std::ranges::any_of(descriptors_, [](const pollfd& entry) { return entry.fd >= 0; })) {
      poll(descriptors_.data(), descriptors_.size(), -1);
      for (std::size_t i = 0; i < kInFlight; ++i) {
        if (descriptors_[i].fd >= 0 && descriptors_[i].revents != 0 && Finish(i) &&
            std::chrono::steady_clock::now() < end_) {
          Launch(i);
        }
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return done_ / took.count();
  }

 private:
  // Launch starts handshakes in a place until one waits, or the time is over.
  void Launch(std::size_t place) {
    do {
      handshakes_[place] = std::make_unique<Handshake>(client_, server_);
      if (!Finish(place)) return;
    } while (std::chrono::steady_clock::now() < end_);
  }

  // Finish continues with a handshake and tells whether it is done; else its place is watched.
  bool Finish(std::size_t place) {
    descriptors_[place] = {-1, POLLIN, 0};
    if (handshakes_[place]->Step() == Handshake::State::kDone) {
      ++done_;
      return true;
    }
    std::size_t count = 1;
    OSSL_ASYNC_FD descriptor = -1;
    SSL_get_all_async_fds(handshakes_[place]->client(), nullptr, &count);
    if (count != 1) throw std::runtime_error("a paused handshake has not exactly one descriptor to wait for");
    SSL_get_all_async_fds(handshakes_[place]->client(), &descriptor, &count);
    descriptors_[place].fd = descriptor;
    return false;
  }

  SSL_CTX* const client_;
  SSL_CTX* const server_;
  std::chrono::steady_clock::time_point end_;
  std::array<std::unique_ptr<Handshake>, kInFlight> handshakes_;
  std::array<pollfd, kInFlight> descriptors_{};
  int done_ = 0;
};

// Client is a contender's client, and its rates.
struct Client {
  Client(const ContenderKind& kind, const KeyedToken& token) : entrant(kind, token.hsm) {
    key = entrant.contender.Load(token.Uri());
    context = ClientContext(token.pki, entrant.contender.library(), TLS1_3_VERSION);
    UseKey(context.get(), token.identity, key.get());
    SSL_CTX_set_mode(context.get(), SSL_MODE_ASYNC);
  }
  Entrant entrant;
  OpenSslPtr<EVP_PKEY> key;
  OpenSslPtr<SSL_CTX> context;
  std::vector<double> ratios = {};
  std::vector<double> rates = {};  // without latency
};

void Async(benchmark::State& state) {
  const std::chrono::milliseconds slice(Quick() ? 50 : 600);
  const KeyedToken token(kEcdsa);
  const OpenSslPtr<SSL_CTX> server = ServerContext(token.pki, TLS1_3_VERSION);
  std::vector<std::unique_ptr<Client>> clients;
  ForEachContender(state, [&](const ContenderKind& kind) {
    auto client = std::make_unique<Client>(kind, token);
    EventLoop(client->context.get(), server.get()).Run(slice / 4);
    clients.push_back(std::move(client));
  });
  for (auto _ : state) {
    for (const auto& client : clients) {
      const auto rate = [&](std::uint64_t delay_us) {
        client->entrant.module.Set({.delay_us = delay_us});
        return EventLoop(client->context.get(), server.get()).Run(slice);
      };
      client->rates.push_back(rate(0));
      client->ratios.push_back(rate(1000) / client->rates.back());
    }
  }
  for (const auto& client : clients) {
    Put(state, "", client->entrant.name(), Median(client->ratios));
    if (client->entrant.name() == kSignet) Put(state, "", kBeside, Median(client->rates));
  }
}
BENCHMARK(Async)->Name("async")->Iterations(Quick() ? 1 : 11)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace signet::bench
