#include "applications/program_site.h"

#include "applications/program_page.h"
#include "foreign_program.h"

#include <filesystem>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::SoftHsm;
using testing::TestIdentity;

constexpr unsigned kNobody = 65534;  // user nobody, group nogroup

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void HandOver(const std::filesystem::path& path) {
  const auto give = [](const std::filesystem::path& one) {
    if (lchown(one.c_str(), kNobody, kNobody) != 0)
      throw std::runtime_error("cannot hand over " + one.string());
  };
  give(path);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) give(entry.path());
}

}  // namespace

Program::~Program() {
  const testing::ProcessResult end = Stop();
  for (const int crash : {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE}) EXPECT_NE(end.signal, crash) << end.out;
}

ProgramSite::ProgramSite(Module module)
    : hsm_({.label = "web", .pin = "4321"}),
      provider_path_(SIGNET_PROVIDER),
      environment_(ForeignEnvironment()) {
  WriteIdentities();
  if (module == Module::kCounting) {
    module_ = std::make_unique<testing::WrappedModule>(hsm_);
    UseModule(module_->path());
  } else {
    environment_.merge(hsm_.environment());
    UseModule(SoftHsm::module_path());
  }
  // Debian's programs, not what else may be installed.
  environment_["PATH"] = std::string(SIGNET_BIN) + ":/usr/bin:/bin:/usr/sbin:/sbin";
  // The command does not read openssl.cnf; on a reader's system p11-kit knows the module.
  const auto result =
      Run("export PKCS11_PROVIDER_MODULE=" + module_path_ + "\n" + ProgramPage("README.md").Block("sh"));
  if (!result.ok()) throw std::runtime_error("the site cannot be prepared: " + result.err);
  environment_["OPENSSL_CONF"] =
      Run(ProgramPage("README.md").Block("sh", 1) + "printf %s \"$OPENSSL_CONF\"").out;
}

void ProgramSite::WriteIdentities() {
  directory_.Write("pin", hsm_.pin());
  directory_.Write("ca.pem", pki_.root().RootPem());
  const auto issue = [&](std::string_view name, const CertificateOptions& options) {
    const TestIdentity identity = pki_.Issue(options);
    directory_.Write(fmt::format("{}.crt", name), identity.ChainPem());
    return identity;
  };
  const auto plain = [&](std::string_view name, const CertificateOptions& options) {
    directory_.Write(fmt::format("{}.key", name), issue(name, options).PrivateKeyPem());
  };
  CertificateOptions server = CertificateOptions::Server();
  plain("plain-server", server);
  plain("plain-client", {.common_name = "bob"});
  hsm_.Import(issue("client", {.common_name = "alice"}), {.id = "\x02", .label = "alice"});
  server.key = "rsa:2048";
  server.common_name = "token-server";
  const TestIdentity on_token = issue("server", server);
  hsm_.Import(on_token, {.id = "\x01", .label = "server"});
  directory_.Write("server.spki", on_token.certificate.subject_public_key_info());
}

void ProgramSite::UseModule(const std::string& path) {
  module_path_ = path;
  WriteConfiguration();
}

void ProgramSite::WriteConfiguration() {
  std::string text = ProgramPage("README.md").Block("ini");
  ReplaceAll(text, "= signet.so", "= " + provider_path_);
  ReplaceAll(text, "/usr/lib/softhsm/libsofthsm2.so", module_path_);
  directory_.Write("openssl.cnf", text);
}

std::uint16_t ProgramSite::Port(const std::string& on_page) {
  const std::uint16_t port = testing::FreePort();
  UsePort(on_page, port);
  return port;
}

void ProgramSite::UsePort(const std::string& on_page, std::uint16_t port) {
  Put(fmt::format(R"(\b{}\b)", on_page), std::to_string(port));
}

std::string ProgramSite::Filled(std::string text) const {
  for (const auto& [on_page, here] : places_) text = std::regex_replace(text, on_page, here);
  ReplaceAll(text, "/etc/signet", path());
  return text;
}

