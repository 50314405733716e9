#pragma once

#include "applications/mutual_tls_server.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace signet {

// Program is a process of one of the programs: one that crashes, or crashed when it was told to end, fails
// the test.
class Program : public testing::BackgroundProcess {
 public:
  using BackgroundProcess::BackgroundProcess;
  ~Program();
};

// ProgramSite is what docs/programs/README.md prepares in /etc/signet, made by that page's own lines in a
// directory that goes with this object: the identities of a server and of Alice in a token, the PEM files
// that point there, openssl.cnf. Beside them, for the other side of a test, a server's and Bob's in plain
// files: plain-server.crt, plain-server.key, plain-client.crt, plain-client.key. Everything throws
// std::runtime_error.
class ProgramSite {
 public:
  enum class Module {
    kCounting,  // the testing kit's: counts, and needs nothing from the environment
    kSoftHsm,   // SoftHSM itself, which finds its token by SOFTHSM2_CONF
  };
  explicit ProgramSite(Module module = Module::kCounting);

  const std::string& path() const noexcept { return directory_.path(); }
  std::string File(std::string_view name) const { return path() + "/" + std::string(name); }
  const testing::TemporaryDirectory& directory() const noexcept { return directory_; }
  const testing::SoftHsm& token() const noexcept { return hsm_; }
  testing::WrappedModule& module() { return *module_; }
  const std::string& module_path() const noexcept { return module_path_; }
  const testing::TestPki& pki() const noexcept { return pki_; }
  // environment is what every program here is started with, on top of this process's.
  testing::Environment& environment() noexcept { return environment_; }

  // Port puts a free port in the place of one that the pages name, and returns it; UsePort one that is taken
  // already.
  std::uint16_t Port(const std::string& on_page);
  void UsePort(const std::string& on_page, std::uint16_t port);
  // Put puts `here` in the place of what the pages name, a regular expression; what was put first is replaced
  // first, and /etc/signet last.
  void Put(const std::string& on_page, std::string here) { places_.emplace_back(on_page, std::move(here)); }
  // Filled is a page's text with this site's directory, ports and places in it.
  std::string Filled(std::string text) const;
  // Write puts a page's text, filled, into a file here, and returns its path.
  std::string Write(std::string_view name, const std::string& text) const;
  // UseModule makes openssl.cnf name another PKCS#11 module.
  void UseModule(const std::string& path);

  // Run runs shell commands, filled, to their end; Start a command that stays: its process is the command's.
  testing::ProcessResult Run(const std::string& commands) const;
  std::unique_ptr<Program> Start(const std::string& command) const;
  // StartServer is Start for what listens on a port of the loopback.
  std::unique_ptr<Program> StartServer(const std::string& command, std::uint16_t port) const;

  // AwaitFile waits up to ten seconds for a file here that a program makes, and tells whether it is there.
  bool AwaitFile(std::string_view name) const;

  // HandToNobody makes root's site one of the user nobody, for servers that refuse to work as root or drop
  // its rights. Who runs the tests as another user keeps all as it is.
  void HandToNobody();
  // as_nobody goes in front of a command that has to run as that user.
  static std::string as_nobody();

 private:
  testing::Command ShellCommand(const std::string& commands) const;
  void WriteIdentities();
  void WriteConfiguration();

  testing::SoftHsm hsm_;
  testing::TestPki pki_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<testing::WrappedModule> module_;
  std::string provider_path_;
  std::string module_path_;
  testing::Environment environment_;
  std::vector<std::pair<std::regex, std::string>> places_;
};

// PeerOf is the set-up of a server that others wrote, with a plain file, for what logs in from the site.
ServerSetup PeerOf(const ProgramSite& site);

// Visit asks https://127.0.0.1:`port`/ as Bob, with curl and a plain file, and returns the answer's body, or
// what curl said, when the server has another key than the token's, too. With a `count` above 1 it does so in
// handshakes one after the other.
std::string Visit(const ProgramSite& site, std::uint16_t port, int count = 1);

// ServerName is the common name of a server that openssl s_client verified, and that asks for a certificate
// or not: "token-server" for the identity in the token. `starttls` names a protocol that begins in the clear.
std::string ServerName(const ProgramSite& site, std::uint16_t port, const std::string& starttls = "");

// ExpectOnlySignatures expects that since the module's last Reset the token made this number of signatures,
// each with C_SignInit and C_Sign, and was asked for nothing else.
void ExpectOnlySignatures(const testing::WrappedModule& module, std::uint64_t signatures);

// ExpectSignatures expects this number of signatures, and allows the calls that a process that is new to the
// token has to do; nothing is verified there, and no object is made.
void ExpectSignatures(const testing::WrappedModule& module, std::uint64_t signatures);

// ExpectTwoCallsOnceWarm expects that no process asked the token for anything else than signatures, of two
// calls each, after its first one, until it let go of the token; and that up to there it needed at most 20:
// 18 to find the token and the key and to log in, and two to sign.
void ExpectTwoCallsOnceWarm(const testing::WrappedModule& module);

// StartNginx runs the blocks `server` of a configuration with two workers, as a service does but for its
// directories; the workers say in its log who they are. `top` is lines of the main context.
std::unique_ptr<Program> StartNginx(const ProgramSite& site, const std::string& server, std::uint16_t port,
                                    const std::string& user = "root", const std::string& top = "");

// KitDirectory is where p11-kit's modules are on this architecture.
std::string KitDirectory();

// Signers are the processes that signed since the module's last Reset.
std::set<std::uint32_t> Signers(const testing::WrappedModule& module);

// AwaitSigners has many visitors come, several at a time, until `count` processes besides `before` have
// signed, and tells whether they did.
bool AwaitSigners(ProgramSite& site, const std::string& visit, std::size_t count,
                  const std::set<std::uint32_t>& before = {});

// CountOf says how often `part` is in `text`.
std::size_t CountOf(const std::string& text, std::string_view part);

// AwaitCount is how often `part` is in what `server` wrote, which may be some time after its visitor was
// answered: it waits for `expected` times.
template <class Server>
std::size_t AwaitCount(const Server& server, std::string_view part, std::size_t expected) {
  for (int i = 0; i < 1000 && CountOf(server.output(), part) < expected; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return CountOf(server.output(), part);
}

}  // namespace signet
