#pragma once

#include "openssl_tls/memory_handshake.h"

#include <functional>
#include <string>
#include <vector>

namespace signet {

// Request is what a server asks for. It trusts the authorities that it names and no others.
struct Request {
  std::string authorities;  // letters of the roots; empty: none is named, all are trusted
  std::string schemes;      // as SSL_CTX_set1_client_sigalgs_list takes them
  int level;                // an OpenSSL client's security level
  std::string groups;       // an OpenSSL client's
};
std::vector<Request> Requests();

// RequestTable is servers that ask, and identities to answer with: those that a connection refuses are the
// first in rank.
class RequestTable {
 public:
  RequestTable();

  const std::vector<Identity>& identities() const noexcept { return identities_; }
  const testing::TestIdentity& server_root() const noexcept { return server_pki_.root(); }
  // Server accepts connections without a certificate too. `version` is "1.2" or "1.3".
  OpenSslPtr<SSL_CTX> Server(const Request& request, const std::string& version) const;

 private:
  // ServerOptions has a key that all groups of the client allow.
  static testing::CertificateOptions ServerOptions() {
    auto options = testing::CertificateOptions::Server();
    options.key = "rsa:3072";
    return options;
  }
  void Add(const testing::TestIdentity& made, const std::vector<Certificate>& issuers);
  void Add(const testing::TestIdentity& made) { Add(made, made.issuers); }
  void AddCrossSigned();
  const testing::TestPki& Root(char letter) const { return letter == 'a' ? a_ : letter == 'b' ? b_ : c_; }

  testing::TestPki a_{testing::CertificateOptions::Ca("Authority A")};
  testing::TestPki b_{testing::CertificateOptions::Ca("Authority B")};
  testing::TestPki c_{testing::CertificateOptions::Ca("Authority C")};
  testing::TestPki server_pki_{testing::CertificateOptions::Ca("Server Root")};
  Identity server_ = TokenIdentity(server_pki_.Issue(ServerOptions())).identity;
  std::vector<Identity> identities_;
};

// NameOfClient has `context` serve one client in a thread while `connect` runs, which gets the server's port.
// It returns the common name that the server accepted; empty for none, "failed" for no connection.
std::string NameOfClient(SSL_CTX* context, const std::function<void(std::uint16_t port)>& connect);

// Presenter makes one connection to a server that sends `request`, and returns NameOfClient. *why, where it
// is not null, gets the result of each identity.
using Presenter = std::function<std::string(const Request& request, const std::vector<Identity>& identities,
                                            std::string* why)>;
// ExpectEveryRequestAnswered expects that a stack presents one of the table's identities for each request
// that any of them can answer by itself, and of at least 15 requests.
void ExpectEveryRequestAnswered(const RequestTable& table, const Presenter& present);

// Alternatives lists an identity with each chain that it could send: each path, whole and cut short.
std::vector<Identity> Alternatives(const Identity& identity);

}  // namespace signet
