#include "inspector/socket.h"
#include "tool/console.h"
#include "tool/output.h"
#include "tool/stacks.h"
#include "tool/typed_uri.h"
#include "tool/usage.h"
#include "tool/verbs.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <list>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

namespace signet::tool {
namespace {

struct ServeVerbOptions {
  std::uint16_t port = 0;
  std::string address = "127.0.0.1";
  std::string certificate;
  std::string key;
  std::string identity;
  std::string trust;
  StackOptions stack;
  std::uint64_t count = 0;  // connections to answer; 0: until it is ended
  unsigned timeout_ms = 10'000;
};

void PrintLine(const CommonOptions& common, const Json& json, const std::string& text) {
  if (common.json) {
    PrintJson(json, Layout::kLine);
  } else {
    Console(stdout).Raw(Printable(text) + "\n");  // one line each, also in a log
  }
  std::fflush(stdout);
}

void PrintListening(const CommonOptions& common, const std::string& address, std::uint16_t port) {
  PrintLine(common, {{"address", address}, {"port", port}},
            fmt::format("listening on {} port {}", address, port));
}

void PrintVisitor(const CommonOptions& common, const Visitor& visitor) {
  if (visitor.failure) {
    PrintLine(common, {{"error", ErrorJson(*visitor.failure)}, {"subject", visitor.subject}},
              fmt::format("refused {}{}. {}", visitor.subject.empty() ? "" : visitor.subject + ": ",
                          visitor.failure->detail(), visitor.failure->hint()));
    return;
  }
  const Json json = {{"subject", visitor.subject}, {"user_name", visitor.user_name},
                     {"scheme", visitor.scheme},   {"protocol", visitor.protocol},
                     {"cipher", visitor.cipher},   {"resumed", visitor.resumed}};
  PrintLine(common, json,
            fmt::format("{} as {}, {}, {}{}", visitor.subject,
                        visitor.user_name.empty() ? "nobody" : visitor.user_name,
                        visitor.resumed ? "resumed" : visitor.scheme, visitor.protocol,
                        visitor.cipher.empty() ? "" : ", " + visitor.cipher));
}

using Clock = std::chrono::steady_clock;

// Visit is one connection that a thread of its own answers.
struct Visit {
  Visit(Socket connected, Clock::time_point end) : socket(std::move(connected)), deadline(end) {}
  Socket socket;
  Clock::time_point deadline;
  std::atomic<bool> late = false;
  std::atomic<bool> done = false;
  std::jthread thread;
};

// Visits answers many connections at once, each until its deadline. Used by the thread that listens.
class Visits {
 public:
  Visits(const CommonOptions& common, Acceptor& acceptor, std::chrono::milliseconds timeout)
      : common_(common), acceptor_(acceptor), timeout_(timeout) {}
  ~Visits() {
    while (!visits_.empty()) Wait(-1);
  }

  bool full() const noexcept { return visits_.size() >= kMost; }

  void Begin(Socket socket) {
    visits_.emplace_back(std::move(socket), Clock::now() + timeout_);
    Visit& visit = visits_.back();
    visit.thread = std::jthread([this, &visit] { Answer(visit); });
  }

  // Wait waits for `listener`, or for a while; it ends what is past its deadline and forgets what is done. It
  // tells whether a connection waits at the listener.
  bool Wait(int listener) {
    constexpr int kTick = 20;  // milliseconds
    pollfd entry{.fd = listener, .events = POLLIN, .revents = 0};
    const bool comes = poll(&entry, 1, visits_.empty() ? -1 : kTick) > 0;
    for (Visit& visit : visits_) {
      if (visit.done || visit.late || Clock::now() < visit.deadline) continue;
      visit.late = true;
      shutdown(visit.socket.get(), SHUT_RDWR);
    }
    visits_.remove_if([](const Visit& visit) { return visit.done.load(); });
    return comes;
  }

 private:
  static constexpr std::size_t kMost = 256;

  void Answer(Visit& visit) {
    Visitor visitor = acceptor_.Accept(visit.socket.get());
    // The socket's own time-out may come first.
    if (visitor.failure && (visit.late || Clock::now() >= visit.deadline)) {
      visitor.failure =
          Error({.code = ErrorCode::kNetwork,
                 .detail = fmt::format("the client did not finish within {} ms", timeout_.count()),
                 .hint = "Give it more time with --timeout."});
    }
    {
      const std::lock_guard lock(printing_);
      PrintVisitor(common_, visitor);
    }
    shutdown(visit.socket.get(), SHUT_WR);
    visit.done = true;
  }

  const CommonOptions& common_;
  Acceptor& acceptor_;
  std::chrono::milliseconds timeout_;
  std::mutex printing_;
  std::list<Visit> visits_;
};

int Serve(const CommonOptions& common, const ServeVerbOptions& options) {
  const IdentitySource source = common.OpenSource();
  ServeOptions serve{.certificate_file = options.certificate,
                     .key_file = options.key,
                     .trust_file = options.trust,
                     .protocol_version = options.stack.protocol_version()};
  if (!options.identity.empty()) serve.identity = OpenTyped(source, options.identity);
  const std::unique_ptr<Probe> probe = MakeProbe(options.stack.name);
  const std::unique_ptr<Acceptor> acceptor = probe->Listen(serve);
  const Socket listener = Socket::Listen(options.address, options.port);
  PrintListening(common, options.address, listener.port());
  const std::chrono::milliseconds timeout(options.timeout_ms);
  Visits visits(common, *acceptor, timeout);
  for (std::uint64_t begun = 0; options.count == 0 || begun < options.count;) {
    if (!visits.Wait(visits.full() ? -1 : listener.get())) continue;
    visits.Begin(listener.Accept(timeout));
    ++begun;
  }
  return kDone;
}

}  // namespace

void AddServeVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ServeVerbOptions>();
  CLI::App* verb = app.add_subcommand("serve", "Run a test server that asks for a client certificate");
  TakesNumber(
      *verb->add_option("PORT", options->port, "TCP port; 0 selects a free port")->type_name("")->required(),
      0, 65535);
  CLI::Option* certificate =
      verb->add_option("--cert", options->certificate, "The server's certificate, leaf first");
  CLI::Option* key = verb->add_option("--key", options->key, "Its private key");
  CLI::Option* identity = verb->add_option("--identity", options->identity, "The server's own identity");
  certificate->type_name("PEM")->needs(key)->excludes(identity);
  key->type_name("PEM")->needs(certificate)->excludes(identity);
  identity->type_name("URI");
  TakesUri(*identity);
  verb->add_option("--trust", options->trust, "CAs to trust for client certificates")
      ->type_name("PEM")
      ->required();
  options->stack.AddTo(*verb);
  verb->add_option("--address", options->address, "Address to listen on (default: 127.0.0.1)")
      ->type_name("IP");
  TakesNumber(*verb->add_option("--count", options->count, "End after this many connections")->type_name("N"),
              0, UINT32_MAX);
  TakesNumber(
      *verb->add_option("--timeout", options->timeout_ms, "Time limit for one client (default: 10000)")
           ->type_name("MS"),
      1, kLongestTimeout);
  verb->footer(
      "signet serve 8443 --cert server.pem --key server.key --trust ca.pem\n"
      "signet serve 0 --identity server.p12 --trust ca.pem --count 1");
  verb->callback([&common, options, identity, certificate] {
    if (identity->empty() && certificate->empty())
      throw CLI::RequiredError("--cert and --key, or --identity");
    common.verb = [&common, options] { return Serve(common, *options); };
  });
}

}  // namespace signet::tool
