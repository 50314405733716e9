// How many signatures a second reach the token through each contender, beside a loop of the bare C_SignInit
// and C_Sign. Each contender is measured next to the loop, in turns of a few hundred milliseconds of which
// now one and now the other comes first, so that what else the machine does meets both; the ratio is the
// median over the rounds.
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
  void Sign(int thread) override { signers_[static_cast<std::size_t>(thread)].Sign(digest_); }

 private:
  const Front front_;
  RawModule module_;
  std::vector<RawSigner> signers_;
  const std::array<std::uint8_t, 32> digest_{7};
};

class ContenderLane final : public Lane {
 public:
  ContenderLane(const ContenderKind& kind, const KeyedToken& token, std::uint64_t delay_us)
      : front_(token, delay_us), contender_(kind, front_.path()), key_(contender_.Load(token.Uri())) {
    Sign(0);  // Alone: some contenders do not survive that threads use them for the first time all at once.
  }
  void Sign(int) override {
    std::array<std::uint8_t, 128> signature;
    bench::Sign(key_.get(), contender_.library(), kEcdsa, message_, signature);
  }

 private:
  const Front front_;
  Contender contender_;
  const OpenSslPtr<EVP_PKEY> key_;
  const std::vector<std::uint8_t> message_ = TestMessage();
};

void Rate(benchmark::State& state, std::uint64_t delay_us) {
  const auto threads = static_cast<int>(state.range(0));
  const milliseconds slice(Quick() ? 20 : 300);
  const KeyedToken token(kEcdsa);
  token.hsm.UseInThisProcess();
  RawLane raw(token, delay_us, threads);
  std::map<std::string_view, std::unique_ptr<Lane>> lanes;
  ForEachContender(state, [&](const ContenderKind& kind) {
    lanes[kind.name] = std::make_unique<ContenderLane>(kind, token, delay_us);
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

void Register(const char* name, std::vector<int> thread_counts, std::uint64_t delay_us) {
  auto* rate =
      benchmark::RegisterBenchmark(name, [delay_us](benchmark::State& state) { Rate(state, delay_us); });
  for (const int threads : thread_counts) rate->Arg(threads);
  rate->Iterations(Quick() ? 1 : 15)->UseRealTime()->Unit(benchmark::kMillisecond);
}

const int registered = [] {
  Register("rate/1ms", {1, 8, 32}, 1000);
  Register("rate/softhsm", {1, 8}, 0);
  return 0;
}();

}  // namespace
}  // namespace signet::bench
