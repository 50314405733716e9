// A module that behaves randomly, from a seed, within PKCS#11 2.40 and 3.0. SIGNET_SEEDS says how many seeds
// are run, SIGNET_SEED runs one alone.
#include "awkward/paths.h"
#include "awkward/rules.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

std::uint64_t Number(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// Shape is what a seed makes of the module before anything happens.
MemoryBehaviour Shape(std::mt19937_64& random) {
  constexpr std::uint64_t kBatches[] = {1, 2, 3, 10, 16, 0};
  constexpr unsigned long kMissing[] = {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_SENSITIVE};
  MemoryBehaviour behaviour;
  behaviour.find_at_most = kBatches[random() % std::size(kBatches)];
  behaviour.shuffle = random();
  behaviour.nul_padding = random() % 4 == 0;
  behaviour.missing_attribute = kMissing[random() % std::size(kMissing)];
  behaviour.gone = static_cast<MemoryBehaviour::Gone>(random() % 3);
  if (random() % 4 == 0) behaviour.max_sessions = 2 + random() % 3;
  const std::uint64_t refusal = random() % 8;
  behaviour.refuse_read_write = refusal == 0;
  behaviour.refuse_read_only = refusal == 1;
  behaviour.missing_is_empty = random() % 8 == 0;
  behaviour.version_3 = random() % 2 == 0;
  behaviour.long_sizes = random() % 2 == 0;
  return behaviour;
}

// Counts show that a run was awkward indeed.
struct Counts {
  std::atomic<std::uint64_t> actions{0}, failed{0}, undisturbed{0}, disturbances{0};
};

// PinWasRefused, rightly or not: it is sent no more.
bool PinWasRefused(const MemoryModule& module) {
  const auto calls = module.Calls();
  return std::ranges::any_of(calls, [](const MemoryCall& call) {
    const bool sends =
        call.function == "C_Login" || call.function == "C_SetPIN" || call.function == "C_InitToken";
    return sends && (call.result == CKR_PIN_INCORRECT || call.result == CKR_PIN_INVALID ||
                     call.result == CKR_PIN_LEN_RANGE);
  });
}

class Run {
 public:
  Run(MemoryModule& module, std::uint64_t seed, int threads, Counts& counts)
      : counts_(counts), module_(module), seed_(seed), threads_(threads) {}

  // Failures gives what is wrong, one text each.
  std::vector<std::string> Failures() {
    std::mt19937_64 random(seed_);
    module_.Clear();
    // Serial numbers of their own, as refused PINs are remembered in the process.
    alice_ =
        module_.AddToken({.label = "card", .serial = fmt::format("a{}t{}", seed_, threads_), .pin = "1111"});
    const std::size_t bob =
        module_.AddToken({.label = "card", .serial = fmt::format("b{}t{}", seed_, threads_), .pin = "2222"});
    Fill(module_, alice_, 0, {.private_key_hidden = random() % 8 != 0});
    Fill(module_, bob, 1);
    module_.Set(Shape(random));
    User user(module_, alice_, 0);
    const std::uint32_t per_mille = 20 + random() % 150;
    const auto budget = static_cast<std::uint32_t>(1 + random() % 6);
    const bool early = random() % 2 == 0;
    if (!early) Check(user.TakeKeys(), "keys before any disturbance", true);
    module_.Disturb({.seed = random(),
                     .per_mille = per_mille,
                     .budget = budget,
                     .swap = random() % 4 == 0,
                     .flags = random() % 4 == 0,
                     .pins = random() % 4 == 0});
    if (early) {
      Check(user.TakeKeys(), "keys", false);
    }
    Work(user, random);
    counts_.disturbances += module_.disturbed();
    module_.Calm();
    if (PinWasRefused(module_)) {
      // Another one works.
      module_.SetPin(alice_, "3333");
      User another(module_, alice_, 0);
      After(another);
    } else {
      After(user);
    }
    for (const std::string& rule : BrokenRules(module_.Calls())) failures_.push_back(rule);
    return std::move(failures_);
  }

 private:
  void Work(User& user, std::mt19937_64& random) {
    if (threads_ == 1) return WorkAlone(user, random());
    std::vector<std::thread> workers;
    for (int i = 0; i < threads_; ++i) {
      workers.emplace_back([&, seed = random()] { WorkAlone(user, seed); });
    }
    for (std::thread& worker : workers) worker.join();
  }

  void WorkAlone(User& user, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 4; ++i) {
      const Path path = kPaths[random() % std::size(kPaths)];
      if (!user.has_keys() && UsesKeys(path)) continue;
      // Undisturbed operations work, regardless of earlier events.
      const std::uint64_t before = module_.disturbed();
      const bool unsettled = module_.unsettled() || (threads_ == 1 && PinWasRefused(module_));
      const Outcome outcome = user.Do(path);
      const bool undisturbed = threads_ == 1 && !unsettled && module_.disturbed() == before;
      ++counts_.actions;
      counts_.failed += outcome.worked ? 0 : 1;
      counts_.undisturbed += undisturbed ? 1 : 0;
      Check(outcome, NameOf(path), undisturbed);
    }
  }

  // After: the next operation works, on every path.
  void After(User& user) {
    if (!user.has_keys()) Check(user.TakeKeys(), "keys afterwards", true);
    for (const Path path : kPaths) {
      if (!user.has_keys() && UsesKeys(path)) continue;
      Check(user.Do(path), fmt::format("{} afterwards", NameOf(path)), true);
    }
  }

  void Check(const Outcome& outcome, std::string_view what, bool must_work) {
    const bool used = what == "sign" || what == "decrypt" || what == "derive";
    if (outcome.worked || (!must_work && !(outcome.wrong && used))) return;
    const std::lock_guard lock(mutex_);
    failures_.push_back(fmt::format("{}: {}", what, outcome.error));
  }

  Counts& counts_;
  MemoryModule& module_;
  const std::uint64_t seed_;
  const int threads_;
  std::size_t alice_ = 0;
  std::mutex mutex_;
  std::vector<std::string> failures_;
};

