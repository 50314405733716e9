#include "applications/program_page.h"
#include "applications/program_site.h"

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

// Debian has each version's programs in a directory of its own.
std::string Programs() {
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    if (exists(version.path() / "bin/initdb")) return (version.path() / "bin/").string();
  }
  throw std::runtime_error("there is no PostgreSQL in /usr/lib/postgresql");
}

class PostgreSql : public ::testing::Test {
 protected:
  // The server refuses to work as root.
  PostgreSql() {
    site_.HandToNobody();
    const std::string server = ProgramSite::as_nobody() + Programs();
    const auto made = site_.Run(server + "initdb -D /etc/signet/data --no-sync --username=alice --no-locale");
    if (!made.ok()) throw std::runtime_error(made.out + made.err);
    port_ = site_.Port("5432");
    const auto append = [&](const std::string& file, const std::string& text) {
      const auto result = site_.Run(fmt::format("cat >>data/{} <<'END'\n{}END\n", file, text));
      if (!result.ok()) throw std::runtime_error(result.err);
    };
    append("postgresql.conf",
           page_.Block("ini") + "unix_socket_directories = ''\nlog_connections = on\nfsync = off\n");
    EXPECT_TRUE(site_.Run(": >data/pg_hba.conf").ok());
    append("pg_hba.conf", page_.Block("text"));
    server_ = site_.StartServer(server + "postgres -D /etc/signet/data", port_);
  }

  const ProgramPage page_{"postgresql.md"};
  ProgramSite site_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> server_;
};

TEST_F(PostgreSql, ServerAndPsqlPresentTheirIdentitiesInTheToken) {
  site_.module().Reset();
  const auto result = site_.Run(page_.Block("sh"));
  EXPECT_NE(result.out.find("/O=Signet Test/CN=alice"), std::string::npos) << result.err << server_->output();
  EXPECT_TRUE(server_->WaitForLine("identity=\"CN=alice,O=Signet Test\" method=cert")) << server_->output();
  ExpectSignatures(site_.module(), 2);
  ExpectTwoCallsOnceWarm(site_.module());
  EXPECT_EQ(ServerName(site_, port_, "postgres"), "token-server");
}

// A process of its own for each connection finds the key again, and signs once.
TEST_F(PostgreSql, ServerNeedsFifteenCallsForAConnection) {
  const std::string as_bob =
      "psql \"host=127.0.0.1 port=5432 user=bob dbname=postgres sslmode=verify-full sslrootcert=ca.pem "
      "sslcert=plain-client.crt sslkey=plain-client.key\" -c 'SELECT 1'";
  for (int i = 0; i < 3; ++i) {
    site_.module().Reset();
    EXPECT_FALSE(site_.Run(as_bob).ok());  // the certificate is fine, but Bob is no user of the database
    EXPECT_TRUE(server_->WaitForLine("identity=\"CN=bob,O=Signet Test\" method=cert")) << server_->output();
    ExpectSignatures(site_.module(), 1);
    // The process of the connection before may only now end its session.
    EXPECT_EQ(site_.module().Count("*") - site_.module().Count("C_CloseSession"), 15u);
  }
}

}  // namespace
}  // namespace signet
