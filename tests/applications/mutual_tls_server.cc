#include "applications/mutual_tls_server.h"

#include <chrono>
#include <regex>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

namespace signet {
namespace {

// What each server writes when it verified a client whose subject has this common name.
std::regex Evidence(MutualTlsServer::Kind kind, const std::string& common_name) {
  switch (kind) {
    case MutualTlsServer::Kind::kOpenSsl:
      return std::regex(fmt::format("depth=0 [^\n]*CN ?= ?{}\nverify return:1", common_name));
    case MutualTlsServer::Kind::kNginx:
      return std::regex(fmt::format("visitor SUCCESS CN={}[, ]", common_name));
    case MutualTlsServer::Kind::kGnuTls:
      return std::regex(
          fmt::format("Status: The certificate is trusted[^$]*Subject: CN={}[,\n]", common_name));
  }
  throw std::logic_error("no such server");
}

}  // namespace

std::string NameOf(MutualTlsServer::Kind kind) {
  static constexpr const char* kNames[] = {"OpenSsl", "Nginx", "GnuTls"};
  return kNames[static_cast<std::size_t>(kind)];
}

MutualTlsServer::MutualTlsServer(Kind kind, const ServerSetup& setup)
    : kind_(kind),
      trust_file_(directory_.Write("server-ca.pem", setup.identity.RootPem())),
      certificate_(directory_.Write("server.pem", setup.identity.ChainPem())),
      key_(directory_.Write("server.key", setup.identity.PrivateKeyPem())),
      client_trust_(directory_.Write("client-ca.pem", setup.trust_pem)),
      port_(testing::FreePort()) {
  std::vector<std::string> arguments;
  switch (kind) {
    case Kind::kOpenSsl:
      arguments = OpenSslArguments(setup);
      break;
    case Kind::kNginx:
      arguments = NginxArguments(setup);
      break;
    case Kind::kGnuTls:
      arguments = GnuTlsArguments(setup);
      break;
  }
  process_ = std::make_unique<testing::BackgroundProcess>(testing::Command{.argv = std::move(arguments)});
  if (!process_->WaitForPort(port_))
    throw std::runtime_error("the server did not come up: " + process_->output());
}

std::vector<std::string> MutualTlsServer::OpenSslArguments(const ServerSetup& setup) const {
  std::vector<std::string> arguments = {"openssl",
                                        "s_server",
                                        "-accept",
                                        fmt::format("127.0.0.1:{}", port_),
                                        "-cert_chain",
                                        certificate_,
                                        "-cert",
                                        certificate_,
                                        "-key",
                                        key_,
                                        "-www",
                                        "-no-CAfile",
                                        "-no-CApath",
                                        "-no-CAstore",
                                        "-CAfile",
                                        client_trust_,
                                        "-verify_return_error"};
  if (setup.asks == ServerSetup::Asks::kRequires) arguments.insert(arguments.end(), {"-Verify", "5"});
  if (setup.asks == ServerSetup::Asks::kOptionally) arguments.insert(arguments.end(), {"-verify", "5"});
  if (setup.tls == "1.2") arguments.emplace_back("-tls1_2");
  if (setup.tls == "1.3") arguments.emplace_back("-tls1_3");
  arguments.insert(arguments.end(), setup.extra.begin(), setup.extra.end());
  return arguments;
}

std::vector<std::string> MutualTlsServer::NginxArguments(const ServerSetup& setup) const {
  static constexpr const char* kVerify[] = {"off", "optional", "on"};
  std::string lines;
  for (const std::string& line : setup.extra) lines += "    " + line + "\n";
  const std::string versions = setup.tls.empty() ? "TLSv1.2 TLSv1.3" : "TLSv" + setup.tls;
  const std::string configuration = fmt::format(
      R"(daemon off;
master_process off;
pid {0}/nginx.pid;
error_log stderr info;
events {{ worker_connections 64; }}
http {{
  log_format visitor 'visitor $ssl_client_verify $ssl_client_s_dn $ssl_protocol';
  access_log /dev/stdout visitor;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  server {{
    listen 127.0.0.1:{1} ssl;
    ssl_certificate {2};
    ssl_certificate_key {3};
    ssl_client_certificate {4};
    ssl_verify_client {5};
    ssl_verify_depth 5;
    ssl_protocols {6};
{7}    location / {{ return 200 "$ssl_client_s_dn\n"; }}
  }}
}}
)",
      directory_.path(), port_, certificate_, key_, client_trust_,
      kVerify[static_cast<std::size_t>(setup.asks)], versions, lines);
  const std::string path = directory_.Write("nginx.conf", configuration);
  return {"nginx", "-e", "stderr", "-p", directory_.path(), "-c", path};
}

std::vector<std::string> MutualTlsServer::GnuTlsArguments(const ServerSetup& setup) const {
  std::string priority = "NORMAL";
  if (!setup.tls.empty()) priority += ":-VERS-ALL:+VERS-TLS" + setup.tls;
  std::vector<std::string> arguments = {
      "gnutls-serv", "--port",       std::to_string(port_), "--x509certfile", certificate_, "--x509keyfile",
      key_,          "--x509cafile", client_trust_,         "--http",         "--priority", priority};
  if (setup.asks == ServerSetup::Asks::kNever) arguments.emplace_back("--disable-client-cert");
  if (setup.asks == ServerSetup::Asks::kRequires) {
    arguments.insert(arguments.end(), {"--require-client-cert", "--verify-client-cert"});
  }
  arguments.insert(arguments.end(), setup.extra.begin(), setup.extra.end());
  return arguments;
}

bool MutualTlsServer::SawSubject(const std::string& common_name) {
  using namespace std::chrono_literals;
  const std::regex evidence = Evidence(kind_, common_name);
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (!std::regex_search(process_->output(), evidence)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace signet
