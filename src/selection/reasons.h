#pragma once

#include "selection/verdict.h"
#include <signet/identity_selector.h>

#include <vector>

namespace signet::inline selection {

// Situation is what the writing of reasons looks at.
struct Situation {
  const Candidates& candidates;
  const PreparedRequest& prepared;
  const CertificateRequest& request;
  const SelectionPolicy& policy;
  TimePoint now;
};

// ReasonsFor writes one sentence for each failure of `verdict`, in the order of the tests.
std::vector<Reason> ReasonsFor(const Verdict& verdict, const Situation& situation);
// ChainWarnings says what the peer could hold against the chain behind the leaf, though it may not.
std::vector<Reason> ChainWarnings(const Verdict& verdict, const Situation& situation);
// WhyBefore says what put `winner` before `loser`; of equal ones, that the first was given first.
std::string_view WhyBefore(const Verdict& winner, const Verdict& loser, const Candidates& candidates);

}  // namespace signet::inline selection
