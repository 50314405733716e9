#include "pkcs12/uri.h"

#include "base/edit_distance.h"
#include "base/hex.h"
#include "base/percent_encoding.h"
#include <signet/error.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kScheme = "pkcs12:";
constexpr std::string_view kPathPlain = "/:@!$'()*+,";

// Shown is the part of the URI that cannot contain a PIN.
std::string Shown(std::string_view uri) { return std::string(uri.substr(0, uri.find_first_of(";?&"))); }

[[noreturn]] void ThrowBadUri(std::string_view uri, std::string detail, std::string hint) {
  throw Error(
      {.code = ErrorCode::kBadUri, .detail = std::move(detail), .uri = Shown(uri), .hint = std::move(hint)});
}

// Part is one `name=value` of a URI.
struct Part {
  std::string_view name, value;
};

std::vector<Part> Split(std::string_view uri, std::string_view text, char separator, std::string_view where) {
  std::vector<Part> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      // What stands there is not repeated: it may be a PIN.
      ThrowBadUri(uri, fmt::format("a part of the {} is not name=value", where),
                  "Write pkcs12:PATH;friendly-name=NAME?pin-source=file:PATH.");
    }
    parts.push_back({part.substr(0, equals), part.substr(equals + 1)});
    const auto same = std::ranges::count(parts, parts.back().name, &Part::name);
    if (same > 1)
      ThrowBadUri(uri, fmt::format("{} occurs twice in the {}", parts.back().name, where),
                  "Remove one of them.");
  }
  return parts;
}

[[noreturn]] void ThrowUnknown(std::string_view uri, std::string_view name, std::string_view where) {
  static constexpr std::string_view kNames[] = {"friendly-name", "local-key-id", "sha256", "pin-source",
                                                "pin-value"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto nearest = Nearest(lower, kNames);
  const bool in_query = nearest && nearest->starts_with("pin-");
  std::string shown;
  for (const char c : name.substr(0, 40)) shown += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '.';
  ThrowBadUri(uri, fmt::format("unknown attribute {} in the {}", shown, where),
              nearest
                  ? fmt::format("Did you mean {}? It belongs after a `{}`.", *nearest, in_query ? '?' : ';')
                  : "Write pkcs12:PATH;friendly-name=NAME?pin-source=file:PATH.");
}

std::string Decode(std::string_view uri, std::string_view text, std::string_view what) {
  std::optional<std::string> decoded = PercentDecode(text);
  if (!decoded || decoded->find('\0') != std::string::npos) {
    ThrowBadUri(uri, fmt::format("{} is not percent-encoded correctly", what), "Write a literal % as %25.");
  }
  return *decoded;
}

std::optional<std::vector<std::uint8_t>> FromHex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  if (!std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; })) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return bytes;
}

// LocalKeyId takes an even number of hexadecimal digits for hex, and everything else for percent-encoded
// bytes.
std::vector<std::uint8_t> LocalKeyId(std::string_view uri, std::string_view text) {
  if (auto bytes = FromHex(text)) return *bytes;
  const std::optional<std::string> raw = PercentDecode(text);
  if (!raw || raw->empty()) {
    ThrowBadUri(uri, "local-key-id is neither hexadecimal nor percent-encoded bytes",
                "Copy it from the output of `signet list`.");
  }
  return {raw->begin(), raw->end()};
}

void ReadPath(std::string_view uri, std::string_view text, Pkcs12Uri& read) {
  const std::size_t end = std::min(text.find(';'), text.size());
  const std::string_view path = text.substr(0, end);
  if (path.find("pin-value=") != std::string_view::npos ||
      path.find("pin-source=") != std::string_view::npos) {
    ThrowBadUri(uri, "the PIN's attribute is in the path", "Put it after '?'; write a literal '?' as %3F.");
  }
  read.path = Decode(uri, path, "the path");
  if (read.path.empty()) ThrowBadUri(uri, "the URI names no file", "Write pkcs12:PATH.");
  for (const Part& part : Split(uri, text.substr(std::min(end + 1, text.size())), ';', "path")) {
    if (part.name == "friendly-name") {
      read.friendly_name = Decode(uri, part.value, "friendly-name");
    } else if (part.name == "local-key-id") {
      read.local_key_id = LocalKeyId(uri, part.value);
    } else if (part.name == "sha256") {
      const auto bytes = FromHex(part.value);
      if (!bytes || bytes->size() != 32)
        ThrowBadUri(uri, "sha256 is not 64 hexadecimal digits", "Copy the complete value.");
      read.sha256 = HexEncode(*bytes);
    } else {
      ThrowUnknown(uri, part.name, "path");
    }
  }
}

PinSource SourceFrom(std::string_view uri, std::string_view value) {
  const std::string text = Decode(uri, value, "pin-source");
  try {
    return PinSource::Parse(text);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadSetting) throw;
    ThrowBadUri(uri, error.detail(), error.hint());
  }
}

void ReadQuery(std::string_view uri, std::string_view text, Pkcs12Uri& read) {
  const std::vector<Part> parts = Split(uri, text, '&', "query");
  for (const Part& part : parts) {
    if (part.name == "pin-value") {
      std::optional<Secret> value = PercentDecodeSecret(part.value);
      if (!value) ThrowBadUri(uri, "pin-value is not percent-encoded correctly", "Write a literal % as %25.");
      read.password = PinSource::Value(std::move(*value));
    } else if (part.name == "pin-source") {
      read.password = SourceFrom(uri, part.value);
    } else {
      ThrowUnknown(uri, part.name, "query");
    }
  }
  if (parts.size() > 1)
    ThrowBadUri(uri, "both pin-value and pin-source are given", "Give one (RFC 7512 section 2.4).");
}

}  // namespace

Pkcs12Uri Pkcs12Uri::Parse(std::string_view uri) {
  if (!uri.starts_with(kScheme)) ThrowBadUri(uri, "not a pkcs12: URI", "Write pkcs12:PATH.");
  const std::string_view rest = uri.substr(kScheme.size());
  const std::size_t question = std::min(rest.find('?'), rest.size());
  Pkcs12Uri read;
  ReadPath(uri, rest.substr(0, question), read);
  ReadQuery(uri, rest.substr(std::min(question + 1, rest.size())), read);
  return read;
}

std::string Pkcs12Uri::ToString() const {
  std::string text = fmt::format("{}{}", kScheme, PercentEncode(path, kPathPlain));
  if (local_key_id) text += fmt::format(";local-key-id={}", HexEncode(*local_key_id));
  if (friendly_name) text += fmt::format(";friendly-name={}", PercentEncode(*friendly_name, ":@!$'()*+,/"));
  if (sha256) text += fmt::format(";sha256={}", *sha256);
  return text;
}

}  // namespace signet::inline pkcs12
