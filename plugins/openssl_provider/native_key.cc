#include "base/openssl_error.h"
#include "openssl_provider/provider_entry.h"
#include <signet/error.h>
#include <signet/openssl_key.h>

namespace signet::openssl {
namespace {

constexpr const char* kProvider = "signet";

// ActivateProvider makes the provider active in `library` where it is not, and keeps the implicit `default`
// there. Two threads at once do no harm: it is then activated twice.
void ActivateProvider(OSSL_LIB_CTX* library) {
  if (OSSL_PROVIDER_available(library, kProvider) == 1) return;
  CheckOpenSsl(OSSL_PROVIDER_add_builtin(library, kProvider, signet_openssl_provider_init),
               "OSSL_PROVIDER_add_builtin");
  OSSL_PROVIDER* const loaded = OSSL_PROVIDER_try_load(library, kProvider, 1);
  CheckOpenSsl(loaded, "OSSL_PROVIDER_try_load");
  // Not unloaded: a program may keep keys after the operation that activated the provider.
  provider::LeaveToLibrary(loaded);
}

}  // namespace

void KeyDeleter::operator()(EVP_PKEY* key) const noexcept { const OpenSslPtr<EVP_PKEY> owned(key); }

KeyPtr MakeKey(const std::shared_ptr<PrivateKey>& key, OSSL_LIB_CTX* library) {
  if (!key->ExportPkcs8()) ActivateProvider(library);
  return KeyPtr(provider::MakeKey(library, key).release());
}

KeyPtr MakeKey(const Identity& identity, OSSL_LIB_CTX* library) { return MakeKey(identity.key(), library); }

}  // namespace signet::openssl
