#pragma once

#include "inspector/report.h"
#include <signet/identity.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline inspector {

// ProbeOptions say whom to connect to and what with.
struct ProbeOptions {
  std::string
      host;  // also the name that the server's certificate must carry, and SNI unless it is an address
  std::uint16_t port = 0;
  std::vector<Identity>
      identities;          // considered for the server's CertificateRequest; may be locked, may be empty
  bool pinned = false;     // the user named the one identity: present it where that is possible at all
  std::string trust_file;  // PEM certificates that the server's chain may end at; empty: the system's store
  std::optional<std::uint16_t>
      protocol_version;  // 0x0303 or 0x0304 and nothing else; default: what both sides have
  std::string request;   // sent after the handshake; empty: a GET of HTTP/1.1; "/path": a GET of that path
  bool resume = false;   // make a second connection that resumes the first one's session
  std::chrono::milliseconds timeout{10'000};  // for all the waiting for the server in one connection
};

// ServeOptions are what a test server needs. Its own key comes from `identity` or from the two files.
struct ServeOptions {
  std::optional<Identity> identity;
  std::string certificate_file;  // PEM, leaf first
  std::string key_file;          // PEM
  std::string trust_file;  // PEM; clients' chains must end there, and its names are the request's authorities
  std::optional<std::uint16_t> protocol_version;
  std::chrono::milliseconds timeout{10'000};
};

// Visitor is a client of the test server.
struct Visitor {
  std::string subject;    // as in RFC 4514
  std::string user_name;  // as Certificate::user_name
  std::string scheme;     // IANA name, of the client's CertificateVerify
  std::string protocol;   // "TLSv1.3"
  std::string cipher;     // IANA name
  bool resumed = false;
  std::optional<Error> failure;  // why the handshake failed; the rest is then empty or part of it
};

// Acceptor answers connections, each with a handshake that requires a client certificate and, to any data
// that the client then says, one HTTP response that names the visitor. Any number of threads may use it at
// once.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // Accept talks on the connected socket and leaves it open. What goes wrong is Visitor::failure.
  virtual Visitor Accept(int socket) = 0;
};

// Probe runs real handshakes on one TLS stack. Each TLS plugin has one.
class Probe {
 public:
  virtual ~Probe() = default;
  // Connect makes one connection, or two with `resume`, and reports each. What goes wrong in a connection is
  // its report's failure, with the messages seen up to there. Nothing is presented to a server that was not
  // verified, and an identity is unlocked only after it was chosen. Throws Error for options that cannot be
  // used.
  virtual std::vector<HandshakeReport> Connect(const ProbeOptions& options) = 0;
  // Version names the stack and the version of it that runs: "OpenSSL 3.5.1".
  virtual std::string Version() const = 0;
  // Listen prepares a test server; throws Error for options that cannot be used.
  virtual std::unique_ptr<Acceptor> Listen(const ServeOptions& options) = 0;
};

}  // namespace signet::inline inspector
