#include "openssl_provider/key_loading.h"

#include "openssl_provider/store_prompt.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::provider {
namespace {

std::string Shown(std::string_view uri) { return std::string(uri.substr(0, uri.find('?'))); }

StoredObjects Load(ProviderContext& provider, std::string_view uri, OSSL_PASSPHRASE_CALLBACK* passphrase,
                   void* passphrase_argument) {
  const auto prompt = std::make_shared<StorePrompt>(GivesPins(provider.settings()));
  prompt->Lend(passphrase, passphrase_argument);
  try {
    StoredObjects objects = provider.source()->Load(uri, kWantPrivateKeys, prompt);
    prompt->TakeBack();
    return objects;
  } catch (...) {
    prompt->TakeBack();
    throw;
  }
}

// ForEachAttribute calls `read(name, value)` for every attribute, of the path and of the query.
template <class Read>
void ForEachAttribute(std::string_view uri, Read read) {
  uri.remove_prefix(std::min(uri.size(), uri.find(':') + 1));
  while (!uri.empty()) {
    const std::string_view piece = uri.substr(0, uri.find_first_of(";?&"));
    uri.remove_prefix(std::min(uri.size(), piece.size() + 1));
    const auto equals = std::min(piece.find('='), piece.size());
    read(piece.substr(0, equals), piece.substr(std::min(piece.size(), equals + 1)));
  }
}

bool IsPin(std::string_view name) { return name == "pin-value" || name == "pin-source"; }

// Kept gives the attributes of one part of a URI without PINs and type.
std::string Kept(std::string_view text, char separator) {
  std::string kept;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const std::string_view name = piece.substr(0, piece.find('='));
    if (IsPin(name) || name == "type" || name == "object-type") continue;
    if (!kept.empty()) kept += separator;
    kept += piece;
  }
  return kept;
}

// Harmless is a URI without its PIN, and without a type: the public part of the key is wanted.
std::string Harmless(std::string_view uri) {
  const std::size_t colon = std::min(uri.find(':') + 1, uri.size());
  const std::size_t question = std::min(uri.find('?'), uri.size());
  std::string harmless(uri.substr(0, colon));
  harmless += Kept(uri.substr(colon, question - colon), ';');
  const std::string query = question < uri.size() ? Kept(uri.substr(question + 1), '&') : "";
  return query.empty() ? harmless : harmless + "?" + query;
}

}  // namespace

PublicKey LoadPublicKey(ProviderContext& provider, std::string_view uri) {
  CheckScheme(uri);
  Settings settings = provider.settings();
  settings.login_behavior = Settings::LoginBehavior::kNever;
  settings.token_pin = {};
  const std::string harmless = Harmless(uri);
  StoredObjects objects = Source(settings).Load(harmless, kWantPublicKeys, nullptr);
  if (objects.public_keys.size() == 1) return std::move(objects.public_keys.front());
  if (objects.public_keys.empty() && !objects.problems.empty())
    throw objects.problems.back().error.WithUri(harmless);
  throw Error({.code = objects.public_keys.empty() ? ErrorCode::kNotFound : ErrorCode::kAmbiguous,
               .detail = objects.public_keys.empty()
                             ? "there is no public key that can be read without a login"
                             : fmt::format("{} public keys match", objects.public_keys.size()),
               .uri = harmless,
               .hint = "Use a file with the public key itself: openssl pkey -in URI -pubout."});
}

bool NamesPublicKey(std::string_view uri) {
  bool named = false;
  ForEachAttribute(uri, [&](std::string_view name, std::string_view value) {
    named = named || (name == "type" && value == "public");
  });
  return named;
}

void CheckPinSources(ProviderContext& provider, std::string_view uri) {
  if (provider.settings().pem_pin_sources) return;
  ForEachAttribute(uri, [&](std::string_view name, std::string_view value) {
    // An escaped value is rejected too: there is no need to escape this name.
    const bool descriptor = name == "pin-source" && (value.starts_with("fd:") || value.starts_with("fd%") ||
                                                     value.starts_with("%") || value.starts_with("f%"));
    if (name != "pin-value" && !descriptor) return;
    throw Error(
        {.code = ErrorCode::kBadSetting,
         .detail = fmt::format("the PEM file contains a {}, which pem-pin-sources = no forbids", name),
         .uri = Shown(uri),
         .hint = "Write the file without it, and set token-pin or use pin-source=file:PATH."});
  });
}

void CheckScheme(std::string_view uri) {
  if (!uri.starts_with("signet:")) return;
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = "identities by name are not supported yet",
               .uri = Shown(uri),
               .hint = "Use a pkcs11: or pkcs12: URI."});
}

std::shared_ptr<PrivateKey> LoadKey(ProviderContext& provider, std::string_view uri,
                                    OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  CheckScheme(uri);
  StoredObjects objects = Load(provider, uri, passphrase, passphrase_argument);
  if (objects.private_keys.size() == 1) return std::move(objects.private_keys.front());
  if (!objects.private_keys.empty()) {
    throw Error({.code = ErrorCode::kAmbiguous,
                 .detail = fmt::format("{} private keys match", objects.private_keys.size()),
                 .uri = Shown(uri),
                 .hint = "Name one of them: `signet list` shows the URI of each."});
  }
  if (objects.problems.empty()) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "there is no private key",
                 .uri = Shown(uri),
                 .hint = "Run `signet list` to see the available identities."});
  }
  for (std::size_t i = 0; i + 1 < objects.problems.size(); ++i) {
    provider.errors().Raise(objects.problems[i].error.WithUri(objects.problems[i].uri));
  }
  throw objects.problems.back().error.WithUri(objects.problems.back().uri);
}

}  // namespace signet::provider
