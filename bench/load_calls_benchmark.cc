// PKCS#11 calls that loading a private key by its URI takes, on a small and on a full token.
#include "contest.h"
#include "raw_calls.h"
#include "report.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace signet::bench {
namespace {

// What every token holds: an EC key pair, and an RSA key, whose public part can be read from the private one.
constexpr std::string_view kFirstId = "\x01";
constexpr std::string_view kSecondId = "\x02";
constexpr std::size_t kObjects = 3;

// Fill puts `count` data objects into the token.
void Fill(const testing::SoftHsm& hsm, std::size_t count) {
  const testing::WrappedModule wrapped(hsm);
  RawModule module(wrapped.path());
  module.LogIn(hsm.pin());
  const CK_SESSION_HANDLE session = module.OpenSession(true);
  for (std::size_t i = 0; i < count; ++i) {
    CK_OBJECT_CLASS object_class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    std::string label = fmt::format("filler {}", i);
    CK_ATTRIBUTE parts[] = {{CKA_CLASS, &object_class, sizeof object_class},
                            {CKA_TOKEN, &yes, sizeof yes},
                            {CKA_LABEL, label.data(), label.size()},
                            {CKA_VALUE, label.data(), label.size()}};
    CK_OBJECT_HANDLE object = 0;
    if (module.functions().C_CreateObject(session, parts, 4, &object) != CKR_OK) {
      throw std::runtime_error("the token takes no more objects");
    }
  }
  module.functions().C_Finalize(nullptr);
}

void CallsToLoad(benchmark::State& state) {
  const auto objects = static_cast<std::size_t>(state.range(0));
  testing::SoftHsm hsm;
  hsm.Generate("ec:P-256", {.id = std::string(kFirstId), .label = "first"});
  hsm.Generate("rsa:2048", {.id = std::string(kSecondId), .label = "second", .public_object = false});
  if (objects > kObjects) Fill(hsm, objects - kObjects);
  for (auto _ : state) {
    ForEachContender(state, [&](const ContenderKind& kind) {
      Entrant entrant(kind, hsm);
      const auto first = entrant.contender.Load(hsm.ObjectUri(kFirstId, true));
      Put(state, "first", kind.name, static_cast<double>(entrant.module.Count("*")));
      entrant.module.Reset();
      const auto next = entrant.contender.Load(hsm.ObjectUri(kSecondId, true));
      Put(state, "next", kind.name, static_cast<double>(entrant.module.Count("*")));
    });
  }
}
// The same in time, each round with a contender of its own, on a module that nothing counts.
void TimeToLoad(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  testing::SoftHsm hsm;
  hsm.Generate("ec:P-256", {.id = std::string(kFirstId), .label = "first"});
  hsm.Generate("ec:P-256", {.id = std::string(kSecondId), .label = "second"});
  hsm.UseInThisProcess();
  const auto median = [](std::vector<double> times) {
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    return times[times.size() / 2];
  };
  const auto milliseconds = [](Clock::time_point since) {
    return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
  };
  for (auto _ : state) {
    std::map<std::string, std::vector<double>> first, next;
    for (int round = 0; round < (Quick() ? 1 : 15); ++round) {
      ForEachContender(state, [&](const ContenderKind& kind) {
        Entrant entrant(kind, hsm);
        auto start = Clock::now();
        const auto key = entrant.contender.Load(hsm.ObjectUri(kFirstId, true));
        first[std::string(kind.name)].push_back(milliseconds(start));
        start = Clock::now();
        for (int i = 0; i < 20; ++i) entrant.contender.Load(hsm.ObjectUri(kSecondId, true));
        next[std::string(kind.name)].push_back(milliseconds(start) / 20);
      });
    }
    for (const auto& [name, times] : first) Put(state, "first", name, median(times));
    for (const auto& [name, times] : next) Put(state, "next", name, median(times));
  }
}
BENCHMARK(TimeToLoad)->Name("time_to_load")->Iterations(1);

BENCHMARK(CallsToLoad)->Name("calls_to_load")->Arg(3)->Arg(1000)->Iterations(1);

}  // namespace
}  // namespace signet::bench
