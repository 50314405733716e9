#include "openssl_provider/key_loading.h"

#include "openssl_provider/store_prompt.h"

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

}  // namespace

void CheckScheme(std::string_view uri) {
  if (!uri.starts_with("signet:")) return;
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = "identities by name are not known yet",
               .uri = Shown(uri),
               .mend = "Use a pkcs11: or pkcs12: URI."});
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
                 .mend = "Name one of them: `signet list` shows the URI of each."});
  }
  if (objects.problems.empty()) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "there is no private key",
                 .uri = Shown(uri),
                 .mend = "Run `signet list` to see what there is."});
  }
  for (std::size_t i = 0; i + 1 < objects.problems.size(); ++i) {
    provider.errors().Raise(objects.problems[i].error.WithUri(objects.problems[i].uri));
  }
  throw objects.problems.back().error.WithUri(objects.problems.back().uri);
}

}  // namespace signet::provider
