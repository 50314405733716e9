#pragma once

#include <signet/signature_scheme.h>
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <botan/build.h>

namespace signet::botan {

// kTlsVersions are those that this Botan has.
inline constexpr std::uint16_t kTlsVersions[] = {0x0303,
#if BOTAN_VERSION_MAJOR >= 3
                                                 0x0304
#endif
};

// ServerOptions are what a real TLS server of another make is started with.
struct ServerOptions {
  std::uint16_t version = 0x0303;
  SignatureScheme scheme = SignatureScheme::kRsaPssRsaeSha256;  // the only one that a client may sign with
  std::optional<SignatureScheme> also = {};                     // a second one; OpenSSL only
  bool require = true;                                          // a client certificate
  std::string groups = {};                                      // curves; empty: its own choice; OpenSSL only
  std::string client_ca = {};                                   // PEM file; empty: the site's CA
};

// Server is one that runs while the object lives.
class Server {
 public:
  virtual ~Server() = default;
  std::uint16_t port() const noexcept { return port_; }
  // Saw waits until the server itself has said that a client with this common name came.
  virtual bool Saw(const std::string& common_name) = 0;
  // WaitFor waits until the server has said `part`.
  bool WaitFor(std::string_view part) {
    return process_->WaitForLine(part, std::chrono::seconds(10)).has_value();
  }
  std::string output() const { return process_->output(); }

 protected:
  explicit Server() : port_(testing::FreePort()) {}
  void Start(const testing::Command& command);

  std::uint16_t port_;
  std::unique_ptr<testing::BackgroundProcess> process_;
};

using ServerMaker = std::unique_ptr<Server> (*)(const ServerOptions& options);
std::unique_ptr<Server> StartOpenSsl(const ServerOptions& options);
std::unique_ptr<Server> StartNginx(const ServerOptions& options);
std::unique_ptr<Server> StartGnuTls(const ServerOptions& options);

}  // namespace signet::botan
