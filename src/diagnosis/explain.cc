#include "base/general_hint.h"
#include "diagnosis/explanation.h"
#include "diagnosis/reason_hints.h"

#include <algorithm>

namespace signet::inline diagnosis {

Explanation Explain(const Error& error) {
  // What OpenSSL said tells more than that something failed inside.
  if (error.native().kind == NativeCode::Kind::kOpenSsl && error.hint() == GeneralHint(error.code())) {
    if (auto known = ExplainSymptom(error.native().name)) return *std::move(known);
  }
  return {.cause = error.detail(), .hint = error.hint()};
}

Explanation Explain(const Reason& reason) {
  const auto row = std::ranges::find(ReasonHints(), reason.code, &ReasonHint::code);
  return {.cause = reason.text, .hint = row != ReasonHints().end() ? std::string(row->hint) : std::string()};
}

}  // namespace signet::inline diagnosis
