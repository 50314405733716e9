#include "pkcs11/objects/uri.h"

#include "base/edit_distance.h"
#include "base/percent_encoding.h"
#include <signet/error.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <functional>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

constexpr std::string_view kScheme = "pkcs11:";

// The path attributes of RFC 7512 section 2.3, and how many bytes each may have after decoding (0: any
// number).
struct PathAttribute {
  std::string_view name;
  std::size_t max_size;
};
constexpr PathAttribute kPathAttributes[] = {
    {"token", 32},
    {"manufacturer", 32},
    {"serial", 16},
    {"model", 16},
    {"library-manufacturer", 32},
    {"library-description", 32},
    {"library-version", 7},
    {"object", 0},
    {"type", 0},
    {"id", 0},
    {"slot-description", 64},
    {"slot-manufacturer", 32},
    {"slot-id", 0},
};
constexpr std::string_view kQueryAttributes[] = {"pin-source", "pin-value", "module-name", "module-path"};

struct TypeName {
  std::string_view name;
  CK_OBJECT_CLASS value;
};
constexpr TypeName kTypes[] = {
    {"private", CKO_PRIVATE_KEY}, {"public", CKO_PUBLIC_KEY},     {"cert", CKO_CERTIFICATE},
    {"data", CKO_DATA},           {"secret-key", CKO_SECRET_KEY},
};

[[noreturn]] void ThrowBadUri(std::string_view shown, std::string detail, std::string hint) {
  throw Error({.code = ErrorCode::kBadUri,
               .detail = std::move(detail),
               .uri = std::string(shown),
               .hint = std::move(hint)});
}

// Nearest gives the name in `names` (anything with a `name`, or names themselves) that is most like `wanted`.
template <class Range, class Projection = std::identity>
std::string_view Nearest(const Range& names, std::string_view wanted, Projection projection = {}) {
  for (const auto& row : names) {
    const std::string_view name = std::invoke(projection, row);
    if (wanted.size() > 2 && (name.starts_with(wanted) || wanted.starts_with(name))) return name;
  }
  const auto best = std::ranges::min_element(
      names, {}, [&](const auto& row) { return EditDistance(std::invoke(projection, row), wanted); });
  return std::invoke(projection, *best);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A vendor's own attribute (RFC 7512 section 2.3) says nothing here, and is ignored.
bool IsVendors(std::string_view name) { return name.size() > 2 && name.starts_with("x-"); }

bool IsQueryAttribute(std::string_view name) {
  return std::ranges::find(kQueryAttributes, name) != std::end(kQueryAttributes);
}

std::string_view TrimEnds(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const auto first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

// ForEachAttribute calls `read(name, raw value)` for the `separator`-separated attributes of `text`, which
// may change what is shown of the URI.
template <class Read>
void ForEachAttribute(std::string_view text, char separator, const std::string& shown, Read read) {
  std::vector<std::string_view> seen;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) {
      // The piece itself is not repeated: it may be a PIN with an unescaped separator in it.
      ThrowBadUri(shown, fmt::format("there is a part without `=` after {} attributes", seen.size()),
                  "Write name=value, and escape a `;` or `&` that belongs to a value: %3B, %26.");
    }
    const std::string_view name = piece.substr(0, equals);
    if (std::ranges::find(seen, name) != seen.end() && !IsVendors(name)) {
      ThrowBadUri(shown, fmt::format("the attribute {} occurs twice", name), "Remove one of them.");
    }
    seen.push_back(name);
    read(name, piece.substr(equals + 1));
  }
}

std::string Decoded(std::string_view name, std::string_view raw, std::string_view shown) {
  if (raw.find_first_of(" \t\r\n") != std::string_view::npos) {
    ThrowBadUri(shown, fmt::format("the value of {} contains white space", name), "Write a space as %20.");
  }
  auto decoded = PercentDecode(raw);
  if (!decoded) {
    ThrowBadUri(shown, fmt::format("the value of {} has a `%` without two hexadecimal digits", name),
                "Write a `%` as %25.");
  }
  return *std::move(decoded);
}

}  // namespace

Pkcs11Uri Pkcs11Uri::Parse(std::string_view text) {
  text = TrimEnds(text);
  const auto question = text.find('?');
  const std::string_view path = text.substr(0, question);
  Pkcs11Uri uri;
  // Schemes are case-insensitive (RFC 3986 section 3.1).
  const bool ours = std::ranges::equal(path.substr(0, kScheme.size()), kScheme, {}, Lower);
  if (!ours) {
    ThrowBadUri(path.substr(0, path.find_first_of(";&")),
                "it does not begin with pkcs11:", "Write pkcs11:...");
  }
  uri.ReadPath(path.substr(kScheme.size()));
  if (question != std::string_view::npos) uri.ReadQuery(text.substr(question + 1));
  return uri;
}

void Pkcs11Uri::ReadPath(std::string_view path) {
  // Only valid parts are shown: a misplaced part may be a PIN.
  std::string good(kScheme);
  shown_ = good;
  ForEachAttribute(path, ';', shown_, [&](std::string_view name, std::string_view raw) {
    if (IsVendors(name)) return;
    // Older URIs have these in the path; they are not shown.
    if (IsQueryAttribute(name)) return ReadQueryAttribute(name, raw);
    if (name == "object-type") name = "type";
    if (name == "type" && class_) {
      ThrowBadUri(shown_, "type occurs twice, once as object-type", "Remove one of them.");
    }
    if (good.size() > kScheme.size()) good += ';';
    good += fmt::format("{}=", name);
    shown_ = good + "...";
    ReadPathAttribute(name, raw);
    good += raw;
    shown_ = good;
  });
  uri_ = P11KitUriPtr(p11_kit_uri_new());
  const int result = p11_kit_uri_parse(shown_.c_str(), P11_KIT_URI_FOR_ANY, uri_.get());
  if (result != P11_KIT_URI_OK) {
    ThrowBadUri(shown_, fmt::format("it cannot be read: {}", p11_kit_uri_message(result)),
                "Compare it with the URIs that `signet list` shows.");
  }
  if (p11_kit_uri_any_unrecognized(uri_.get()) != 0) {
    ThrowBadUri(shown_, "one of its values cannot match any object",
                "Compare it with the URIs that `signet list` shows.");
  }
}

