#pragma once

#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <memory>
#include <string>
#include <vector>

namespace signet {

// ServerSetup contains the files and options for another program's server.
struct ServerSetup {
  testing::TestIdentity identity;  // the server's own
  std::string trust_pem;           // CAs of its clients
  std::string tls;                 // "1.2", "1.3", or empty for both
  enum class Asks { kNever, kOptionally, kRequires } asks = Asks::kRequires;
  std::vector<std::string> extra;  // further arguments, or lines of the server block for nginx
};

// MutualTlsServer is a server on a free port of the loopback that logs its clients' identities. It ends with
// this object.
class MutualTlsServer {
 public:
  enum class Kind { kOpenSsl, kNginx, kGnuTls };
  // MutualTlsServer fails with std::runtime_error when the server does not come up.
  MutualTlsServer(Kind kind, const ServerSetup& setup);

  // address is "127.0.0.1:PORT": a minimal system cannot resolve localhost.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const noexcept { return port_; }
  // trust_file is a PEM file with the CA of the server's own certificate.
  const std::string& trust_file() const noexcept { return trust_file_; }
  // SawSubject tells whether a client with this common name was verified by the server, waiting for its
  // words.
  bool SawSubject(const std::string& common_name);
  std::string output() const { return process_->output(); }

 private:
  std::vector<std::string> OpenSslArguments(const ServerSetup& setup) const;
  std::vector<std::string> NginxArguments(const ServerSetup& setup) const;
  std::vector<std::string> GnuTlsArguments(const ServerSetup& setup) const;

  Kind kind_;
  testing::TemporaryDirectory directory_;
  std::string trust_file_;
  std::string certificate_, key_, client_trust_;
  std::uint16_t port_;
  std::unique_ptr<testing::BackgroundProcess> process_;
};

// NameOf gives "OpenSsl", "Nginx" or "GnuTls".
std::string NameOf(MutualTlsServer::Kind kind);

}  // namespace signet