std::string ProgramSite::Write(std::string_view name, const std::string& text) const {
  return directory_.Write(name, Filled(text));
}

testing::Command ProgramSite::ShellCommand(const std::string& commands) const {
  return {.argv = {"bash", "-euc", Filled(commands)},
          .environment = environment_,
          .unset = {"SOFTHSM2_CONF", "PKCS11_PROVIDER_MODULE", "OPENSSL_MODULES", "P11_KIT_SERVER_ADDRESS"},
          .directory = path(),
          .timeout = std::chrono::seconds(60)};
}

testing::ProcessResult ProgramSite::Run(const std::string& commands) const {
  return testing::RunProgram(ShellCommand(commands));
}

std::unique_ptr<Program> ProgramSite::Start(const std::string& command) const {
  return std::make_unique<Program>(ShellCommand("exec " + command));
}

std::unique_ptr<Program> ProgramSite::StartServer(const std::string& command, std::uint16_t port) const {
  auto server = Start(command);
  if (!server->WaitForPort(port)) {
    throw std::runtime_error("the server did not come up: " + server->output());
  }
  return server;
}

bool ProgramSite::AwaitFile(std::string_view name) const {
  for (int i = 0; i < 1000 && !std::filesystem::exists(File(name)); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return std::filesystem::exists(File(name));
}

void ProgramSite::HandToNobody() {
  if (geteuid() != 0) return;
  // The build may be where nobody else can look.
  for (const char* file : {SIGNET_PROVIDER, SIGNET_LIBRARY}) {
    const std::filesystem::path from(file);
    std::filesystem::copy_file(from, File(from.filename().string()));
  }
  environment_["LD_LIBRARY_PATH"] = path();
  provider_path_ = File(std::filesystem::path(SIGNET_PROVIDER).filename().string());
  WriteConfiguration();
  for (const std::string& directory :
       {path(), hsm_.directory(), std::filesystem::path(module_path_).parent_path().string()}) {
    HandOver(directory);
  }
}

std::string ProgramSite::as_nobody() {
  if (geteuid() != 0) return "";
  return fmt::format("setpriv --reuid={0} --regid={0} --clear-groups ", kNobody);
}

ServerSetup PeerOf(const ProgramSite& site) {
  return {.identity = site.pki().Issue(CertificateOptions::Server()),
          .trust_pem = site.pki().root().RootPem()};
}

std::string Visit(const ProgramSite& site, std::uint16_t port, int count) {
  std::string command =
      "curl --silent --show-error --max-time 20 --http1.1 --no-sessionid --header 'Connection: close' "
      "--cacert /etc/signet/ca.pem --pinnedpubkey /etc/signet/server.spki "
      "--cert /etc/signet/plain-client.crt --key /etc/signet/plain-client.key";
  for (int i = 0; i < count; ++i) command += fmt::format(" https://127.0.0.1:{}/", port);
  const auto result = site.Run(command);
  return result.ok() ? result.out : result.err;
}

std::string ServerName(const ProgramSite& site, std::uint16_t port, const std::string& starttls) {
  auto seen = site.Run(
      fmt::format("openssl s_client -connect 127.0.0.1:{} -CAfile ca.pem -verify_return_error -brief {} "
                  "-cert plain-client.crt -key plain-client.key </dev/null",
                  port, starttls.empty() ? "" : "-starttls " + starttls));
  std::erase(seen.err, ' ');  // OpenSSL 3.0 writes "CN = localhost", later ones "CN=localhost"
  const std::string subject = "Peercertificate:O=SignetTest,CN=";
  const std::size_t at = seen.err.find(subject);
  if (at == std::string::npos) return seen.err;
  const std::size_t name = at + subject.size();
  return seen.err.substr(name, seen.err.find('\n', name) - name);
}

void ExpectOnlySignatures(const testing::WrappedModule& module, std::uint64_t signatures) {
  const std::map<std::string, std::uint64_t> expected = {{"C_Sign", signatures}, {"C_SignInit", signatures}};
  EXPECT_EQ(module.Counts(), expected);
}

void ExpectSignatures(const testing::WrappedModule& module, std::uint64_t signatures) {
  EXPECT_EQ(module.Count("C_SignInit"), signatures);
  EXPECT_EQ(module.Count("C_Sign"), signatures);
  for (const char* none :
       {"C_VerifyInit", "C_Verify", "C_CreateObject", "C_GenerateKeyPair", "C_DigestInit"}) {
    EXPECT_EQ(module.Count(none), 0u) << none;
  }
}

void ExpectTwoCallsOnceWarm(const testing::WrappedModule& module) {
  // One more for an RSA key, whose certificate tells whether it is for PSS.
  constexpr int kToLoadAndSign = 20 + 1 + 2;
  std::map<std::uint32_t, int> cold;  // calls of each process until its first signature
  std::set<std::uint32_t> warm;
  for (const testing::TracedCall& call : module.Trace()) {
    if (call.function == "C_CloseSession" || call.function == "C_Finalize") continue;
    if (warm.contains(call.process)) {
      EXPECT_TRUE(call.function == "C_SignInit" || call.function == "C_Sign") << call.function;
    } else {
      ++cold[call.process];
    }
    if (call.function == "C_Sign") warm.insert(call.process);
  }
  EXPECT_FALSE(warm.empty());
  for (const std::uint32_t process : warm) {
    std::string functions;
    for (const testing::TracedCall& call : module.Trace()) {
      if (call.process == process) functions += fmt::format(" {}={:x}", call.function, call.result);
    }
    EXPECT_LE(cold[process], kToLoadAndSign) << functions;
  }
}

std::unique_ptr<Program> StartNginx(const ProgramSite& site, const std::string& server, std::uint16_t port,
                                    const std::string& user, const std::string& top) {
  const std::string configuration = fmt::format(
      R"({}daemon off;
user {};
worker_processes 2;
pid /etc/signet/nginx.pid;
error_log stderr info;
events {{ worker_connections 64; }}
http {{
  log_format worker 'worker $pid';
  access_log /dev/stdout worker;
  client_body_temp_path /etc/signet/body;
  proxy_temp_path /etc/signet/proxy;
  fastcgi_temp_path /etc/signet/fastcgi;
  uwsgi_temp_path /etc/signet/uwsgi;
  scgi_temp_path /etc/signet/scgi;
  ssl_session_tickets off;
{}
}}
)",
      top, user, server);
  return site.StartServer("nginx -e stderr -p /etc/signet -c " + site.Write("nginx.conf", configuration),
                          port);
}

std::string KitDirectory() {
  for (const auto& triplet : std::filesystem::directory_iterator("/usr/lib")) {
    const auto directory = triplet.path() / "pkcs11";
    if (exists(directory / "p11-kit-client.so")) return directory.string();
  }
  throw std::runtime_error("there is no p11-kit-client.so: install p11-kit-modules");
}

std::set<std::uint32_t> Signers(const testing::WrappedModule& module) {
  std::set<std::uint32_t> signers;
  for (const testing::TracedCall& call : module.Trace()) {
    if (call.function == "C_Sign") signers.insert(call.process);
  }
  return signers;
}

bool AwaitSigners(ProgramSite& site, const std::string& visit, std::size_t count,
                  const std::set<std::uint32_t>& before) {
  for (int round = 0; round < 50; ++round) {
    std::set<std::uint32_t> fresh = Signers(site.module());
    std::erase_if(fresh, [&](std::uint32_t one) { return before.contains(one); });
    if (fresh.size() >= count) return true;
    site.Run(fmt::format("{0} &\n{0} &\n{0} &\n{0} &\n{0} &\n{0} &\nwait", visit));
  }
  return false;
}

std::size_t CountOf(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace signet
