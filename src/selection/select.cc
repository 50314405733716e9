#include "selection/identity_index.h"
#include "selection/prepared_request.h"
#include "selection/verdict.h"
#include <signet/identity_selector.h>

#include <algorithm>
#include <functional>

namespace signet {
namespace {

std::vector<Identity> Completed(std::vector<Identity> identities, const std::vector<Certificate>& others) {
  if (others.empty()) return identities;
  for (Identity& identity : identities) identity = identity.WithChain(identity.chain().Completed(others));
  return identities;
}

bool IsPinned(const Identity& identity, const SelectionPolicy& policy) {
  return identity.uri() == policy.pinned || identity.leaf().sha256() == policy.pinned;
}

// Eligible tells whether a verdict may be chosen.
using Eligible = std::function<bool(const Verdict&)>;

// BestInReach gives the first in rank of those that are eligible and whose key is not out of reach. Slower
// than Best.
std::optional<Verdict> BestInReach(const IdentityIndex& index, const PreparedRequest& prepared,
                                   const Eligible& eligible) {
  std::vector<Verdict> rivals;
  for (std::uint32_t i = 0; i < index.rows().size(); ++i) {
    const Verdict verdict = Judge(index, i, prepared);
    if (eligible(verdict)) rivals.push_back(verdict);
  }
  std::ranges::sort(rivals, [&](const Verdict& a, const Verdict& b) { return GoesBefore(a, b, index); });
  const auto usable = std::ranges::find_if(
      rivals, [&](const Verdict& v) { return KeyFailures(index.identities()[v.position]) == 0; });
  return usable != rivals.end() ? std::optional(*usable) : std::nullopt;
}

// Best is the same, asking only the key of the one that would be taken.
template <class Test>
std::optional<Verdict> Best(const IdentityIndex& index, const PreparedRequest& prepared,
                            const Test& eligible) {
  std::optional<Verdict> best;
  for (std::uint32_t i = 0; i < index.rows().size(); ++i) {
    const Verdict verdict = Judge(index, i, prepared);
    if (eligible(verdict) && (!best || GoesBefore(verdict, *best, index))) best = verdict;
  }
  if (!best || KeyFailures(index.identities()[best->position]) == 0) return best;
  return BestInReach(index, prepared, eligible);
}

}  // namespace

IdentitySet::IdentitySet(std::vector<Identity> identities, const std::vector<Certificate>& others)
    : index_(std::make_shared<const IdentityIndex>(Completed(std::move(identities), others))) {}

const std::vector<Identity>& IdentitySet::identities() const noexcept { return index_->identities(); }

Choice::Choice(const CertificateRequest& request, const IdentitySet& identities,
               const SelectionPolicy& policy, TimePoint now)
    : index_(identities.index_), request_(request), policy_(policy), now_(now) {
  const PreparedRequest prepared(request_, policy_, now_, *index_);
  const bool pinned = !policy_.pinned.empty();
  // Of several places that hold the pinned certificate, one that fails nothing goes first.
  std::optional<Verdict> best = Best(*index_, prepared, [&](const Verdict& v) {
    return v.failures == 0 && (!pinned || IsPinned(index_->identities()[v.position], policy_));
  });
  if (pinned && !best) {
    best = Best(*index_, prepared, [&](const Verdict& v) {
      return (v.failures & kCryptographic) == 0 && IsPinned(index_->identities()[v.position], policy_);
    });
  }
  if (!best) {
    outcome_ = pinned ? Outcome::kPinnedUnusable : Outcome::kNothingFits;
    return;
  }
  outcome_ = Outcome::kChosen;
  chosen_ = best->position;
  scheme_ = prepared.scheme_order[best->scheme];
}

const Identity* Choice::identity() const noexcept {
  return outcome_ == Outcome::kChosen ? &index_->identities()[chosen_] : nullptr;
}

Choice Select(const CertificateRequest& request, const IdentitySet& identities, const SelectionPolicy& policy,
              TimePoint now) {
  return Choice(request, identities, policy, now);
}

}  // namespace signet
