#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "diagnosis/explanation.h"

namespace signet {
namespace {

using Code = Reason::Code;

// SuspectRow lists what a server may mean by an alert, the likeliest first; kNone closes the list.
struct SuspectRow {
  std::uint8_t alert;
  std::array<Code, 5> suspects;
};
constexpr Code kNone = Code::kPreferred;

constexpr SuspectRow kSuspects[] = {
    {42, {Code::kIncompleteChain, Code::kChainSignature, Code::kExtendedKeyUsage, Code::kKeyUsage, kNone}},
    {43, {Code::kExtendedKeyUsage, Code::kKeyUsage, Code::kOidFilter, Code::kCertificateType, kNone}},
    {45, {Code::kExpired, Code::kNotYetValid, Code::kChainExpired, Code::kChainNotYetValid, kNone}},
    {48, {Code::kIncompleteChain, Code::kAuthorities, Code::kChainExpired, kNone, kNone}},
    {51, {Code::kKeyCertificateMismatch, kNone, kNone, kNone, kNone}},
};

// Suspicions are what speaks against the identity that was sent.
std::vector<Reason> Suspicions(const Choice& choice) {
  std::vector<Reason> reasons = choice.warnings();
  const Certificate& last = choice.identity()->chain().certificates().back();
  const bool known =
      std::ranges::any_of(reasons, [](const Reason& r) { return r.code == Code::kIncompleteChain; });
  if (!last.self_issued() && !known) {
    reasons.push_back(
        {Code::kIncompleteChain,
         fmt::format("the chain that was sent stops at {}; the certificate of its issuer {} was not sent, "
                     "and the server may not have it",
                     last.subject(), last.issuer())});
  }
  return reasons;
}

const Reason* Find(const std::vector<Reason>& reasons, Code code) {
  const auto found = std::ranges::find(reasons, code, &Reason::code);
  return found != reasons.end() ? &*found : nullptr;
}

// Suspect gives the reason that explains `alert` best; without an alert that we know, any that was written.
const Reason* Suspect(const std::vector<Reason>& reasons, std::optional<std::uint8_t> alert) {
  const auto* row = alert ? std::ranges::find(kSuspects, *alert, &SuspectRow::alert) : std::end(kSuspects);
  if (row == std::end(kSuspects)) return reasons.empty() ? nullptr : &reasons.front();
  for (const Code code : row->suspects) {
    if (const Reason* found = code != kNone ? Find(reasons, code) : nullptr) return found;
  }
  return nullptr;
}

// Nearest is the identity that came nearest to being sent: of an accepted authority, and with the fewest
// reasons.
const Choice::Considered* Nearest(const std::vector<Choice::Considered>& all) {
  const auto distance = [](const Choice::Considered& c) {
    const bool foreign = Find(c.reasons, Code::kAuthorities) != nullptr;
    const bool aside = Find(c.reasons, Code::kNotPinned) != nullptr;
    return std::pair(aside ? 2 : foreign ? 1 : 0, c.reasons.size());
  };
  const auto nearest = std::ranges::min_element(all, {}, distance);
  return nearest != all.end() ? &*nearest : nullptr;
}

Explanation NothingSent(const HandshakeOutcome& outcome) {
  const auto considered =
      outcome.choice != nullptr ? outcome.choice->considered() : std::vector<Choice::Considered>{};
  const Choice::Considered* nearest = Nearest(considered);
  if (nearest == nullptr) {
    return {.cause = "the server asked for a client certificate and none was sent: no identity was given",
            .mend = "Name an identity with --identity; `signet list` shows what there is."};
  }
  // A chain that stops short is the likelier cause where the authorities do not fit.
  const Reason* missing = Find(nearest->reasons, Code::kIncompleteChain);
  const Explanation why = Explain(nearest->reasons.front());
  std::string cause = fmt::format("no client certificate was sent, as {} does not fit: {}",
                                  nearest->identity.subject(), why.cause);
  if (missing != nullptr) cause += fmt::format("; {}", missing->text);
  if (considered.size() > 1) cause += fmt::format(" ({} others fit no better)", considered.size() - 1);
  return {.cause = std::move(cause), .mend = missing != nullptr ? Explain(*missing).mend : why.mend};
}

Explanation Refused(const HandshakeOutcome& outcome) {
  const std::vector<Reason> reasons = Suspicions(*outcome.choice);
  const Reason* suspect = Suspect(reasons, outcome.alert);
  if (suspect != nullptr) {
    return {.cause = fmt::format("{}: {}", outcome.failure.detail(), suspect->text),
            .mend = Explain(*suspect).mend};
  }
  const Certificate& last = outcome.choice->identity()->chain().certificates().back();
  if (outcome.alert == 48) {
    return {.cause = fmt::format("{}: it does not trust {}", outcome.failure.detail(), last.issuer()),
            .mend = fmt::format("Let the server trust {}, or use an identity from a CA that it trusts.",
                                last.issuer())};
  }
  if (outcome.alert == 45) {
    return {.cause = fmt::format("{}, though by this computer's clock the whole chain is valid",
                                 outcome.failure.detail()),
            .mend = "Compare the clocks of both machines."};
  }
  return Explain(outcome.failure);
}

// PinnedIsUnusable holds where the identity that the user named was looked at and fails a cryptographic test.
bool PinnedIsUnusable(const HandshakeOutcome& outcome) {
  if (outcome.choice == nullptr || outcome.choice->outcome() != Choice::Outcome::kPinnedUnusable)
    return false;
  const auto considered = outcome.choice->considered();
  return std::ranges::any_of(considered,
                             [](const auto& c) { return Find(c.reasons, Code::kNotPinned) == nullptr; });
}

}  // namespace

Explanation Explain(const HandshakeOutcome& outcome) {
  if (PinnedIsUnusable(outcome)) return NothingSent(outcome);
  if (outcome.failure.code() != ErrorCode::kHandshake) return Explain(outcome.failure);
  if (outcome.requested && !outcome.sent) return NothingSent(outcome);
  if (outcome.sent && outcome.by_server && outcome.choice != nullptr && *outcome.choice)
    return Refused(outcome);
  return Explain(outcome.failure);
}

}  // namespace signet
