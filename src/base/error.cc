#include "base/general_hint.h"
#include "base/printable.h"

#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

Error::Fields WithGeneralHint(Error::Fields fields) {
  if (fields.hint.empty()) fields.hint = GeneralHint(fields.code);
  return fields;
}

// OneLine is printable, even if the fields contain untrusted names; a hint may list candidates in separate
// lines.
std::string OneLine(const Error::Fields& fields) {
  const char* colon = fields.uri.ends_with(':') ? "" : ":";
  std::string text =
      fields.uri.empty() ? fields.detail : fmt::format("{}{} {}", fields.uri, colon, fields.detail);
  if (!fields.call.empty() || !fields.native.name.empty()) {
    const char* space = !fields.call.empty() && !fields.native.name.empty() ? ": " : "";
    text += fmt::format(" ({}{}{})", fields.call, space, fields.native.name);
  }
  return fmt::format("{}. {}", Printable(text), Printable(fields.hint, Lines::kMany));
}

}  // namespace

std::string_view Name(ErrorCode code) noexcept { return ErrorRowOf(code).name; }

Error::Error(Fields fields) {
  State state{.fields = WithGeneralHint(std::move(fields)), .what = {}};
  state.what = OneLine(state.fields);
  state_ = std::make_shared<const State>(std::move(state));
}

Error Error::WithUri(std::string_view uri) const {
  if (!this->uri().empty()) return *this;
  Fields changed = fields();
  changed.uri = uri;
  return Error(std::move(changed));
}

}  // namespace signet