void Pkcs11Uri::ReadPathAttribute(std::string_view name, std::string_view raw) {
  const auto* row = std::ranges::find(kPathAttributes, name, &PathAttribute::name);
  if (row == std::end(kPathAttributes)) {
    if (name.starts_with("pin") || name.starts_with("module")) {
      ThrowBadUri(shown_, fmt::format("unknown attribute {}", name),
                  fmt::format("Did you mean {}? It belongs after a `?`.", Nearest(kQueryAttributes, name)));
    }
    ThrowBadUri(shown_, fmt::format("unknown attribute {}", name),
                fmt::format("Did you mean {}?", Nearest(kPathAttributes, name, &PathAttribute::name)));
  }
  std::string value = Decoded(name, raw, shown_);
  if (row->max_size != 0 && value.size() > row->max_size) {
    ThrowBadUri(
        shown_,
        fmt::format("the value of {} has {} bytes; the maximum is {}", name, value.size(), row->max_size),
        "Compare it with the URIs that `signet list` shows.");
  }
  names_token_ |= name == "token" || name == "serial";
  names_serial_ |= name == "serial";
  names_slot_ |= name == "slot-description" || name == "slot-manufacturer";
  names_library_ |= name.starts_with("library-");
  if (name == "id") id_.emplace(value.begin(), value.end());
  if (name == "object") object_ = std::move(value);
  if (name == "slot-id") {
    CK_SLOT_ID slot = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), slot);
    if (error != std::errc() || end != raw.data() + raw.size()) {
      ThrowBadUri(shown_, "the value of slot-id is not a number", "Write slot-id=NUMBER.");
    }
    slot_id_ = slot;
  }
  if (name == "type") {
    const auto* type = std::ranges::find(kTypes, value, &TypeName::name);
    if (type == std::end(kTypes)) {
      ThrowBadUri(shown_, fmt::format("unknown type {}", value),
                  fmt::format("Did you mean {}?", Nearest(kTypes, value, &TypeName::name)));
    }
    class_ = type->value;
  }
}

void Pkcs11Uri::ReadQuery(std::string_view query) {
  ForEachAttribute(query, '&', shown_, [&](std::string_view name, std::string_view raw) {
    if (IsVendors(name)) return;
    if (!IsQueryAttribute(name)) {
      ThrowBadUri(shown_, fmt::format("unknown query attribute {}", name),
                  fmt::format("Did you mean {}?", Nearest(kQueryAttributes, name)));
    }
    ReadQueryAttribute(name, raw);
  });
}

void Pkcs11Uri::ReadQueryAttribute(std::string_view name, std::string_view raw) {
  if (name.starts_with("pin-") && !pin_.empty()) {
    ThrowBadUri(shown_, "it contains more than one PIN (pin-value or pin-source)", "Keep only one of them.");
  }
  if (name == "pin-value") {
    auto pin = PercentDecodeSecret(raw);
    if (!pin)
      ThrowBadUri(shown_, "the pin-value has a `%` without two hexadecimal digits", "Write it as %25.");
    pin_ = PinSource::Value(*std::move(pin));
  } else if (name == "pin-source") {
    try {
      pin_ = PinSource::Parse(Decoded(name, raw, shown_));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadSetting) throw;
      ThrowBadUri(shown_, error.detail(), error.hint());
    }
  } else if (name == "module-path") {
    module_path_ = Decoded(name, raw, shown_);
  } else {
    module_name_ = Decoded(name, raw, shown_);
  }
}

bool Pkcs11Uri::Matches(const CK_TOKEN_INFO& token, CK_SLOT_ID slot) const {
  return p11_kit_uri_match_token_info(uri_.get(), &token) != 0 && (!slot_id_ || *slot_id_ == slot);
}
bool Pkcs11Uri::Matches(const CK_SLOT_INFO& slot) const {
  return p11_kit_uri_match_slot_info(uri_.get(), &slot) != 0;
}
bool Pkcs11Uri::Matches(const CK_INFO& library) const {
  return p11_kit_uri_match_module_info(uri_.get(), &library) != 0;
}

std::string ObjectUri(const CK_TOKEN_INFO& token, const std::vector<std::uint8_t>& id,
                      const std::string& label, bool with_label, std::optional<CK_SLOT_ID> slot) {
  const P11KitUriPtr uri(p11_kit_uri_new());
  *p11_kit_uri_get_token_info(uri.get()) = token;
  if (!id.empty()) {
    CK_ATTRIBUTE attribute{CKA_ID, const_cast<std::uint8_t*>(id.data()), id.size()};
    p11_kit_uri_set_attribute(uri.get(), &attribute);
  }
  if (with_label || id.empty()) {
    CK_ATTRIBUTE attribute{CKA_LABEL, const_cast<char*>(label.data()), label.size()};
    p11_kit_uri_set_attribute(uri.get(), &attribute);
  }
  char* text = nullptr;
  if (p11_kit_uri_format(uri.get(), P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK)
    return "pkcs11:";
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  return slot ? fmt::format("{};slot-id={}", text, *slot) : text;
}

}  // namespace signet::inline pkcs11
