#pragma once

#include "applications/mutual_tls_server.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <optional>
#include <string>
#include <vector>

namespace signet {

// SymptomWorld has what a program needs to fail: servers, certificates, configurations. Every function gives
// what the program printed.
class SymptomWorld {
 public:
  using Kind = MutualTlsServer::Kind;
  using Argv = std::vector<std::string>;

  explicit SymptomWorld(std::string tls = "1.3") : tls_(std::move(tls)) {}

  // Server asks for certificates of "Known Root".
  MutualTlsServer Server(Kind kind, testing::CertificateOptions own = testing::CertificateOptions::Server(),
                         std::vector<std::string> extra = {}) const;
  static std::string Printed(const Argv& argv, const testing::Environment& environment = {});
  // Curl, Python and Java visit `server`, with the identity in two PEM files if there is one; Java's is in
  // a PKCS#12 file.
  std::string Curl(const MutualTlsServer& server, const Argv& more = {},
                   const testing::Environment& environment = {}) const;
  std::string Python(const MutualTlsServer& server, const Argv& more = {}) const;
  std::string Java(const MutualTlsServer& server, const Argv& properties = {}) const;
  std::string Chromium(const MutualTlsServer& server) const;
  std::string Firefox(const MutualTlsServer& server) const;
  // JavaServer refuses a client that brings nothing.
  std::string JavaServer() const;
  // ServerLog is what `kind` writes when a client with `more` arguments of curl came.
  std::string ServerLog(Kind kind, const Argv& more = {}) const;

  // PemFiles gives the paths of a certificate and its key.
  std::pair<std::string, std::string> PemFiles(const testing::TestIdentity& identity) const;
  // RootFile is the certificate of pki()'s CA.
  std::string RootFile() const { return directory_.Write("known-root.pem", pki_.root().RootPem()); }
  Argv CurlFiles(const testing::TestIdentity& identity) const;
  std::string Pkcs12File(const testing::TestIdentity& identity,
                         const testing::Pkcs12Options& options = {}) const;
  // Pointer is a PEM key file that points to a token's key.
  std::string Pointer(const std::string& uri = "pkcs11:token=nowhere;object=key") const;
  // OnlyProvider is the environment of an openssl.cnf that activates `provider` and no other.
  testing::Environment OnlyProvider(const std::string& provider) const;

  const testing::TestPki& pki() const noexcept { return pki_; }
  testing::TestIdentity Stranger() const {
    return testing::TestPki(testing::CertificateOptions::Ca("Strange Root")).Issue({});
  }

 private:
  std::string JavaTrust() const;

  std::string tls_;
  testing::TestPki pki_{testing::CertificateOptions::Ca("Known Root")};
  testing::TestPki server_pki_{testing::CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
};

}  // namespace signet
