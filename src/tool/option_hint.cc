#include "tool/option_hint.h"

#include "base/general_hint.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace signet::tool {
namespace {

struct OptionRow {
  ErrorCode code;
  std::string_view hint;
};

constexpr OptionRow kOptions[] = {
    {ErrorCode::kPinNeeded, "Here: --pin-source SOURCE."},
    {ErrorCode::kModuleTrouble, "Here: --module PATH."},
    {ErrorCode::kInternal, "Here: --set call-log=stderr."},
};

}  // namespace

Error WithOptionHint(const Error& error) {
  const auto* row = std::ranges::find(kOptions, error.code(), &OptionRow::code);
  if (row == std::end(kOptions) || error.hint() != GeneralHint(error.code())) return error;
  Error::Fields fields = error.fields();
  fields.hint += " " + std::string(row->hint);
  return Error(std::move(fields));
}

}  // namespace signet::tool
