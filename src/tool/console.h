#pragma once

#include "base/printable.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace signet::tool {

enum class Colour { kNone, kGood, kBad, kNote, kStrong };

// Wrapped breaks `text` at its spaces into lines of `width` columns. The first begins behind `indent` columns
// that are taken already; the others are indented by as many. A word that is longer stays in one piece. A
// line of `text` that begins with spaces keeps them.
std::string Wrapped(std::string_view text, std::size_t width, std::size_t indent);

// Console is stdout or stderr for people: what it writes is printable, wrapped at words to the terminal's
// width
// ($COLUMNS where that is set, 80 if there is no terminal), and coloured on a terminal unless NO_COLOR is
// set (no-color.org).
class Console {
 public:
  explicit Console(std::FILE* stream);

  // Row writes `label`, which is ours and never wrapped, and `text`, whose later lines stand under its first;
  // `label` has the colour.
  void Row(std::string_view label, std::string_view text, Colour colour = Colour::kNone,
           Lines lines = Lines::kOne) const;
  // Line writes `text` from the first column.
  void Line(std::string_view text, Lines lines = Lines::kOne) const { Row({}, text, Colour::kNone, lines); }
  // Raw writes text that must not be changed: PEM.
  void Raw(std::string_view text) const;

  std::size_t width() const noexcept { return width_; }

 private:
  std::FILE* stream_;
  std::size_t width_;
  bool coloured_;
};

}  // namespace signet::tool
