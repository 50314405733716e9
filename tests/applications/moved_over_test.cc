// The files of a user of pkcs11-provider, with `module =` changed and nothing else, in programs as they are.
#include "applications/program_page.h"
#include "applications/program_site.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

// As its users write it: the provider under its own name, the PIN beside the module, its algorithms preferred
// or not.
constexpr std::string_view kConfiguration = R"(openssl_conf = openssl_init

[openssl_init]
providers = provider_sect
{}
[provider_sect]
default = default_sect
pkcs11 = pkcs11_sect

[default_sect]
activate = 1

[pkcs11_sect]
module = {}
pkcs11-module-path = {}
pkcs11-module-token-pin = file:/etc/signet/pin
pkcs11-module-init-args = slot=4
pkcs11-module-quirks = no-deinit
pkcs11-module-cache-pins = cache
pkcs11-module-load-behavior = early
activate = 1
)";

constexpr std::string_view kPreferred = R"(alg_section = algorithm_sect

[algorithm_sect]
default_properties = ?provider=pkcs11

)";

// PEM key files as it documents them, put together by OpenSSL; the URI has no PIN.
constexpr std::string_view kKeyFile = R"(
printf 'asn1 = SEQUENCE:both\n[both]\nversion = VISIBLESTRING:PKCS\\#11 Provider URI v1.0\nuri = UTF8:{}\n' >uri.cnf
unset OPENSSL_CONF
openssl asn1parse -genconf uri.cnf -noout -out uri.der
{{ echo '-----BEGIN PKCS#11 PROVIDER URI-----'
  openssl base64 -in uri.der
  echo '-----END PKCS#11 PROVIDER URI-----'; }} >{})";

class MovedOver : public ::testing::TestWithParam<const char*> {
 protected:
  MovedOver() {
    site_.Write("openssl.cnf", fmt::format(kConfiguration, GetParam(), SIGNET_PROVIDER, site_.module_path()));
    WriteKeyFile("pkcs11:object=alice;type=private", "client.key");
    WriteKeyFile("pkcs11:token=web;object=server;type=private", "server.key");
    site_.module().Set({.init_args = "slot=4"});
    site_.module().Reset();
  }

  ProgramSite site_;

 private:
  void WriteKeyFile(const std::string& uri, const std::string& name) {
    const auto made = site_.Run(fmt::format(kKeyFile, uri, name));
    EXPECT_TRUE(made.ok()) << made.err;
  }
};

TEST_P(MovedOver, CurlPresentsTheIdentityInTheToken) {
  MutualTlsServer server(MutualTlsServer::Kind::kNginx, PeerOf(site_));
  site_.UsePort("8443", server.port());
  const auto result = site_.Run(
      "curl --no-progress-meter --cacert ca.pem --cert client.crt --key client.key https://127.0.0.1:8443/");
  EXPECT_EQ(result.out, "CN=alice,O=Signet Test\n") << result.err;
  EXPECT_TRUE(server.SawSubject("alice"));
  ExpectSignatures(site_.module(), 1);
}

TEST_P(MovedOver, PythonPresentsTheIdentityInTheToken) {
  MutualTlsServer server(MutualTlsServer::Kind::kNginx, PeerOf(site_));
  site_.UsePort("8443", server.port());
  const auto result = site_.Run(R"(python3 -c '
import ssl, urllib.request
context = ssl.create_default_context(cafile="ca.pem")
context.load_cert_chain("client.crt", "client.key")
print(urllib.request.urlopen("https://127.0.0.1:8443/", context=context).read().decode(), end="")')");
  EXPECT_EQ(result.out, "CN=alice,O=Signet Test\n") << result.err;
  EXPECT_TRUE(server.SawSubject("alice"));
  ExpectSignatures(site_.module(), 1);
}

TEST_P(MovedOver, NginxServesWithTheIdentityInTheToken) {
  const auto port = site_.Port("8443");
  const auto server = StartNginx(site_, ProgramPage("nginx.md").Block("nginx"), port);
  EXPECT_EQ(Visit(site_, port), "CN=bob,O=Signet Test\n") << server->output();
  EXPECT_EQ(ServerName(site_, port), "token-server");
  ExpectTwoCallsOnceWarm(site_.module());
}

INSTANTIATE_TEST_SUITE_P(All, MovedOver, ::testing::Values("", kPreferred.data()), [](const auto& row) {
  return *row.param == '\0' ? "Plain" : "ItsAlgorithmsPreferred";
});

}  // namespace
}  // namespace signet
