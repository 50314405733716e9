#include "botan/servers.h"

#include "botan/site.h"

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

namespace signet::botan {
namespace {

using testing::Command;

// The server's own key is of the other kind than the client's, so that restricting schemes leaves it one.
bool IsRsa(SignatureScheme scheme) { return Name(scheme).starts_with("rsa"); }
std::string OwnKey(SignatureScheme scheme) { return IsRsa(scheme) ? "ec:P-256" : "rsa:2048"; }

std::string ClientCa(const ServerOptions& options) {
  return options.client_ca.empty() ? Site::Get().trust_file() : options.client_ca;
}

std::string Schemes(const ServerOptions& options) {
  const std::string_view also = options.also ? Name(*options.also) : std::string_view();
  return fmt::format("{}{}{}", Name(options.scheme), also.empty() ? "" : ":", also);
}

class OpenSslServer final : public Server {
 public:
  explicit OpenSslServer(const ServerOptions& options) {
    Site& site = Site::Get();
    const Site::Files files = site.ServerFiles(OwnKey(options.scheme));
    Command command{.argv = {"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port_), "-cert",
                             files.certificate, "-key", files.key, "-CAfile", ClientCa(options),
                             options.require ? "-Verify" : "-verify", "2",
                             options.version == 0x0304 ? "-tls1_3" : "-tls1_2", "-client_sigalgs",
                             Schemes(options), "-www"}};
    if (!options.groups.empty()) command.argv.insert(command.argv.end(), {"-groups", options.groups});
    Start(command);
  }
  bool Saw(const std::string& common_name) override {
    const auto line = process_->WaitForLine("depth=0", std::chrono::seconds(10));
    // OpenSSL 3.5 writes names without the spaces.
    return line && (line->ends_with("CN = " + common_name) || line->ends_with("CN=" + common_name));
  }
};

constexpr const char* kNginxConfiguration = R"(
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr info;
events {{ worker_connections 16; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  log_format visitor 'visitor: $ssl_client_verify $ssl_client_s_dn';
  server {{
    listen 127.0.0.1:{port} ssl;
    access_log {directory}/access.log visitor;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_client_certificate {trust};
    ssl_verify_client {verify};
    ssl_protocols {protocol};
    ssl_conf_command ClientSignatureAlgorithms {scheme};
    location / {{ return 200 "$ssl_client_s_dn\n"; }}
  }}
}}
)";

class NginxServer final : public Server {
 public:
  explicit NginxServer(const ServerOptions& options) {
    Site& site = Site::Get();
    const Site::Files files = site.ServerFiles(OwnKey(options.scheme));
    const std::string configuration = directory_.Write(
        "nginx.conf", fmt::format(kNginxConfiguration, fmt::arg("directory", directory_.path()),
                                  fmt::arg("port", port_), fmt::arg("certificate", files.certificate),
                                  fmt::arg("key", files.key), fmt::arg("trust", ClientCa(options)),
                                  fmt::arg("verify", options.require ? "on" : "optional"),
                                  fmt::arg("protocol", options.version == 0x0304 ? "TLSv1.3" : "TLSv1.2"),
                                  fmt::arg("scheme", Name(options.scheme))));
    Start({.argv = {"/usr/sbin/nginx", "-p", directory_.path(), "-e", "stderr", "-c", configuration}});
  }
  bool Saw(const std::string& common_name) override {
    for (int round = 0; round < 100; ++round) {
      std::ifstream log(directory_.path() + "/access.log");
      std::stringstream text;
      text << log.rdbuf();
      if (text.str().find("visitor: SUCCESS") != std::string::npos) {
        return text.str().find("CN=" + common_name) != std::string::npos;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

 private:
  testing::TemporaryDirectory directory_;
};

// GnuTlsScheme gives GnuTLS's name for a scheme in a priority string.
std::string GnuTlsScheme(SignatureScheme scheme, bool tls13) {
  using enum SignatureScheme;
  switch (scheme) {
    case kRsaPssRsaeSha256:
      return "RSA-PSS-RSAE-SHA256";
    case kRsaPssRsaeSha384:
      return "RSA-PSS-RSAE-SHA384";
    case kRsaPssRsaeSha512:
      return "RSA-PSS-RSAE-SHA512";
    case kRsaPkcs1Sha256:
      return "RSA-SHA256";
    case kRsaPkcs1Sha384:
      return "RSA-SHA384";
    case kRsaPkcs1Sha512:
      return "RSA-SHA512";
    case kEcdsaSecp256r1Sha256:
      return tls13 ? "ECDSA-SECP256R1-SHA256" : "ECDSA-SHA256";
    case kEcdsaSecp384r1Sha384:
      return tls13 ? "ECDSA-SECP384R1-SHA384" : "ECDSA-SHA384";
    case kEcdsaSecp521r1Sha512:
      return tls13 ? "ECDSA-SECP521R1-SHA512" : "ECDSA-SHA512";
    default:
      throw std::invalid_argument("a scheme that no test uses");
  }
}

class GnuTlsServer final : public Server {
 public:
  explicit GnuTlsServer(const ServerOptions& options) {
    Site& site = Site::Get();
    const Site::Files files = site.ServerFiles(OwnKey(options.scheme));
    const bool tls13 = options.version == 0x0304;
    const SignatureScheme own =
        IsRsa(options.scheme) ? SignatureScheme::kEcdsaSecp256r1Sha256 : SignatureScheme::kRsaPssRsaeSha256;
    const std::string priority =
        fmt::format("NORMAL:-VERS-ALL:+VERS-TLS1.{}:-SIGN-ALL:+SIGN-{}:+SIGN-{}", tls13 ? 3 : 2,
                    GnuTlsScheme(options.scheme, tls13), GnuTlsScheme(own, tls13));
    Start({.argv = {
               "gnutls-serv", "--http", "--port", std::to_string(port_), "--x509cafile", ClientCa(options),
               "--x509certfile", files.certificate, "--x509keyfile", files.key, "--priority", priority,
               options.require ? "--require-client-cert" : "--disable-client-cert", "--verify-client-cert"}});
  }
  bool Saw(const std::string& common_name) override {
    const auto line = process_->WaitForLine("Subject: CN=", std::chrono::seconds(10));
    return line && line->find("CN=" + common_name) != std::string::npos;
  }
};

}  // namespace

void Server::Start(const Command& command) {
  process_ = std::make_unique<testing::BackgroundProcess>(command);
  if (!process_->WaitForPort(port_))
    throw std::runtime_error("the server does not start: " + process_->output());
}

std::unique_ptr<Server> StartOpenSsl(const ServerOptions& options) {
  return std::make_unique<OpenSslServer>(options);
}
std::unique_ptr<Server> StartNginx(const ServerOptions& options) {
  return std::make_unique<NginxServer>(options);
}
std::unique_ptr<Server> StartGnuTls(const ServerOptions& options) {
  return std::make_unique<GnuTlsServer>(options);
}

}  // namespace signet::botan
