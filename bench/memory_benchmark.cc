// Resident memory over a million signatures.
#include "contest.h"
#include "instant_token.h"
#include "report.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace signet::bench {
namespace {

// ResidentMemory looks at the resident memory of this process (proc_pid_statm(5)) without needing any itself.
class ResidentMemory {
 public:
  ResidentMemory() : file_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}
  ~ResidentMemory() { close(file_); }
  ResidentMemory(const ResidentMemory&) = delete;
  ResidentMemory& operator=(const ResidentMemory&) = delete;

  double Kib() const {
    char text[128];
    const ssize_t size = pread(file_, text, sizeof text - 1, 0);
    if (size <= 0) throw std::runtime_error("/proc/self/statm cannot be read");
    text[size] = '\0';
    char* second = nullptr;
    std::strtol(text, &second, 10);
    return static_cast<double>(std::strtol(second, nullptr, 10)) *
           static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
  }

 private:
  const int file_;
};

// Growth is what the memory had at most, above what it had after the first thousand.
void Growth(benchmark::State& state, const ContenderKind& kind) {
  constexpr int kFirst = 1000;
  const int signatures = Quick() ? 3 * kFirst : 1'000'000;
  const InstantToken token;
  Contender contender(kind, token.path());
  const OpenSslPtr<EVP_PKEY> key = contender.Load(InstantToken::Uri());
  std::vector<std::uint8_t> message = TestMessage();
  std::array<std::uint8_t, 128> signature;
  const ResidentMemory memory;
  double before = 0;
  double most = 0;
  for (int i = 1; i <= signatures; ++i) {
    Sign(key.get(), contender.library(), kEcdsa, message, signature);
    if (i % kFirst != 0) continue;
    const double now = memory.Kib();
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
