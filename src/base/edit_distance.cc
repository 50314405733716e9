#include "base/edit_distance.h"

#include <algorithm>
#include <vector>

namespace signet::inline base {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> Nearest(std::string_view typed, std::span<const std::string_view> names) {
  constexpr std::size_t kFarthest = 4;
  const auto holds = [&](std::string_view name) {
    return (typed.size() > 1 && name.starts_with(typed)) || (typed.size() > 3 && name.ends_with(typed));
  };
  const auto part = std::ranges::find_if(names, holds);
  if (part != names.end()) return *part;
  const auto distance = [&](std::string_view name) { return EditDistance(typed, name); };
  const auto best = std::ranges::min_element(names, {}, distance);
  if (best == names.end()) return std::nullopt;
  const std::size_t most = std::clamp<std::size_t>(std::min(typed.size(), best->size()) / 2, 1, kFarthest);
  return distance(*best) <= most ? std::optional(*best) : std::nullopt;
}

}  // namespace signet::inline base
