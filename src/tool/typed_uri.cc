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

// LooksLikeFile recognises paths, even of missing files; text with another scheme is not a path.
bool LooksLikeFile(const std::string& path) {
  if (path.find(':') < path.find('/')) return false;
  return path.find('/') != std::string::npos || HasNameOfPkcs12(path);
}

std::string FileUri(const std::string& path) { return "pkcs12:" + PercentEncode(path, "/"); }

// PathOfFileUrl gives the path of file:PATH or file:///PATH where that is named like a PKCS#12 file; empty
// for others.
std::string PathOfFileUrl(const std::string& typed) {
  constexpr std::string_view kScheme = "file:";
  if (Lower(typed.substr(0, kScheme.size())) != kScheme) return {};
  std::string path = typed.substr(kScheme.size());
  if (path.starts_with("//localhost/")) path.erase(0, std::string_view("//localhost").size());
  if (path.starts_with("///")) path.erase(0, 2);
  return HasNameOfPkcs12(path.substr(0, path.find_first_of(";?"))) ? path : std::string();
}

// RefuseFileName throws if the name of a file follows `pkcs11:`.
void RefuseFileName(std::string_view rest) {
  const std::string name(rest.substr(0, rest.find_first_of(";?")));
  if (name.find('=') != std::string::npos || (!HasNameOfPkcs12(name) && !LooksLikeFile(name))) return;
  throw Error(
      {.code = ErrorCode::kBadUri,
       .detail = fmt::format("pkcs11: names an object on a token, and {} is the name of a file", name),
       .hint = fmt::format("Write pkcs12:{}, or the file's name alone.", name)});
}

// IsNotThere holds where nothing was found, or only that a PIN fits several tokens and was sent to none.
bool IsNotThere(const Listing& listing) {
  return listing.identities.empty() && std::ranges::all_of(listing.problems, [](const Problem& problem) {
           return problem.error.code() == ErrorCode::kNotFound ||
                  problem.error.code() == ErrorCode::kAmbiguous;
         });
}

}  // namespace

std::string TypedUri(const std::string& typed) {
  const std::string_view scheme = SchemeOf(typed);
  if (scheme == "pkcs11:") RefuseFileName(std::string_view(typed).substr(scheme.size()));
  if (!scheme.empty()) return std::string(scheme) + typed.substr(scheme.size());
  if (const std::string path = PathOfFileUrl(typed); !path.empty()) return "pkcs12:" + path;
  if (IsFile(typed)) return FileUri(typed);
  const std::size_t end = std::min(typed.find_first_of(";?"), typed.size());
  const std::string head = typed.substr(0, end);
  if (IsFile(head) || LooksLikeFile(head)) return FileUri(head) + typed.substr(end);
  const std::string name = head.substr(0, head.find('='));
  const bool attribute = name.size() < head.size() && std::ranges::count(kPkcs11Attributes, name) > 0;
  return attribute ? "pkcs11:" + typed : typed;
}

bool IsFileOfPkcs12(const std::string& word) { return HasNameOfPkcs12(word) && IsFile(word); }

bool NamesIdentity(const std::string& word) {
  return !SchemeOf(word).empty() || HasNameOfPkcs12(word.substr(0, word.find_first_of(";?")));
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
    std::string digits(uri.substr(value, end - value));
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.erase(0, 2);
    if (digits.size() == 1) digits.insert(0, "0");
    const bool hexadecimal =
        std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (digits.empty() || digits.size() % 2 != 0 || !hexadecimal) return std::nullopt;
    std::string meant(uri.substr(0, value));
    for (std::size_t i = 0; i < digits.size(); i += 2) meant += fmt::format("%{}", digits.substr(i, 2));
    return meant + std::string(uri.substr(end));
  }
  return std::nullopt;
}

namespace {

// IdOf gives the value of the path attribute `id` as it was written; nothing if there is none.
std::optional<std::string_view> IdOf(std::string_view uri) {
  uri = uri.substr(0, uri.find('?'));
  for (const std::string_view before : {":id=", ";id="}) {
    const std::size_t at = uri.find(before);
    if (at == uri.npos) continue;
    const std::string_view value = uri.substr(at + before.size());
    return value.substr(0, value.find(';'));
  }
  return std::nullopt;
}

// WithIdHint adds how an ID is written, where `uri` has one that is not in %-form and nothing was found.
Error WithIdHint(const Error& error, std::string_view uri) {
  const auto id = IdOf(uri);
  const bool raw = id && !id->empty() && id->find('%') == id->npos;
  if (!raw || error.code() != ErrorCode::kNotFound) return error;
  return Error({.code = error.code(),
                .detail = error.detail(),
                .token = error.token(),
                .uri = error.uri(),
                .hint = "Write each byte of an ID as % and two hexadecimal digits: id=%02. " + error.hint()});
}

}  // namespace

Listing ListTyped(const IdentitySource& source, const std::string& uri) {
  Listing listing = source.List(uri);
  if (!IsNotThere(listing)) return listing;
  if (const auto meant = WithHexId(uri)) {
    Listing second = source.List(*meant);
    if (!IsNotThere(second)) return second;
  }
  for (Problem& problem : listing.problems) problem.error = WithIdHint(problem.error, uri);
  return listing;
}

Identity OpenTyped(const IdentitySource& source, const std::string& uri) {
  const auto meant = WithHexId(uri);
  if (meant && IsNotThere(source.List(uri)) && !IsNotThere(source.List(*meant))) return source.Open(*meant);
  try {
    return source.Open(uri);
  } catch (const Error& error) {
    throw WithIdHint(error, uri);
  }
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
