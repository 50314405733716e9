#include "config/place.h"

#include <fmt/format.h>

namespace signet::inline config {
namespace {

struct KindRow {
  PlaceKind kind;
  std::string_view name;
  std::string_view before_where;  // what a sentence says before SettingPlace::where
};

constexpr KindRow kKinds[] = {
    {PlaceKind::kOpenSslConf, "openssl.cnf", "openssl.cnf "},
    {PlaceKind::kParameters, "parameters", ""},
    {PlaceKind::kEnvironment, "environment", "the variable "},
    {PlaceKind::kSet, "command-line", ""},
    {PlaceKind::kOption, "command-line", ""},
};

constexpr bool HasARowForEveryKind() {
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return std::size(kKinds) == static_cast<std::size_t>(PlaceKind::kOption) + 1;
}
static_assert(HasARowForEveryKind());

const KindRow& RowOf(PlaceKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view Name(PlaceKind kind) noexcept { return RowOf(kind).name; }

std::string InWords(const SettingPlace& place) {
  return fmt::format("{}{}", RowOf(place.kind).before_where, place.where);
}

}  // namespace signet::inline config
