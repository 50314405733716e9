// What the software between EVP_DigestSign and the PKCS#11 module costs for one P-256 signature: with a
// module that answers at once, less what a provider costs that does nothing. Time, instructions where the
// machine counts them, and allocations.
#include "allocations.h"
#include "contest.h"
#include "instant_token.h"
#include "instructions.h"
#include "null_provider.h"
#include "report.h"

#include <array>
#include <deque>
#include <memory>

namespace signet::bench {
namespace {

// Lane is one provider or engine, and what its signatures took.
struct Lane {
  std::string_view name;
  EVP_PKEY* key;
  OSSL_LIB_CTX* library;
  std::vector<double> nanoseconds = {};
  std::vector<double> instructions = {};
};

// Field is the provider that does nothing, and every contender with an instant token of its own.
class Field {
 public:
  explicit Field(benchmark::State& state) {
    lanes.push_back({kBeside, null_.key(), null_.library()});
    ForEachContender(state, [&](const ContenderKind& kind) {
      const InstantToken& token = tokens_.emplace_back();
      Contender& contender = contenders_.emplace_back(kind, token.path());
      keys_.push_back(contender.Load(InstantToken::Uri()));
      lanes.push_back({kind.name, keys_.back().get(), contender.library()});
    });
  }

  void SignOn(const Lane& lane) {
    std::array<std::uint8_t, 128> signature;
    Sign(lane.key, lane.library, kEcdsa, message_, signature);
  }
  const Lane* Find(std::string_view name) const {
    for (const Lane& lane : lanes) {
      if (lane.name == name) return &lane;
    }
    return nullptr;
  }

  std::vector<Lane> lanes;

 private:
  const std::vector<std::uint8_t> message_ = TestMessage();
  NullProvider null_;
  std::deque<InstantToken> tokens_;
  std::deque<Contender> contenders_;
  std::vector<OpenSslPtr<EVP_PKEY>> keys_;
};

// PutFigures gives each lane's cost above the lane that does nothing, and its ratio to pkcs11-provider's.
void PutFigures(benchmark::State& state, const Field& field, std::vector<double> Lane::*cost,
                const std::string& part, const std::string& ratio_part) {
  const std::vector<double>& nothing = field.Find(kBeside)->*cost;
  if (nothing.empty()) return;
  const auto above = [&](const Lane& lane) {
    std::vector<double> difference;
    for (std::size_t i = 0; i < nothing.size(); ++i) difference.push_back((lane.*cost)[i] - nothing[i]);
    return Median(difference);
  };
  Put(state, part, kBeside, Median(nothing));
  const Lane* peer = field.Find(kPkcs11Provider);
  for (const Lane& lane : field.lanes) {
    if (lane.name == kBeside) continue;
    Put(state, part, lane.name, above(lane));
    if (peer != nullptr) Put(state, ratio_part, lane.name, above(lane) / above(*peer));
  }
}

void Overhead(benchmark::State& state) {
  const int signatures = Quick() ? 100 : 20'000;
  Field field(state);
  const InstructionCounter counter;
  for (const Lane& lane : field.lanes) {
    for (int i = 0; i < signatures / 10; ++i) field.SignOn(lane);
  }
  for (auto _ : state) {
    for (Lane& lane : field.lanes) {
      const Cost cost = CostOf(counter, signatures, [&] { field.SignOn(lane); });
      lane.nanoseconds.push_back(cost.nanoseconds);
      if (cost.instructions) lane.instructions.push_back(*cost.instructions);
    }
  }
  PutFigures(state, field, &Lane::nanoseconds, "time", "ratio");
  PutFigures(state, field, &Lane::instructions, "instructions", "instructions_ratio");
}
BENCHMARK(Overhead)->Name("overhead")->Iterations(Quick() ? 1 : 25);

// Allocations counts what is allocated during a signature: by operator new, malloc and its kin, and so by
// OpenSSL, less what a provider that does nothing makes OpenSSL allocate.
void Allocations(benchmark::State& state) {
  constexpr int kSignatures = 100;
  Field field(state);
  const auto count = [&](const Lane& lane) {
    for (int i = 0; i < 10; ++i) field.SignOn(lane);
    const std::uint64_t before = AllocationsOfThisThread();
    for (int i = 0; i < kSignatures; ++i) field.SignOn(lane);
    return static_cast<double>(AllocationsOfThisThread() - before) / kSignatures;
  };
  for (auto _ : state) {
    const double nothing = count(*field.Find(kBeside));
    Put(state, "", kBeside, nothing);
    for (const Lane& lane : field.lanes) {
      if (lane.name != kBeside) Put(state, "", lane.name, count(lane) - nothing);
    }
  }
}
BENCHMARK(Allocations)->Name("allocations")->Iterations(1);

}  // namespace
}  // namespace signet::bench
