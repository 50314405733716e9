#include "sources/own_sources.h"

#include "base/application_error.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace signet::inline sources {
namespace {

// Those that Signet answers for itself; `signet` hands keys over within a process.
constexpr std::array<std::string_view, 3> kBuiltIn = {"pkcs11", "pkcs12", "signet"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// IsScheme: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ).
bool IsScheme(std::string_view text) {
  const auto may = [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && IsLetter(text.front()) && std::ranges::all_of(text, may);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

[[noreturn]] void ThrowBadRegistration(std::string detail, std::string hint) {
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = std::move(detail),
               .call = "IdentitySource::Register",
               .hint = std::move(hint)});
}

// The query may hold a PIN.
std::string Shown(std::string_view uri) { return std::string(uri.substr(0, uri.find('?'))); }

Error BadUriOf(const Identity& identity, std::string detail) {
  return Error({.code = ErrorCode::kApplication,
                .detail = fmt::format("the program's own source lists the identity of {} {}",
                                      identity.subject(), detail),
                .call = "OwnSource::List",
                .uri = Shown(identity.uri())});
}

// Checked puts aside what could not be opened by its URI, and has each problem's error name the problem's
// URI.
Listing Checked(const Listing& listed, const std::string& scheme) {
  Listing checked;
  for (const Problem& problem : listed.problems)
    checked.problems.push_back({problem.uri, problem.error.WithUri(problem.uri)});
  std::set<std::string_view> seen;
  for (const Identity& identity : listed.identities) {
    const bool fits = SchemeIn(identity.uri()) == scheme;
    if (fits && seen.insert(identity.uri()).second) {
      checked.identities.push_back(identity);
      continue;
    }
    const std::string detail =
        fits ? "with the URI of another identity" : fmt::format("without a URI of its scheme, {}:", scheme);
    checked.problems.push_back({Shown(identity.uri()), BadUriOf(identity, detail)});
  }
  return checked;
}

}  // namespace

std::optional<std::string> SchemeIn(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || !IsScheme(uri.substr(0, colon))) return std::nullopt;
  return Lower(uri.substr(0, colon));
}

OwnSources::~OwnSources() {
  for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr;) {
    const std::unique_ptr<const Node> owned(std::exchange(node, node->next));
  }
}

const OwnSources::Node* OwnSources::Find(const Node* first, std::string_view scheme) noexcept {
  while (first != nullptr && first->scheme != scheme) first = first->next;
  return first;
}

void OwnSources::Register(std::string_view scheme, std::shared_ptr<OwnSource> source) {
  if (source == nullptr) ThrowBadRegistration("there is no source", "Pass one.");
  if (!IsScheme(scheme)) {
    ThrowBadRegistration(fmt::format("\"{}\" is not a URI scheme", scheme),
                         "Use a letter, followed by letters, digits, +, - and .");
  }
  auto node = std::make_unique<Node>(
      Node{.scheme = Lower(scheme), .written = std::string(scheme), .source = std::move(source)});
  if (std::ranges::find(kBuiltIn, node->scheme) != kBuiltIn.end())
    ThrowBadRegistration(fmt::format("the scheme {}: is reserved by Signet", node->scheme),
                         "Use another scheme.");
  const Node* first = first_.load(std::memory_order_acquire);
  do {
    if (Find(first, node->scheme) != nullptr) {
      ThrowBadRegistration(fmt::format("the scheme {}: already has a source", node->scheme),
                           "Register each scheme once.");
    }
    node->next = first;
  } while (!first_.compare_exchange_weak(first, node.get(), std::memory_order_acq_rel));
  static_cast<void>(node.release());  // the list's now
}

std::optional<Listing> OwnSources::List(std::string_view uri) const {
  const auto scheme = SchemeIn(uri);
  const Node* node = scheme ? Find(first_.load(std::memory_order_acquire), *scheme) : nullptr;
  if (node == nullptr) return std::nullopt;
  const std::string asked = node->written + std::string(uri.substr(scheme->size()));
  try {
    return Checked(GuardApplication("OwnSource::List", [&] { return node->source->List(asked); }), *scheme);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kBadUri) throw;
    return Listing{.identities = {}, .problems = {{Shown(uri), error.WithUri(Shown(uri))}}};
  }
}

std::string OwnSources::Schemes() const {
  std::string schemes;
  for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr; node = node->next)
    schemes.insert(0, fmt::format(", {}:", node->written));
  return schemes;
}

}  // namespace signet::inline sources
