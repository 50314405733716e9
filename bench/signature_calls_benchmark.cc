// PKCS#11 calls per signature in steady state.
#include "contest.h"
#include "report.h"
#include "rows.h"

#include <array>

namespace signet::bench {
namespace {

constexpr int kSignatures = 20;

// Calls gives the calls of one signature, after the first ones, which may log in and look around.
double Calls(const ContenderKind& kind, const KeyedToken& token, const Algorithm& algorithm) {
  Entrant entrant(kind, token.hsm);
  const OpenSslPtr<EVP_PKEY> key = entrant.contender.Load(token.Uri());
  const std::vector<std::uint8_t> message = TestMessage();
  std::array<std::uint8_t, 512> signature;
  const auto sign = [&] { Sign(key.get(), entrant.contender.library(), algorithm, message, signature); };
  for (int i = 0; i < 3; ++i) sign();
  entrant.module.Reset();
  for (int i = 0; i < kSignatures; ++i) sign();
  return static_cast<double>(entrant.module.Count("*")) / kSignatures;
}

void CallsPerSignature(benchmark::State& state, const Algorithm& algorithm) {
  const KeyedToken token(algorithm);
  for (auto _ : state) {
    ForEachContender(
        state, [&](const ContenderKind& kind) { Put(state, "", kind.name, Calls(kind, token, algorithm)); });
  }
}

const int registered = [] {
  for (const Algorithm& algorithm : kAlgorithms) {
    benchmark::RegisterBenchmark(
        ("calls_per_signature/" + std::string(algorithm.name)).c_str(),
        [&algorithm](benchmark::State& state) { CallsPerSignature(state, algorithm); })
        ->Iterations(1);
  }
  return 0;
}();

}  // namespace
}  // namespace signet::bench
