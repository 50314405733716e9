#include "selection/candidates.h"
#include "selection/prepared_request.h"
#include "selection/reasons.h"
#include "selection/verdict.h"
#include <signet/identity_selector.h>

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

using Code = Reason::Code;

// WhyChosen says what put the chosen identity first.
Reason WhyChosen(const Verdict& chosen, const std::vector<Verdict>& ranked, const Situation& s) {
  if (!s.policy.pinned.empty()) return {Code::kPreferred, "the user pinned it"};
  if (ranked.size() == 1) return {Code::kPreferred, "it is the only one that fits"};
  return {Code::kPreferred, fmt::format("of the {} identities that fit it is preferred: {}", ranked.size(),
                                        WhyBefore(chosen, ranked[1], s.candidates))};
}

Reason WhyNotTaken(const Verdict& verdict, const Verdict* chosen, const Situation& s) {
  if (!s.policy.pinned.empty()) return {Code::kNotPinned, "it fits, but the user pinned another identity"};
  if (chosen == nullptr) return {Code::kKeyUnavailable, "its key was not accessible during the selection"};
  const std::string& winner = s.candidates.identities()[chosen->position].uri();
  return {Code::kOutranked,
          fmt::format("it fits, but {} is preferred: {}", winner, WhyBefore(*chosen, verdict, s.candidates))};
}

}  // namespace

std::vector<Reason> Choice::warnings() const {
  if (outcome_ != Outcome::kChosen) return {};
  const PreparedRequest prepared(request_, policy_, now_);
  const Situation situation{*candidates_, prepared, request_, policy_, now_};
  const Verdict& verdict = (*verdicts_)[chosen_];
  std::vector<Reason> warnings = ReasonsFor(verdict, situation);
  std::ranges::move(ChainWarnings(verdict, situation), std::back_inserter(warnings));
  return warnings;
}

std::vector<Choice::Considered> Choice::considered() const {
  const PreparedRequest prepared(request_, policy_, now_);
  const Situation situation{*candidates_, prepared, request_, policy_, now_};
  std::vector<Verdict> ranked;
  std::vector<Verdict> rejected;
  std::optional<Verdict> chosen;
  for (Verdict verdict : *verdicts_) {
    if (outcome_ == Outcome::kChosen && verdict.position == chosen_) {
      chosen = verdict;
      continue;
    }
    verdict.failures |= KeyFailures(candidates_->identities()[verdict.position]);
    (verdict.failures == 0 ? ranked : rejected).push_back(verdict);
  }
  std::ranges::sort(ranked, [&](const Verdict& a, const Verdict& b) { return Precedes(a, b, *candidates_); });
  if (chosen) ranked.insert(ranked.begin(), *chosen);

  std::vector<Considered> all;
  all.reserve(candidates_->rows().size());
  const auto add = [&](const Verdict& verdict, std::vector<Reason> reasons) {
    Considered& entry = all.emplace_back(Considered{.identity = OnItsPath(*candidates_, verdict)});
    entry.chosen = chosen && verdict.position == chosen->position;
    entry.fits = verdict.failures == 0;
    if ((verdict.failures & kCryptographic) == 0) entry.scheme = prepared.scheme_order[verdict.scheme];
    entry.reasons = std::move(reasons);
  };
  for (const Verdict& verdict : ranked) {
    const bool first = chosen && verdict.position == chosen->position;
    add(verdict, {first ? WhyChosen(verdict, ranked, situation)
                        : WhyNotTaken(verdict, chosen ? &*chosen : nullptr, situation)});
  }
  for (const Verdict& verdict : rejected) add(verdict, ReasonsFor(verdict, situation));
  return all;
}

}  // namespace signet
