#include "base/error_mend.h"
#include "diagnosis/explanation.h"
#include "diagnosis/mends.h"

#include <algorithm>

namespace signet {

Explanation Explain(const Error& error) {
  // What OpenSSL said tells more than that something failed inside.
  if (error.native().kind == NativeCode::Kind::kOpenSsl && error.mend() == Mend(error.code())) {
    if (auto known = ExplainSymptom(error.native().name)) return *std::move(known);
  }
  return {.cause = error.detail(), .mend = error.mend()};
}

Explanation Explain(const Reason& reason) {
  const auto row = std::ranges::find(ReasonMends(), reason.code, &ReasonMend::code);
  return {.cause = reason.text, .mend = row != ReasonMends().end() ? std::string(row->mend) : std::string()};
}

}  // namespace signet
