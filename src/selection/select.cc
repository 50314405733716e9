#include "selection/candidates.h"
#include "selection/prepared_request.h"
#include "selection/verdict.h"
#include <signet/identity_selector.h>

#include <algorithm>

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

// Best gives the first in rank of those that are eligible and whose key is not inaccessible; only the keys of
// the foremost are asked.
template <class Eligible>
const Verdict* Best(const Candidates& candidates, const std::vector<Verdict>& verdicts,
                    const Eligible& eligible) {
  std::vector<const Verdict*> rivals;
  for (const Verdict& verdict : verdicts) {
    if (eligible(verdict)) rivals.push_back(&verdict);
  }
  const auto after = [&](const Verdict* a, const Verdict* b) { return Precedes(*b, *a, candidates); };
  std::ranges::make_heap(rivals, after);
  for (; !rivals.empty(); rivals.pop_back()) {
    std::ranges::pop_heap(rivals, after);
    if (KeyFailures(candidates.identities()[rivals.back()->position]) == 0) return rivals.back();
  }
  return nullptr;
}

}  // namespace

IdentitySet::IdentitySet(std::vector<Identity> identities, const std::vector<Certificate>& others)
    : candidates_(std::make_shared<const Candidates>(Completed(std::move(identities), others))) {}

const std::vector<Identity>& IdentitySet::identities() const noexcept { return candidates_->identities(); }

Choice::Choice(const CertificateRequest& request, const IdentitySet& identities,
               const SelectionPolicy& policy, TimePoint now)
    : candidates_(identities.candidates_), request_(request), policy_(policy), now_(now) {
  const PreparedRequest prepared(request_, policy_, now_);
  std::vector<Verdict> verdicts;
  verdicts.reserve(candidates_->rows().size());
  for (std::uint32_t i = 0; i < candidates_->rows().size(); ++i)
    verdicts.push_back(Judge(*candidates_, i, prepared, policy_.stack_refusal));
  policy_.stack_refusal = nullptr;  // it may look at a connection that does not outlive this call
  verdicts_ = std::make_shared<const std::vector<Verdict>>(std::move(verdicts));

  const bool pinned = !policy_.pinned.empty();
  // Of several places with the pinned certificate, one that meets all requirements is preferred.
  const Verdict* best = Best(*candidates_, *verdicts_, [&](const Verdict& v) {
    return v.failures == 0 && (!pinned || IsPinned(candidates_->identities()[v.position], policy_));
  });
  if (pinned && best == nullptr) {
    best = Best(*candidates_, *verdicts_, [&](const Verdict& v) {
      return (v.failures & kCryptographic) == 0 && IsPinned(candidates_->identities()[v.position], policy_);
    });
  }
  if (best == nullptr) {
    outcome_ = pinned ? Outcome::kPinnedUnusable : Outcome::kNothingFits;
    return;
  }
  outcome_ = Outcome::kChosen;
  chosen_ = best->position;
  identity_ = OnItsPath(*candidates_, *best);
  scheme_ = prepared.scheme_order[best->scheme];
}

Choice Select(const CertificateRequest& request, const IdentitySet& identities, const SelectionPolicy& policy,
              TimePoint now) {
  return Choice(request, identities, policy, now);
}

}  // namespace signet
