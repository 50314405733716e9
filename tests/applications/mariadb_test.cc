#include "applications/program_page.h"
#include "applications/program_site.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

class MariaDb : public ::testing::Test {
 protected:
  MariaDb() {
    const auto made = site_.Run(
        "mariadb-install-db --no-defaults --user=$(id -un) --datadir=/etc/signet/data --skip-test-db "
        "--auth-root-authentication-method=normal --skip-name-resolve");
    if (!made.ok()) throw std::runtime_error(made.out + made.err);
    port_ = site_.Port("3306");
    site_.Write("create.sql",
                page_.Block("sql") + "CREATE USER bob@'%' REQUIRE SUBJECT '/O=Signet Test/CN=bob';\n");
    const std::string configuration =
        "[mariadbd]\ndatadir = /etc/signet/data\nsocket = /etc/signet/mariadb.sock\npid-file = "
        "/etc/signet/pid\n"
        "init-file = /etc/signet/create.sql\ninnodb-buffer-pool-size = 8M\nskip-name-resolve\n" +
        page_.Block("ini");
    server_ = site_.StartServer(
        "mariadbd --defaults-file=" + site_.Write("my.cnf", configuration) + " --user=$(id -un)", port_);
  }

  const ProgramPage page_{"mariadb.md"};
  ProgramSite site_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> server_;
};

// The server lets this user in only with Alice's subject.
TEST_F(MariaDb, ServerAndClientPresentTheirIdentitiesInTheToken) {
  site_.module().Reset();
  const auto result = site_.Run(page_.Block("sh"));
  EXPECT_EQ(result.out, "CURRENT_USER()\nalice@%\n") << result.err << server_->output();
  ExpectSignatures(site_.module(), 2);
  ExpectTwoCallsOnceWarm(site_.module());
  EXPECT_EQ(ServerName(site_, port_, "mysql"), "token-server");

  const std::string as_bob =
      "mariadb --no-defaults -h 127.0.0.1 -P 3306 --ssl-ca=ca.pem --ssl-cert=plain-client.crt "
      "--ssl-key=plain-client.key --ssl-verify-server-cert -N -e 'SELECT 1' -u ";
  EXPECT_FALSE(site_.Run(as_bob + "alice").ok());
  site_.module().Reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(site_.Run(as_bob + "bob").out, "1\n");
  ExpectOnlySignatures(site_.module(), 3);
}

}  // namespace
}  // namespace signet
