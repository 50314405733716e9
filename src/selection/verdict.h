#pragma once

#include "selection/candidates.h"
#include "selection/prepared_request.h"
#include <signet/identity_selector.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace signet::inline selection {

// Failures is a set of Reason codes.
using Failures = std::uint32_t;
constexpr Failures FailureOf(Reason::Code code) { return Failures{1} << static_cast<unsigned>(code); }
// kCryptographic are the failures that no policy overrides.
inline constexpr Failures kCryptographic =
    FailureOf(Reason::Code::kKeyCertificateMismatch) | FailureOf(Reason::Code::kKeyUnavailable) |
    FailureOf(Reason::Code::kNoScheme) | FailureOf(Reason::Code::kNoSchemeForVersion) |
    FailureOf(Reason::Code::kStackLacksScheme) | FailureOf(Reason::Code::kPeerLacksScheme) |
    FailureOf(Reason::Code::kCertificateType) | FailureOf(Reason::Code::kCurveNotOffered) |
    FailureOf(Reason::Code::kKeyTooWeak) | FailureOf(Reason::Code::kSignatureTooWeak);

// Refusal is SelectionPolicy::stack_refusal.
using Refusal = std::function<std::optional<Reason>(const Certificate& certificate, bool leaf)>;

// Verdict is one identity under one request: what it fails, and where it stands among those that fail
// nothing.
struct Verdict {
  const Candidate* row = nullptr;
  std::uint32_t position = 0;  // in the set
  Failures failures = 0;
  std::uint32_t path = 0;          // in the chain's paths()
  std::uint32_t path_length = 1;   // what is sent of it
  std::uint32_t issuer_depth = 0;  // of the authority's match; 0 is the leaf's issuer
  std::uint32_t scheme = 0;        // index into scheme_order
  std::uint8_t host = 0;           // 0 named, 1 by a wildcard, 2 not named
  bool names_purpose = false;
  bool issuers_valid = true;      // all that are sent, now
  bool leads_to_old_key = false;  // over a CA's certificate for its new key by its old one
  bool hardware = false;          // and the policy cares
  std::optional<Reason> refusal;  // the stack's, of a certificate on the path
};

// Judge applies the tests that need no key: all but the key's own word, Unavailable.
Verdict Judge(const Candidates& candidates, std::uint32_t position, const PreparedRequest& request,
              const Refusal& refusal);
// OnItsPath gives the identity with the chain that the verdict is about.
Identity OnItsPath(const Candidates& candidates, const Verdict& verdict);
// KeyFailures asks the key, which may know better than when it was indexed.
Failures KeyFailures(const Identity& identity);

// Contest is a comparison of two verdicts that fit.
struct Contest {
  // compare is negative if `a` precedes `b`.
  int (*compare)(const Verdict& a, const Verdict& b, const Candidates& candidates);
  std::string_view why;  // what the winner has, after its name
};
// Ranking lists the contests, the weightiest first.
std::span<const Contest> Ranking() noexcept;

// Precedes is a total order for identities that differ.
bool Precedes(const Verdict& a, const Verdict& b, const Candidates& candidates);

}  // namespace signet::inline selection
