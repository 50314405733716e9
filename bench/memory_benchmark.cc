// Resident memory over a million signatures.
#include "contest.h"
#include "instant_token.h"
#include "report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include <unistd.h>

namespace signet::bench {
namespace {

// ResidentKib gives the resident memory of this process (proc_pid_statm(5)).
double ResidentKib() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                             std::fclose);
  long size = 0;
  long resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%ld %ld", &size, &resident) != 2) {
    throw std::runtime_error("/proc/self/statm cannot be read");
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

// Growth is what the memory had at most, above what it had after the first thousand.
void Growth(benchmark::State& state, const ContenderKind& kind) {
  constexpr int kFirst = 1000;
  const int signatures = Quick() ? 3 * kFirst : 1'000'000;
  const InstantToken token;
  Contender contender(kind, token.path());
  const OpenSslPtr<EVP_PKEY> key = contender.Load(InstantToken::Uri());
  std::vector<std::uint8_t> message = TestMessage();
  std::array<std::uint8_t, 128> signature;
  double before = 0;
  double most = 0;
  for (int i = 1; i <= signatures; ++i) {
    Sign(key.get(), contender.library(), kEcdsa, message, signature);
    if (i % kFirst != 0) continue;
    const double now = ResidentKib();
    if (i == kFirst) before = now;
    most = std::max(most, now);
  }
  Put(state, "growth", kind.name, most - before);
  if (kind.name == kSignet) Put(state, "growth", kBeside, before);
}

void Memory(benchmark::State& state) {
  for (auto _ : state) {
    ForEachContender(state, [&](const ContenderKind& kind) { Growth(state, kind); });
  }
}
BENCHMARK(Memory)->Name("memory")->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace signet::bench
