// What the command prints at 80 columns, as files in snapshots/. UPDATE_SNAPSHOTS=1 rewrites them.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::SoftHsm;
using testing::TestPki;

// Settled replaces what is another one in each run by something of the same length.
std::string Settled(std::string text) {
  const std::pair<const char*, const char*> kChanging[] = {
      {"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "2026-01-31T12:00:00Z"},
      {"serial=[0-9a-f]{16}", "serial=0123456789abcdef"},
      {"serial number [0-9a-f]{16}", "serial number 0123456789abcdef"},
      {"[0-9a-f]{64}", "sha256"},
      {"[0-9]+\\.[0-9] ms", "1.0 ms"},
      {"[0-9]+ bytes", "100 bytes"},
      {"/usr/lib/[^ )]*softhsm2.so", "/usr/lib/softhsm/libsofthsm2.so"},
      {"\n<- NewSessionTicket[^\n]*", ""},  // how many and when is the server's affair
      {"\n(<-|->) Alert[^\n]*", ""},        // who closes first, too
      {"\n     [^ \n][^\n]*(?=\n)", ""},    // what is in a message depends on the stack's version
  };
  for (const auto& [pattern, replacement] : kChanging)
    text = std::regex_replace(text, std::regex(pattern), replacement);
  return text;
}

class Snapshot : public ::testing::Test {
 protected:
  // Matches runs the command in the directory of the test's files, and compares both streams with the file.
  void Matches(const std::string& name, std::vector<std::string> arguments,
               testing::Environment environment = {}) {
    std::vector<std::string> argv = {"setsid", "--wait", SIGNET_COMMAND};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    environment["COLUMNS"] = "80";
    const auto result =
        testing::RunProgram({.argv = std::move(argv),
                             .environment = std::move(environment),
                             .unset = {"OPENSSL_CONF", "OPENSSL_MODULES", "PKCS11_PROVIDER_MODULE",
                                       "SIGNET_MODULE", "SIGNET_TOKEN_PIN"},
                             .directory = directory_.path()});
    const std::string text = Settled(result.out + result.err);
    const std::string path = std::string(SIGNET_SNAPSHOTS) + "/" + name + ".txt";
    if (std::getenv("UPDATE_SNAPSHOTS") != nullptr) std::ofstream(path) << text;
    std::ifstream in(path);
    EXPECT_EQ(text, (std::string{std::istreambuf_iterator<char>(in), {}})) << path;
    std::istringstream lines(result.out + result.err);
    for (std::string line; std::getline(lines, line);) {
      const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
      EXPECT_TRUE(line.size() <= 80 || one_word || line.find("pkcs1") != std::string::npos ||
                  line.starts_with("  signet "))
          << line;
    }
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::TemporaryDirectory directory_;
  std::string file_ = directory_.Write("alice.p12", testing::MakePkcs12(alice_));
  std::string password_ = directory_.Write("password", "secret");
};

TEST_F(Snapshot, Help) {
  Matches("bare", {});
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"list"},
                                                                                    {"show"},
                                                                                    {"handshake"},
                                                                                    {"serve"},
                                                                                    {"token"},
                                                                                    {"token", "init"},
                                                                                    {"token", "set-pin"},
                                                                                    {"token", "keygen"},
                                                                                    {"token", "import"},
                                                                                    {"token", "remove"},
                                                                                    {"pem"},
                                                                                    {"doctor"}}) {
    if (SIGNET_BOTAN_VERSION == 0 && (verb.front() == "handshake" || verb.front() == "serve")) continue;
    std::string name = "help";
    for (const std::string& word : verb) name += "-" + word;
    std::vector<std::string> arguments = verb;
    arguments.push_back("--help");
    Matches(name, arguments);
  }
}

TEST_F(Snapshot, List) {
  SoftHsm hsm({.label = "demo"});
  hsm.Import(alice_, {.id = "\x01", .label = "Alice's key"});
  directory_.Write(
      "mail.p12",
      testing::MakePkcs12(pki_.Issue({.common_name = "mail", .extended_key_usage = "emailProtection"})));
  Matches("list-files", {"list", "alice.p12", "mail.p12", "none.p12", "--pin-source", "file:password"});
  Matches("list-token", {"list", "--module", SoftHsm::module_path()}, hsm.environment());
}

TEST_F(Snapshot, Handshake) {
  MutualTlsServer server(MutualTlsServer::Kind::kOpenSsl,
                         {.identity = server_pki_.Issue(CertificateOptions::Server()),
                          .trust_pem = pki_.root().RootPem(),
                          .tls = "1.3"});
  Matches("handshake", {"handshake", server.address(), "alice.p12", "--trust", server.trust_file(),
                        "--pin-source", "file:password"});
}

TEST_F(Snapshot, Doctor) {
  directory_.Write("openssl.cnf", "openssl_conf = openssl\n[openssl]\n");
  SoftHsm hsm({.label = "demo"});
  Matches("doctor",
          {"doctor", "alice.p12?pin-source=file:password", "--openssl-conf", "openssl.cnf", "--module",
           SoftHsm::module_path()},
          hsm.environment());
  Matches("doctor-symptom", {"doctor", "--symptom", "tlsv13 alert certificate required"});
}

}  // namespace
}  // namespace signet
