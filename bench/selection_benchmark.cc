// Select on a set that was read once: identities times authorities.
#include "selection/small_pki.h"
#include <signet/identity_selector.h>

#include <map>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace signet::testing {
namespace {

// SetOf makes identities of twenty CAs, once; each has a chain of three.
const IdentitySet& SetOf(std::size_t size) {
  static std::map<std::size_t, IdentitySet> sets;
  auto found = sets.find(size);
  if (found != sets.end()) return found->second;
  std::vector<Identity> identities;
  for (std::size_t i = 0; i < size; ++i) {
    identities.push_back(MakeIdentity({.key = i % 2 == 0 ? "p256" : "p384",
                                       .subject = fmt::format("user {}", i),
                                       .issuer = fmt::format("{}1", static_cast<char>('A' + i % 20)),
                                       .from = -10.0 - static_cast<double>(i % 50) / 10,
                                       .hardware = i % 3 == 0}));
  }
  return sets.emplace(size, IdentitySet(std::move(identities))).first->second;
}

std::vector<std::vector<std::uint8_t>> Authorities(std::size_t count, const std::string& last) {
  std::vector<std::vector<std::uint8_t>> names;
  for (std::size_t i = 1; i < count; ++i) {
    names.push_back(NameDer(
        {{"C", "DE"}, {"O", fmt::format("Other Organization {}", i)}, {"CN", fmt::format("Root {}", i)}}));
  }
  const auto ca = CaCertificate(last).subject_der();
  names.emplace_back(ca.begin(), ca.end());
  return names;
}

CertificateRequest Request(std::size_t authorities, const std::string& last) {
  return {.authorities = Authorities(authorities, last),
          .schemes = {SignatureScheme::kEd25519, SignatureScheme::kEcdsaSecp256r1Sha256,
                      SignatureScheme::kEcdsaSecp384r1Sha384, SignatureScheme::kRsaPssRsaeSha256}};
}

// One authority of the list fits a twentieth of the identities.
void SelectAmong(benchmark::State& state) {
  const IdentitySet& set = SetOf(static_cast<std::size_t>(state.range(0)));
  const CertificateRequest request = Request(static_cast<std::size_t>(state.range(1)), "A");
  for (auto _ : state) {
    const Choice choice = Select(request, set, {}, Now());
    if (!choice) state.SkipWithError("nothing was chosen");
    benchmark::DoNotOptimize(choice.identity());
  }
}
BENCHMARK(SelectAmong)->Args({1, 1})->Args({100, 20})->Args({1'000, 200})->Unit(benchmark::kMicrosecond);

// No list: everything fits, and the ranking alone decides.
void SelectAmongAllThatFit(benchmark::State& state) {
  const IdentitySet& set = SetOf(static_cast<std::size_t>(state.range(0)));
  CertificateRequest request = Request(1, "A");
  request.authorities.clear();
  for (auto _ : state) {
    const Choice choice = Select(request, set, {}, Now());
    if (!choice) state.SkipWithError("nothing was chosen");
    benchmark::DoNotOptimize(choice.identity());
  }
}
BENCHMARK(SelectAmongAllThatFit)->Arg(1'000)->Unit(benchmark::kMicrosecond);

// None of the authorities is known.
void SelectNothing(benchmark::State& state) {
  const IdentitySet& set = SetOf(static_cast<std::size_t>(state.range(0)));
  const CertificateRequest request = Request(static_cast<std::size_t>(state.range(1)), "Z");
  for (auto _ : state) {
    const Choice choice = Select(request, set, {}, Now());
    if (choice) state.SkipWithError("something was chosen");
    benchmark::DoNotOptimize(choice.identity());
  }
}
BENCHMARK(SelectNothing)->Args({1'000, 200})->Unit(benchmark::kMicrosecond);

void ReadEveryReason(benchmark::State& state) {
  const IdentitySet& set = SetOf(static_cast<std::size_t>(state.range(0)));
  const Choice choice = Select(Request(200, "A"), set, {}, Now());
  for (auto _ : state) benchmark::DoNotOptimize(choice.considered());
}
BENCHMARK(ReadEveryReason)->Arg(1'000)->Unit(benchmark::kMillisecond);

void ReadSet(benchmark::State& state) {
  const std::vector<Identity> identities = SetOf(static_cast<std::size_t>(state.range(0))).identities();
  for (auto _ : state) benchmark::DoNotOptimize(IdentitySet(identities));
}
BENCHMARK(ReadSet)->Arg(1'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace signet::testing
