#include "selection/name_normal_form.h"

#include <algorithm>
#include <vector>

namespace signet {
namespace {

using Bytes = std::span<const std::uint8_t>;

enum Tag : std::uint8_t {
  kOid = 0x06,
  kUtf8String = 0x0c,
  kPrintableString = 0x13,
  kT61String = 0x14,
  kIa5String = 0x16,
  kVisibleString = 0x1a,
  kUniversalString = 0x1c,
  kBmpString = 0x1e,
  kSequence = 0x30,
  kSet = 0x31,
};

struct Element {
  std::uint8_t tag;
  Bytes value;
  Bytes whole;
};

// TakeElement takes one DER element off the front of `rest`; nothing where there is none.
std::optional<Element> TakeElement(Bytes& rest) {
  if (rest.size() < 2) return std::nullopt;
  std::size_t header = 2;
  std::size_t length = rest[1];
  if (length >= 0x80) {
    const std::size_t digits = length & 0x7f;
    if (digits == 0 || digits > 3 || rest.size() < 2 + digits) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < digits; ++i) length = length << 8 | rest[2 + i];
    header += digits;
  }
  if (rest.size() - header < length) return std::nullopt;
  const Element element{rest[0], rest.subspan(header, length), rest.first(header + length)};
  rest = rest.subspan(header + length);
  return element;
}

constexpr char32_t kMalformed = 0xffffffff;

// TakeUtf8 takes one code point off the front of `rest`.
char32_t TakeUtf8(Bytes& rest) {
  const std::uint8_t first = rest[0];
  const std::size_t size = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 0 || rest.size() < size) return kMalformed;
  char32_t point = size == 1 ? first : first & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((rest[i] & 0xc0) != 0x80) return kMalformed;
    point = point << 6 | (rest[i] & 0x3f);
  }
  rest = rest.subspan(size);
  return point;
}

// TakeCharacter takes one character of a string of type `tag` off the front of `rest`.
char32_t TakeCharacter(std::uint8_t tag, Bytes& rest) {
  if (tag == kUtf8String) return TakeUtf8(rest);
  const std::size_t size = tag == kBmpString ? 2 : tag == kUniversalString ? 4 : 1;
  if (rest.size() < size) return kMalformed;
  char32_t point = 0;
  for (std::size_t i = 0; i < size; ++i) point = point << 8 | rest[i];
  rest = rest.subspan(size);
  return point;
}

char32_t FoldCase(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c < 0xc0) return c;
  if (c <= 0xde) return c == 0xd7 ? c : c + 32;                            // Latin-1
  if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c | 1;  // Latin Extended-A
  if (c >= 0x139 && c <= 0x148) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x14a && c <= 0x177) return c | 1;
  if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) return c + 32;  // Greek
  if (c >= 0x400 && c <= 0x40f) return c + 80;                // Cyrillic
  if (c >= 0x410 && c <= 0x42f) return c + 32;
  return c;
}

bool IsSpace(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000; }

void AppendUtf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
            static_cast<char>(0x80 | (c & 0x3f))};
  } else {
    out += {static_cast<char>(0xf0 | (c >> 18 & 7)), static_cast<char>(0x80 | (c >> 12 & 0x3f)),
            static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  }
}

bool IsText(std::uint8_t tag) {
  return tag == kUtf8String || tag == kPrintableString || tag == kT61String || tag == kIa5String ||
         tag == kVisibleString || tag == kUniversalString || tag == kBmpString;
}

// AppendText appends the normal form of a string; false for bytes that are no such string.
bool AppendText(std::string& out, const Element& string) {
  Bytes rest = string.value;
  bool begun = false;
  bool space = false;
  while (!rest.empty()) {
    const char32_t c = TakeCharacter(string.tag, rest);
    if (c == kMalformed) return false;
    if (IsSpace(c)) {
      space = begun;
      continue;
    }
    if (space) out += ' ';
    space = false;
    begun = true;
    AppendUtf8(out, FoldCase(c));
  }
  return true;
}

void AppendBytes(std::string& out, Bytes bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// AppendSized puts `part` behind its length, so that no text can be mistaken for structure.
void AppendSized(std::string& out, const std::string& part) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(part.size() >> shift & 0xff);
  out += part;
}

// AttributeForm is the form of one AttributeTypeAndValue; values that are no strings stay as they are.
std::optional<std::string> AttributeForm(Bytes& set) {
  const auto pair = TakeElement(set);
  if (!pair || pair->tag != kSequence) return std::nullopt;
  Bytes rest = pair->value;
  const auto type = TakeElement(rest);
  const auto value = TakeElement(rest);
  if (!type || type->tag != kOid || !value || !rest.empty()) return std::nullopt;
  std::string form;
  AppendBytes(form, type->whole);
  if (!IsText(value->tag)) {
    AppendBytes(form, value->whole);
    return form;
  }
  form += '\0';
  if (!AppendText(form, *value)) return std::nullopt;
  return form;
}

}  // namespace

std::optional<std::string> NameNormalForm(std::span<const std::uint8_t> der) {
  const auto name = TakeElement(der);
  if (!name || name->tag != kSequence || !der.empty()) return std::nullopt;
  std::string form;
  std::vector<std::string> attributes;
  for (Bytes sets = name->value; !sets.empty();) {
    const auto set = TakeElement(sets);
    if (!set || set->tag != kSet) return std::nullopt;
    attributes.clear();
    for (Bytes rest = set->value; !rest.empty();) {
      auto attribute = AttributeForm(rest);
      if (!attribute) return std::nullopt;
      attributes.push_back(*std::move(attribute));
    }
    std::ranges::sort(attributes);
    form += static_cast<char>(attributes.size());
    for (const std::string& attribute : attributes) AppendSized(form, attribute);
  }
  return form;
}

}  // namespace signet
