#include "applications/program_page.h"
#include "applications/program_site.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace signet {
namespace {

constexpr const char* kModules = "/usr/lib/apache2/modules";

// Configuration is the page's, with what Debian's own files say around it.
std::string Configuration(const std::string& mpm, const std::string& lines) {
  return fmt::format(
      R"(ServerRoot /etc/signet
ServerName 127.0.0.1
LoadModule mpm_{0}_module {1}/mod_mpm_{0}.so
LoadModule authz_core_module {1}/mod_authz_core.so
LoadModule proxy_module {1}/mod_proxy.so
LoadModule proxy_http_module {1}/mod_proxy_http.so
LoadModule ssl_module {1}/mod_ssl.so
User nobody
Group nogroup
PidFile /etc/signet/apache.pid
Mutex file:/etc/signet
ErrorLog /dev/stderr
LogFormat "%P saw %{{SSL_CLIENT_S_DN}}x" visitor
CustomLog /dev/stdout visitor
DocumentRoot /etc/signet/empty
StartServers 2
{2})",
      mpm, kModules, lines);
}

class Apache : public ::testing::TestWithParam<std::string> {
 protected:
  Apache() {
    EXPECT_TRUE(site_.Run("mkdir empty").ok());
    site_.HandToNobody();
    port_ = site_.Port("8443");
  }

  const ProgramPage page_{"apache.md"};
  ProgramSite site_;
  std::uint16_t port_ = 0;
  const std::string visit_ =
      "curl -sS --cacert ca.pem --cert plain-client.crt --key plain-client.key https://127.0.0.1:8443/";
};

TEST_P(Apache, WorkersServeWithTheIdentityInTheToken) {
  const std::string file = site_.Write("apache.conf", Configuration(GetParam(), page_.Block("apache")));
  const auto server = site_.StartServer("apache2 -DFOREGROUND -f " + file, port_);
  site_.module().Reset();
  Visit(site_, port_, 20);
  EXPECT_EQ(AwaitCount(*server, "saw CN=bob,O=Signet Test", 20), 20u) << server->output();
  ExpectSignatures(site_.module(), 20);
  ExpectTwoCallsOnceWarm(site_.module());
  EXPECT_TRUE(AwaitSigners(site_, visit_, 2)) << server->output();
}

TEST_P(Apache, ReloadBringsWorkersThatSign) {
  const std::string file = site_.Write("apache.conf", Configuration(GetParam(), page_.Block("apache")));
  const auto server = site_.StartServer("apache2 -DFOREGROUND -f " + file, port_);
  ASSERT_TRUE(AwaitSigners(site_, visit_, 2)) << server->output();
  const auto before = Signers(site_.module());
  server->Signal(SIGUSR1);
  ASSERT_TRUE(server->WaitForLine("raceful restart")) << server->output();
  EXPECT_TRUE(AwaitSigners(site_, visit_, 2, before)) << server->output();
  EXPECT_EQ(ServerName(site_, port_), "token-server");
  EXPECT_GE(AwaitCount(*server, "saw CN=bob,O=Signet Test", 4), 4u) << server->output();
}

// A limit of Apache's; where this fails, its page must be corrected.
TEST_P(Apache, ProxyFindsNoIdentityOnATokenAndReportsIt) {
  const std::string file =
      site_.Write("apache.conf",
                  Configuration(GetParam(), page_.Block("apache") +
                                                "SSLProxyEngine on\n"
                                                "SSLProxyMachineCertificateFile /etc/signet/client.pem\n"));
  const auto server = site_.StartServer("apache2 -DFOREGROUND -f " + file, port_);
  EXPECT_TRUE(server->WaitForLine("AH02206: no client certs found for SSL proxy")) << server->output();
}

// In TLS 1.3 a location's SSLVerifyClient is post-handshake authentication (RFC 8446 section 4.6.2), in
// TLS 1.2 a renegotiation.
TEST_P(Apache, CommandPresentsItsIdentityWhereALocationAsks) {
  std::string lines = page_.Block("apache");
  const std::string require = "SSLVerifyClient require";
  lines.replace(lines.find(require), require.size(),
                "SSLVerifyClient none\n<Location /closed>\nSSLVerifyClient require\n</Location>");
  const std::string file = site_.Write("apache.conf", Configuration(GetParam(), lines));
  const auto server = site_.StartServer("apache2 -DFOREGROUND -f " + file, port_);
  ASSERT_TRUE(
      site_
          .Run("openssl pkcs12 -export -in plain-client.crt -inkey plain-client.key -passout pass:secret "
               "-out plain-client.p12")
          .ok());
  for (const std::string tls : {"1.2", "1.3"}) {
    const std::string command =
        "signet handshake 127.0.0.1:8443 --trust ca.pem --request /closed --tls " + tls;
    const auto with = site_.Run(command + " --identity 'pkcs12:plain-client.p12?pin-value=secret'");
    EXPECT_THAT(with.out, ::testing::HasSubstr("HTTP/1.1 404")) << tls << with.err;
    EXPECT_EQ(AwaitCount(*server, "saw CN=", tls == "1.2" ? 1 : 2), tls == "1.2" ? 1U : 2U) << tls;
    EXPECT_EQ(site_.Run(command).exit_status, 1) << tls;
  }
}

INSTANTIATE_TEST_SUITE_P(Mpm, Apache, ::testing::Values("event", "prefork"),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace signet
