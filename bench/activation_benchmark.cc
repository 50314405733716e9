// CPU time of whole processes: what an openssl.cnf that activates a provider costs programs that have no key
// of it, and what the first key of a process costs.
#include "contest.h"
#include "report.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::bench {
namespace {

double Milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// CpuOf runs a program to its end, and gives its user and system time in ms.
double CpuOf(std::vector<std::string> argv, const std::vector<std::string>& environment) {
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
  };
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, argv[0].c_str(), &quiet, nullptr, pointers(argv).data(),
                                  pointers(environment).data());
  posix_spawn_file_actions_destroy(&quiet);
  int status = -1;
  rusage usage{};
  if (failed != 0 || wait4(child, &status, 0, &usage) != child || status != 0)
    throw std::runtime_error(fmt::format("{} {} failed: status {}", argv[0], argv.at(1), status));
  return Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
}

// Lane is one set-up of OpenSSL, and the times of the processes with it.
struct Lane {
  std::string part;       // of the row
  std::string_view name;  // the column
  std::vector<std::string> environment;
  std::vector<double> times = {};
};

std::vector<std::string> EnvironmentOf(const testing::Environment& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

// TakeTurns runs `argv` once in each lane, in each of `rounds`; a lane in which it fails is left out.
void TakeTurns(std::vector<Lane>& lanes, const std::vector<std::string>& argv, int rounds) {
  std::erase_if(lanes, [&](const Lane& lane) {
    try {
      CpuOf(argv, lane.environment);
      return false;
    } catch (const std::runtime_error& error) {
      if (lane.name == kSignet || lane.name == kBeside) throw;
      fmt::print(stderr, "{}: {}\n", lane.name, error.what());
      return true;
    }
  });
  for (int round = 0; round < (Quick() ? 2 : rounds); ++round) {
    for (Lane& lane : lanes) lane.times.push_back(CpuOf(argv, lane.environment));
  }
}

std::string Activating(const testing::TemporaryDirectory& directory, std::string_view name,
                       const std::string& module) {
  const std::string ours =
      module.empty() ? "" : "ours = ours\n[ours]\nmodule = " + module + "\nactivate = 1\n";
  return directory.Write(
      name,
      "openssl_conf = init\n[init]\nproviders = list\n[theirs]\nactivate = 1\n[list]\ndefault = theirs\n" +
          ours);
}

// Ratios compares each lane's median with that of the first.
void Ratios(benchmark::State& state, const std::vector<Lane>& lanes) {
  const double base = Median(lanes.front().times);
  for (const Lane& lane : lanes) {
    const bool first = &lane == &lanes.front();
    Put(state, lane.part, lane.name, first ? base : Median(lane.times) / base);
  }
}

// Activated measures a program that needs no key: with OpenSSL's own provider, with each contender activated
// too, and with ours as a module that links libsignet.so.
void Activated(benchmark::State& state, const std::vector<std::string>& argv) {
  const testing::TemporaryDirectory directory;
  const auto conf = [](const std::string& path) { return EnvironmentOf({{"OPENSSL_CONF", path}}); };
  for (auto _ : state) {
    std::vector<Lane> lanes = {{"activated", kBeside, conf(Activating(directory, "none.cnf", ""))}};
    std::vector<std::unique_ptr<Contender>> contenders;
    ForEachContender(state, [&](const ContenderKind& kind) {
      contenders.push_back(std::make_unique<Contender>(kind, testing::SoftHsm::module_path()));
      lanes.push_back({"activated", kind.name, EnvironmentOf(contenders.back()->environment())});
    });
    lanes.push_back(
        {"linked", kSignet, conf(Activating(directory, "linked.cnf", SIGNET_BENCH_LINKED_MODULE))});
    TakeTurns(lanes, argv, 400);
    Ratios(state, lanes);
  }
}

void Digest(benchmark::State& state) {
  const testing::TemporaryDirectory directory;
  Activated(state, {"openssl", "dgst", "-sha256", directory.Write("file", "a small file")});
}
BENCHMARK(Digest)->Name("activation/dgst")->Iterations(1)->Unit(benchmark::kSecond);

void TlsClient(benchmark::State& state) {
  const testing::TestPki pki;
  const auto server = pki.Issue(testing::CertificateOptions::Server());
  const testing::TemporaryDirectory directory;
  const std::string identity = directory.Write("server.pem", server.ChainPem() + server.PrivateKeyPem());
  const std::string trust = directory.Write("ca.pem", server.RootPem());
  const std::uint16_t port = testing::FreePort();
  testing::BackgroundProcess process(
      {.argv = {"openssl", "s_server", "-accept", std::to_string(port), "-cert", identity, "-quiet"},
       .unset = {"OPENSSL_CONF"}});
  if (!process.WaitForPort(port)) return state.SkipWithError("the server does not start");
  Activated(state, {"openssl", "s_client", "-connect", fmt::format("localhost:{}", port), "-CAfile", trust,
                    "-verify_return_error"});
}
BENCHMARK(TlsClient)->Name("activation/s_client")->Iterations(1)->Unit(benchmark::kSecond);

// FirstKey is a process that loads a token's key and does nothing else, against pkcs11-provider's.
void FirstKey(benchmark::State& state) {
  testing::SoftHsm hsm;
  hsm.Generate("ec:P-256", {.id = "\x01", .label = "first"});
  for (auto _ : state) {
    std::vector<Lane> lanes;
    std::vector<std::unique_ptr<Contender>> contenders;
    ForEachContender(state, [&](const ContenderKind& kind) {
      if (kind.via != ContenderKind::Via::kProvider) return;
      contenders.push_back(std::make_unique<Contender>(kind, testing::SoftHsm::module_path()));
      testing::Environment environment = hsm.environment();
      environment.merge(contenders.back()->environment());
      lanes.push_back({"ratio", kind.name, EnvironmentOf(environment)});
    });
    TakeTurns(lanes, {"openssl", "pkey", "-in", hsm.ObjectUri("\x01", true), "-noout"}, 200);
    double base = 0;
    for (const Lane& lane : lanes) {
      if (lane.name == kPkcs11Provider) base = Median(lane.times);
    }
    for (const Lane& lane : lanes) {
      if (base > 0) Put(state, "ratio", lane.name, Median(lane.times) / base);
      Put(state, "time", lane.name, Median(lane.times));
    }
  }
}
BENCHMARK(FirstKey)->Name("first_key")->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace signet::bench
