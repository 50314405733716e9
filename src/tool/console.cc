#include "tool/console.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace signet::tool {
namespace {

constexpr std::size_t kWidthWithoutTerminal = 80;
constexpr std::size_t kNarrowest = 40;

// Columns counts characters of UTF-8, each as one column.
std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

std::size_t WidthOf(int descriptor) {
  const std::string_view columns = Variable("COLUMNS");
  std::size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  winsize size{};
  if (width == 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  return width == 0 ? kWidthWithoutTerminal : std::max(width, kNarrowest);
}

bool ShowsColours(int descriptor) {
  return Variable("NO_COLOR").empty() && Variable("TERM") != "dumb" && isatty(descriptor) == 1;
}

std::string_view SequenceOf(Colour colour) {
  switch (colour) {
    case Colour::kGood:
      return "\x1b[32m";
    case Colour::kBad:
      return "\x1b[31m";
    case Colour::kNote:
      return "\x1b[33m";
    case Colour::kStrong:
      return "\x1b[1m";
    case Colour::kNone:
      break;
  }
  return {};
}

std::string WrappedLine(std::string_view line, std::size_t width, std::size_t indent) {
  const std::size_t own = std::min(line.find_first_not_of(' '), line.size());
  std::string wrapped(line.substr(0, own));
  const std::size_t hanging = indent + own;
  std::size_t column = hanging;
  bool first = true;
  for (line.remove_prefix(own); !line.empty();) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const std::size_t size = Columns(word);
    if (!first && column + 1 + size > width) {
      wrapped += "\n" + std::string(hanging, ' ');
      column = hanging;
    } else if (!first) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += size;
    first = false;
  }
  return wrapped;
}

}  // namespace

std::string Wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string wrapped;
  for (bool more = true; more;) {
    const std::size_t end = text.find('\n');
    more = end != std::string_view::npos;
    wrapped += WrappedLine(text.substr(0, end), width, indent);
    if (more) wrapped += "\n" + std::string(indent, ' ');
    text.remove_prefix(more ? end + 1 : text.size());
  }
  return wrapped;
}

Console::Console(std::FILE* stream)
    : stream_(stream), width_(WidthOf(fileno(stream))), coloured_(ShowsColours(fileno(stream))) {}

void Console::Row(std::string_view label, std::string_view text, Colour colour, Lines lines) const {
  const std::string_view sequence = coloured_ ? SequenceOf(colour) : std::string_view();
  Raw(fmt::format("{}{}{}{}\n", sequence, label, sequence.empty() ? "" : "\x1b[0m",
                  text.empty() ? "" : Wrapped(Printable(text, lines), width_, Columns(label))));
}

// What cannot be written is found at the end of the program: Written in main.cc.
void Console::Raw(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), stream_); }

}  // namespace signet::tool