// MayHideASession: a session whose C_OpenSession or C_CloseSession was said to have failed is open, and a
// module whose C_Initialize or C_Finalize failed is not finalised, which would close it.
bool MayHideASession(const std::vector<MemoryCall>& calls) {
  const auto failed = [&](std::string_view one, std::string_view other) {
    return std::ranges::any_of(calls, [&](const MemoryCall& call) {
      return call.injected && (call.function == one || call.function == other);
    });
  };
  return failed("C_OpenSession", "C_CloseSession") && failed("C_Initialize", "C_Finalize");
}

// AdministrationRun changes a token that is disturbed a few times, by swaps too: what is made is there once,
// what fails leaves nothing that is not named, no PIN goes to the other token, and the next change works.
std::vector<std::string> AdministrationRun(MemoryModule& module, std::uint64_t seed, Counts& counts) {
  std::mt19937_64 random(seed);
  module.Clear();
  const std::size_t token =
      module.AddToken({.label = "card", .serial = fmt::format("adm{}", seed), .pin = "1111", .tries = 10});
  const std::size_t other = module.AddToken(
      {.label = "other", .serial = fmt::format("oth{}", seed), .pin = "2222", .so_pin = "22222222"});
  Fill(module, token, 0);
  Fill(module, other, 1);
  MemoryBehaviour behaviour = Shape(random);
  behaviour.refuse_read_write = false;
  if (behaviour.refuse_read_only || behaviour.max_sessions != 0) behaviour.max_sessions = 0;
  module.Set(behaviour);
  std::vector<std::string> failures;
  User user(module, token, 0);
  module.Disturb({.seed = random(),
                  .per_mille = static_cast<std::uint32_t>(20 + random() % 100),
                  .budget = static_cast<std::uint32_t>(1 + random() % 4),
                  .swap = random() % 2 == 0,
                  .flags = random() % 4 == 0});
  const auto change = [&](Path path, bool must_work) {
    const Outcome outcome = user.Do(path);
    ++counts.actions;
    counts.failed += outcome.worked ? 0 : 1;
    if (outcome.wrong || (must_work && !outcome.worked))
      failures.push_back(fmt::format("{}: {}", NameOf(path), outcome.error));
  };
  for (int i = 0; i < 4; ++i) change(kAdminPaths[random() % std::size(kAdminPaths)], false);
  counts.disturbances += module.disturbed();
  module.Calm();
  if (MayHideASession(module.Calls())) module.FinaliseByOthers();  // as the end of the process would
  const bool has_pins = !PinWasRefused(module);
  // One that was initialised by half has no user's PIN.
  change(Path::kResetPin, has_pins);
  for (const Path path : kAdminPaths) change(path, has_pins);
  for (const std::string& rule : BrokenRules(module.Calls(), {.most_logins = 9})) failures.push_back(rule);
  return failures;
}

constexpr std::uint64_t kShards = 4;

// RunSeeds with no threads at work is of administration.
void RunSeeds(int threads, std::uint64_t shard) {
  MemoryModule module;
  const std::uint64_t only = Number("SIGNET_SEED", 0);
  const std::uint64_t seeds = std::max<std::uint64_t>(1, Number("SIGNET_SEEDS", 20'000) / (2 * kShards));
  const std::uint64_t first = only != 0 ? only : 1 + shard * seeds;
  std::uint64_t failed = 0;
  Counts counts;
  for (std::uint64_t seed = first; seed < first + (only != 0 ? 1 : seeds); ++seed) {
    const auto failures = threads == 0 ? AdministrationRun(module, seed, counts)
                                       : Run(module, seed, threads, counts).Failures();
    if (failures.empty()) continue;
    if (++failed > 10 && only == 0) continue;
    std::string text;
    for (const std::string& failure : failures) text += "\n  " + failure;
    ADD_FAILURE()
        << fmt::format("seed {} with {} threads (SIGNET_SEED={} and a filter for one shard run it alone):{}",
                       seed, threads, seed, text)
        << (only != 0 || threads == 0 ? "\n" + Text(module.Calls(), 400) : "");
  }
  std::printf(
      "%s\n",
      fmt::format("{} seeds, {} of them failed; {} disturbances, {} actions meanwhile, {} of them failed "
                  "and {} were not disturbed",
                  only != 0 ? 1 : seeds, failed, counts.disturbances.load(), counts.actions.load(),
                  counts.failed.load(), counts.undisturbed.load())
          .c_str());
}

// Together 20,000 seeds of use, and half as many of administration.
class AwkwardModule : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, AwkwardModule, ::testing::Range<std::uint64_t>(0, kShards));

TEST_P(AwkwardModule, ObservesTheRulesInOneThread) { RunSeeds(1, GetParam()); }
TEST_P(AwkwardModule, KeepsTheRulesInThreeThreads) { RunSeeds(3, GetParam()); }
TEST_P(AwkwardModule, KeepsTheRulesInAdministration) { RunSeeds(0, GetParam()); }

}  // namespace
}  // namespace signet::testing
