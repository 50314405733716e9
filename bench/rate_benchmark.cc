// How many signatures a second reach the token through each contender, beside a loop of the bare C_SignInit
// and C_Sign: given messages, each on a fresh context, as libssl does it; or given what the loop is given,
// digests, on a context for each thread as the loop has a session for each. Each contender is measured next
// to the loop, in turns of a few hundred milliseconds of which now one and now the other comes first, so that
// what else the machine does meets both; the ratio is the median over the rounds.
#include "contest.h"
#include "rates.h"
#include "raw_calls.h"
#include "report.h"

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

namespace signet::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::uint8_t, 32> kDigest{7};

// RateKind is what is measured.
struct RateKind {
  const char* name;
  std::uint64_t delay_us;  // of each call of the module; 0 is SoftHSM itself
  bool digests;            // on a context for each thread; else messages, each on a fresh one
  int rounds;
  milliseconds slice;  // for one contender and the loop in each round
};

// Lane is one way to the token, ready to be driven by several threads.
struct Lane {
  virtual ~Lane() = default;
  virtual void Sign(int thread) = 0;
  std::vector<double> ratios = {};  // of its rate to the loop's
};

// Front is the module that a lane goes through: SoftHSM, or the testing kit's in front of it where calls are
// to take their time. Each lane has an instance of its own.
class Front {
 public:
  Front(const KeyedToken& token, std::uint64_t delay_us) {
    if (delay_us != 0) {
      wrapped_.emplace(token.hsm, testing::ModuleBehaviour{.delay_us = delay_us});
    } else {
      // Another file is another instance to the dynamic linker.
      std::filesystem::copy_file(testing::SoftHsm::module_path(), softhsm_);
    }
  }
  const std::string& path() const { return wrapped_ ? wrapped_->path() : softhsm_; }

 private:
  testing::TemporaryDirectory directory_;
  const std::string softhsm_ = directory_.path() + "/softhsm.so";
  std::optional<testing::WrappedModule> wrapped_;
};

class RawLane final : public Lane {
 public:
  RawLane(const KeyedToken& token, std::uint64_t delay_us, int threads)
      : front_(token, delay_us), module_(front_.path()) {
    module_.LogIn(token.hsm.pin());
    const CK_OBJECT_HANDLE key = module_.FindPrivateKey(KeyedToken::kId);
    for (int i = 0; i < threads; ++i) signers_.emplace_back(module_, key);
  }
  void Sign(int thread) override { signers_[static_cast<std::size_t>(thread)].Sign(kDigest); }

 private:
  const Front front_;
  RawModule module_;
  std::vector<RawSigner> signers_;
};

class ContenderLane final : public Lane {
 public:
  ContenderLane(const ContenderKind& kind, const KeyedToken& token, const RateKind& rate, int threads)
      : front_(token, rate.delay_us), contender_(kind, front_.path()), key_(contender_.Load(token.Uri())) {
    for (int i = 0; rate.digests && i < threads; ++i) signers_.emplace_back(key_.get(), contender_.library());
    Sign(0);  // Alone: some contenders do not survive that threads use them for the first time all at once.
  }
  void Sign(int thread) override {
    std::array<std::uint8_t, 128> signature;
    if (signers_.empty()) {
      bench::Sign(key_.get(), contender_.library(), kEcdsa, message_, signature);
    } else {
      signers_[static_cast<std::size_t>(thread)].Sign(kDigest, signature);
    }
  }

 private:
  const Front front_;
  Contender contender_;
  const OpenSslPtr<EVP_PKEY> key_;
  std::vector<DigestSigner> signers_;
  const std::vector<std::uint8_t> message_ = TestMessage();
};

void Rate(benchmark::State& state, const RateKind& rate_kind) {
  const auto threads = static_cast<int>(state.range(0));
  const milliseconds slice = Quick() ? milliseconds(20) : rate_kind.slice;
  const KeyedToken token(kEcdsa);
  token.hsm.UseInThisProcess();
  RawLane raw(token, rate_kind.delay_us, threads);
  std::map<std::string_view, std::unique_ptr<Lane>> lanes;
  ForEachContender(state, [&](const ContenderKind& kind) {
    lanes[kind.name] = std::make_unique<ContenderLane>(kind, token, rate_kind, threads);
  });
  const auto measure = [&](Lane& lane, milliseconds time) {
    return RateOf(threads, time, [&](int thread) { lane.Sign(thread); });
  };
  measure(raw, slice / 4);
  for (const auto& [name, lane] : lanes) measure(*lane, slice / 4);
  std::vector<double> raw_rates;
  bool raw_first = false;
  for (auto _ : state) {
    raw_first = !raw_first;
    for (const auto& [name, lane] : lanes) {
      double rate = raw_first ? 0 : measure(*lane, slice);
      raw_rates.push_back(measure(raw, slice));
      if (raw_first) rate = measure(*lane, slice);
      lane->ratios.push_back(rate / raw_rates.back());
    }
  }
  for (const auto& [name, lane] : lanes) Put(state, "", name, Median(lane->ratios));
  Put(state, "", kBeside, Median(raw_rates));
}

void Register(const RateKind& kind, std::vector<int> thread_counts) {
  auto* rate =
      benchmark::RegisterBenchmark(kind.name, [kind](benchmark::State& state) { Rate(state, kind); });
  for (const int threads : thread_counts) rate->Arg(threads);
  rate->Iterations(Quick() ? 1 : kind.rounds)->UseRealTime()->Unit(benchmark::kMillisecond);
}

const int registered = [] {
  constexpr milliseconds kLong(300);
  constexpr milliseconds kShort(100);  // more rounds in the same time: there rates vary by a tenth
  Register({.name = "rate/1ms", .delay_us = 1000, .digests = false, .rounds = 15, .slice = kLong},
           {1, 8, 32});
  Register({.name = "rate/softhsm", .delay_us = 0, .digests = true, .rounds = 61, .slice = kShort}, {1, 8});
  Register({.name = "rate/softhsm-fresh", .delay_us = 0, .digests = false, .rounds = 61, .slice = kShort},
           {1, 8});
  return 0;
}();

}  // namespace
}  // namespace signet::bench
