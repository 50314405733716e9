#include "tool/typed_uri.h"

#include "base/percent_encoding.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace signet::tool {
namespace {

constexpr std::string_view kSchemes[] = {"pkcs11:", "pkcs12:", "signet:"};
constexpr std::string_view kPkcs11Attributes[] = {"token",
                                                  "manufacturer",
                                                  "serial",
                                                  "model",
                                                  "object",
                                                  "id",
                                                  "type",
                                                  "slot-id",
                                                  "slot-description",
                                                  "slot-manufacturer",
                                                  "library-manufacturer"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view SchemeOf(std::string_view typed) {
  const auto* scheme = std::ranges::find_if(
      kSchemes, [&](std::string_view one) { return Lower(typed.substr(0, one.size())) == one; });
  return scheme == std::end(kSchemes) ? std::string_view() : *scheme;
}

bool IsFile(const std::string& path) {
  std::error_code error;
  return !path.empty() && std::filesystem::exists(path, error);
}

bool HasNameOfPkcs12(const std::string& path) {
  const std::string lower = Lower(path);
  return lower.ends_with(".p12") || lower.ends_with(".pfx");
}

// LooksLikeFile tells paths, whether something is there or not; what has another scheme is none.
bool LooksLikeFile(const std::string& path) {
  if (path.find(':') < path.find('/')) return false;
  return path.find('/') != std::string::npos || HasNameOfPkcs12(path);
}

std::string FileUri(const std::string& path) { return "pkcs12:" + PercentEncode(path, "/"); }

bool IsNotThere(const Listing& listing) {
  return listing.identities.empty() && std::ranges::all_of(listing.problems, [](const Problem& problem) {
           return problem.error.code() == ErrorCode::kNotFound;
         });
}

}  // namespace

std::string TypedUri(const std::string& typed) {
  const std::string_view scheme = SchemeOf(typed);
  if (!scheme.empty()) return std::string(scheme) + typed.substr(scheme.size());
  if (IsFile(typed)) return FileUri(typed);
  const std::size_t end = std::min(typed.find_first_of(";?"), typed.size());
  const std::string head = typed.substr(0, end);
  if (IsFile(head) || LooksLikeFile(head)) return FileUri(head) + typed.substr(end);
  const std::string name = head.substr(0, head.find('='));
  const bool attribute = name.size() < head.size() && std::ranges::count(kPkcs11Attributes, name) > 0;
  return attribute ? "pkcs11:" + typed : typed;
}

std::optional<std::string> WithHexId(std::string_view uri) {
  if (SchemeOf(uri) != "pkcs11:") return std::nullopt;
  const std::size_t query = std::min(uri.find('?'), uri.size());
  for (const std::string_view before : {":", ";"}) {
    const std::string name = fmt::format("{}id=", before);
    const std::size_t at = uri.find(name);
    if (at >= query) continue;
    const std::size_t value = at + name.size();
    const std::size_t end = std::min(uri.find(';', value), query);
    const std::string_view digits = uri.substr(value, end - value);
    const bool hexadecimal =
        std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (digits.empty() || digits.size() % 2 != 0 || !hexadecimal) return std::nullopt;
    std::string meant(uri.substr(0, value));
    for (std::size_t i = 0; i < digits.size(); i += 2) meant += fmt::format("%{}", digits.substr(i, 2));
    return meant + std::string(uri.substr(end));
  }
  return std::nullopt;
}

Listing ListTyped(const IdentitySource& source, const std::string& uri) {
  Listing listing = source.List(uri);
  const auto meant = IsNotThere(listing) ? WithHexId(uri) : std::nullopt;
  if (!meant) return listing;
  Listing second = source.List(*meant);
  return IsNotThere(second) ? listing : second;
}

Identity OpenTyped(const IdentitySource& source, const std::string& uri) {
  const auto meant = WithHexId(uri);
  if (meant && IsNotThere(source.List(uri)) && !IsNotThere(source.List(*meant))) return source.Open(*meant);
  return source.Open(uri);
}

Sorted SortWords(const std::vector<std::string>& words) {
  Sorted sorted;
  for (const std::string& word : words) {
    const std::string head = word.substr(0, word.find_first_of(";?"));
    const bool file = words.size() > 1 && (IsFile(word) || IsFile(head) || HasNameOfPkcs12(head));
    (file || !SchemeOf(word).empty() ? sorted.identities : sorted.servers).push_back(word);
  }
  return sorted;
}

}  // namespace signet::tool
