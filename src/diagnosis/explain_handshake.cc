#include "diagnosis/explanation.h"
#include "identity/name_text.h"
#include "identity/signature_schemes.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace signet::inline diagnosis {
namespace {

using Code = Reason::Code;

using Codes = std::span<const Code>;

// Reasons that make an identity unfit for every peer.
constexpr Code kUnfit[] = {Code::kKeyCertificateMismatch, Code::kExpired,         Code::kNotYetValid,
                           Code::kChainExpired,           Code::kKeyUsage,        Code::kExtendedKeyUsage,
                           Code::kNetscapeCertType,       Code::kKeyTooWeak,      Code::kSignatureTooWeak,
                           Code::kChainNotYetValid,       Code::kCurveNotOffered, Code::kCriticalExtension,
                           Code::kAnyPurposeOnly};
constexpr Code kDates[] = {Code::kExpired, Code::kNotYetValid, Code::kChainExpired, Code::kChainNotYetValid};
constexpr Code kKind[] = {Code::kExtendedKeyUsage, Code::kKeyUsage,        Code::kNetscapeCertType,
                          Code::kOidFilter,        Code::kCertificateType, Code::kCurveNotOffered,
                          Code::kKeyTooWeak,       Code::kAnyPurposeOnly};
constexpr Code kPair[] = {Code::kKeyCertificateMismatch};
constexpr Code kIssuer[] = {Code::kOtherPath, Code::kIncompleteChain, Code::kChainTooLong,
                            Code::kAuthorities};
constexpr Code kChain[] = {Code::kIncompleteChain, Code::kChainTooLong, Code::kAuthorities,
                           Code::kChainSignature};

// EvidenceRow says what of an identity explains an alert (RFC 8446 section 6.2): `causes` are certain once
// they are found, `suspects` are what the server may mean.
struct EvidenceRow {
  std::uint8_t alert;
  Codes causes;
  Codes suspects;
};

constexpr EvidenceRow kEvidence[] = {
    {40, {}, kUnfit},      // handshake_failure
    {42, kUnfit, kChain},  // bad_certificate
    {43, kKind, {}},       // unsupported_certificate
    {44, {}, {}},          // certificate_revoked
    {45, kDates, {}},      // certificate_expired
    {46, kUnfit, kChain},  // certificate_unknown
    {48, {}, kIssuer},     // unknown_ca
    {49, {}, {}},          // access_denied
    {51, kPair, {}},       // decrypt_error
};
// What the server closed with a page, or without an alert.
constexpr EvidenceRow kNoAlert = {0, kUnfit, kIssuer};
// An alert that is not about certificates: an unfit identity is a possible cause, a chain is not.
constexpr EvidenceRow kOtherAlert = {0, {}, kUnfit};

const Reason* Find(const std::vector<Reason>& reasons, Code code) {
  const auto found = std::ranges::find(reasons, code, &Reason::code);
  return found != reasons.end() ? &*found : nullptr;
}

const Reason* FirstOf(const std::vector<Reason>& reasons, Codes codes) {
  for (const Code code : codes) {
    if (const Reason* found = Find(reasons, code)) return found;
  }
  return nullptr;
}

const EvidenceRow& EvidenceFor(std::optional<std::uint8_t> alert) {
  if (!alert) return kNoAlert;
  const auto* row = std::ranges::find(kEvidence, *alert, &EvidenceRow::alert);
  return row != std::end(kEvidence) ? *row : kOtherAlert;
}

// NamesIssuerOf tells whether the server's request names the issuer of `certificate` among its authorities.
bool NamesIssuerOf(const CertificateRequest& request, const Certificate& certificate) {
  return std::ranges::any_of(request.authorities, [&](const auto& authority) {
    return SameName(authority, certificate.issuer_der());
  });
}

// HintOf is the reason's hint. If a chain ends at an issuer that the server does not name, no one can
// tell whether the issuer is unknown or an intermediate whose own certificate is missing: both solutions
// are named.
std::string HintOf(const Reason& reason, const std::vector<Reason>& all, const Identity& identity) {
  std::string hint = Explain(reason).hint;
  if (reason.code != Code::kIncompleteChain || Find(all, Code::kAuthorities) == nullptr) return hint;
  hint.pop_back();
  return fmt::format(
      "{}; if none of the authorities that the server accepts certified {}, use an identity that one of "
      "them issued.",
      hint, identity.chain().certificates().back().issuer());
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

// Others writes how many identities there are beside the one that is explained.
std::string Others(std::size_t all) {
  if (all < 2) return {};
  return all == 2 ? " (the other identity does not fit either)"
                  : fmt::format(" (the {} other identities do not fit either)", all - 1);
}

Explanation NothingSent(const HandshakeOutcome& outcome) {
  const auto considered = outcome.choice->considered();
  const std::string others = Others(considered.size() + outcome.aside.size());
  const Choice::Considered* nearest = Nearest(considered);
  if (nearest == nullptr && outcome.aside.empty()) {
    return {.cause = "the server asked for a client certificate and none was sent: no identity was given",
            .hint =
                "Give the selector an identity that the server accepts; `signet list` shows the available "
                "identities."};
  }
  if (nearest == nullptr) {
    const SetAside& first = outcome.aside.front();
    return {.cause = fmt::format("no client certificate was sent, as {} cannot be used: {}{}", first.subject,
                                 first.reason, others),
            .hint = Explain(Reason{Code::kStackLacksScheme, {}}).hint};
  }
  // A chain that stops short is the likelier cause where the authorities do not fit.
  const Reason* missing = Find(nearest->reasons, Code::kIncompleteChain);
  if (missing == nullptr) missing = Find(nearest->reasons, Code::kChainTooLong);
  const Explanation why = Explain(nearest->reasons.front());
  std::string cause = fmt::format("no client certificate was sent, as {} does not fit: {}",
                                  nearest->identity.subject(), why.cause);
  if (missing != nullptr) cause += fmt::format("; {}", missing->text);
  return {.cause = cause + others,
          .hint = missing != nullptr ? HintOf(*missing, nearest->reasons, nearest->identity) : why.hint};
}

// HasOddCurve tells an EC key that TLS 1.3 does not know here, and TLS 1.2 only where both sides list its
// curve.
bool HasOddCurve(const PrivateKey& key) {
  return key.type() == KeyType::kEc && std::ranges::none_of(key.schemes(), [](SignatureScheme scheme) {
           const SchemeRow* row = FindRow(scheme);
           return row != nullptr && row->tls13;
         });
}

Explanation Refused(const HandshakeOutcome& outcome) {
  const std::vector<Reason> reasons = Suspicions(*outcome.choice);
  const EvidenceRow& evidence = EvidenceFor(outcome.alert);
  if (const Reason* cause = FirstOf(reasons, evidence.causes)) {
    return {.cause = fmt::format("{}: {}", outcome.failure.detail(), cause->text),
            .hint = HintOf(*cause, reasons, *outcome.choice->identity())};
  }
  if (const Reason* suspect = FirstOf(reasons, evidence.suspects)) {
    return {.cause = fmt::format("{}; a possible cause: {}", outcome.failure.detail(), suspect->text),
            .hint = HintOf(*suspect, reasons, *outcome.choice->identity())};
  }
  const PrivateKey& key = *outcome.choice->identity()->key();
  if ((outcome.alert == 47 || outcome.alert == 40) && HasOddCurve(key)) {
    return {
        .cause = fmt::format("{}; a possible cause: its key, {}, is on a curve that the server does not "
                             "list among its groups",
                             outcome.failure.detail(), Description(key)),
        .hint =
            "Use an identity with an EC key on P-256, P-384 or P-521, or have the server list the curve."};
  }
  const Certificate& last = outcome.choice->identity()->chain().certificates().back();
  if (outcome.alert == 48) {
    return {
        .cause = fmt::format("{}: it does not trust {}", outcome.failure.detail(), last.issuer()),
        .hint = fmt::format("Configure the server to trust {}, or use an identity from a CA that it trusts.",
                            last.issuer())};
  }
  if (outcome.alert == 45) {
    return {.cause = fmt::format("{}, although the whole chain is valid by this computer's clock",
                                 outcome.failure.detail()),
            .hint = "Compare the clocks of both machines."};
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

std::vector<Reason> Suspicions(const Choice& choice) {
  std::vector<Reason> reasons = choice.warnings();
  if (choice.identity() == nullptr) return reasons;
  const Certificate& last = choice.identity()->chain().certificates().back();
  const bool known = NamesIssuerOf(choice.request(), last);
  if (choice.identity()->chain().cut()) {
    reasons.push_back(
        {Code::kChainTooLong,
         fmt::format("its chain has more than the maximum of {} certificates and was truncated at {}",
                     choice.identity()->chain().certificates().size(), last.subject())});
  } else if (!last.self_signed() && !known && Find(reasons, Code::kIncompleteChain) == nullptr) {
    reasons.push_back(
        {Code::kIncompleteChain, fmt::format("its chain ends at {}; the certificate of the issuer {} is "
                                             "missing, and the server may not have it",
                                             last.subject(), last.issuer())});
  }
  return reasons;
}

Explanation Explain(const HandshakeOutcome& outcome) {
  if (PinnedIsUnusable(outcome)) return NothingSent(outcome);
  if (outcome.failure.code() != ErrorCode::kHandshake) return Explain(outcome.failure);
  if (outcome.requested && !outcome.sent && outcome.choice != nullptr) return NothingSent(outcome);
  if (outcome.sent && outcome.by_server && outcome.choice != nullptr && *outcome.choice)
    return Refused(outcome);
  return Explain(outcome.failure);
}

Error ExplainedError(const HandshakeOutcome& outcome) {
  Explanation explanation = Explain(outcome);
  Error::Fields fields = outcome.failure.fields();
  fields.detail = std::move(explanation.cause);
  fields.hint = std::move(explanation.hint);
  return Error(std::move(fields));
}

}  // namespace signet::inline diagnosis
