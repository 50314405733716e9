#include "pkcs12/pkcs12_source.h"
#include "sources/source.h"
#include <signet/identity_source.h>

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

// `schemes` are the program's own.
[[noreturn]] void ThrowUnknownScheme(std::string_view uri, const std::string& schemes) {
  const bool has_scheme = uri.find(':') != std::string_view::npos;
  throw Error(
      {.code = ErrorCode::kBadUri,
       .detail = has_scheme
                     ? fmt::format("the URI has an unknown scheme; there are pkcs11:, pkcs12:{}", schemes)
                     : "it is neither a URI nor an existing file",
       .uri = std::string(uri.substr(0, uri.find_first_of(";?&"))),  // a PIN may stand anywhere behind
       .hint = "Use pkcs11: for a token or pkcs12:PATH for a file."});
}

// Schemes are case-insensitive (RFC 3986 section 3.1).
bool HasScheme(std::string_view uri, std::string_view scheme) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return uri.size() >= scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), uri.begin(), [&](char b, char a) { return same(a, b); });
}

}  // namespace

Source::Source(Settings settings) : settings_(std::move(settings)), pkcs11_(settings_) {}

Listing Source::List(std::string_view uri, const std::shared_ptr<PinPrompt>& prompt) {
  if (HasScheme(uri, "pkcs11:")) return pkcs11_.List(uri, prompt);
  if (HasScheme(uri, "pkcs12:")) return ListPkcs12(uri, settings_, prompt.get());
  if (auto own = own_.List(uri)) return *std::move(own);
  ThrowUnknownScheme(uri, own_.Schemes());
}

StoredObjects Source::Load(std::string_view uri, Wanted wanted, const std::shared_ptr<PinPrompt>& prompt) {
  if (HasScheme(uri, "pkcs11:")) return pkcs11_.Load(uri, wanted, prompt);
  if (HasScheme(uri, "pkcs12:")) return LoadPkcs12(uri, wanted, settings_, prompt.get());
  ThrowUnknownScheme(uri, {});
}

Identity sources::TheOne(const Listing& listing, std::string_view uri) {
  const std::string shown(uri.substr(0, uri.find('?')));
  if (listing.identities.size() == 1) return listing.identities.front();
  // A program's own source may list more than was asked for.
  if (std::ranges::count(listing.identities, uri, &Identity::uri) == 1)
    return *std::ranges::find(listing.identities, uri, &Identity::uri);
  if (listing.identities.empty() && !listing.problems.empty())
    throw listing.problems.front().error.WithUri(shown);
  if (listing.identities.empty()) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "there is no identity",
                 .uri = shown,
                 .hint = "Run `signet list` to see the available identities."});
  }
  std::string candidates;
  for (const Identity& identity : listing.identities) candidates += fmt::format("\n  {}", identity.uri());
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("{} identities match", listing.identities.size()),
               .uri = shown,
               .hint = fmt::format("Name one of them:{}", candidates)});
}

class IdentitySource::State {
 public:
  State(Settings settings, std::shared_ptr<PinPrompt> asks)
      : source(std::move(settings)), prompt(std::move(asks)) {}
  Source source;
  std::shared_ptr<PinPrompt> prompt;
};

IdentitySource::IdentitySource(Settings settings, std::shared_ptr<PinPrompt> prompt)
    : state_(std::make_shared<State>(std::move(settings), std::move(prompt))) {}
IdentitySource::~IdentitySource() = default;
IdentitySource::IdentitySource(IdentitySource&&) noexcept = default;
IdentitySource& IdentitySource::operator=(IdentitySource&&) noexcept = default;

void IdentitySource::Register(std::string_view scheme, std::shared_ptr<OwnSource> source) {
  state_->source.Register(scheme, std::move(source));
}

Listing IdentitySource::List(std::string_view uri) const { return state_->source.List(uri, state_->prompt); }
Identity IdentitySource::Open(std::string_view uri) const { return TheOne(List(uri), uri); }

}  // namespace signet
