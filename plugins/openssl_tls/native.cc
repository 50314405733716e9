#include "openssl_tls/native.h"

#include "base/openssl_error.h"
#include "openssl_provider/provider_entry.h"
#include <signet/error.h>
#include <signet/openssl_tls.h>

namespace signet::openssl {
namespace {

constexpr const char* kProvider = "signet";

// ActivateProvider makes the provider active in `library` where it is not, and keeps the implicit `default`
// there. Two threads at once do no harm: it is then activated twice.
void ActivateProvider(OSSL_LIB_CTX* library) {
  if (OSSL_PROVIDER_available(library, kProvider) == 1) return;
  CheckOpenSsl(OSSL_PROVIDER_add_builtin(library, kProvider, SignetProviderInit),
               "OSSL_PROVIDER_add_builtin");
  OSSL_PROVIDER* const loaded = OSSL_PROVIDER_try_load(library, kProvider, 1);
  CheckOpenSsl(loaded, "OSSL_PROVIDER_try_load");
  // Not unloaded: keys that a program keeps may outlive whatever it was activated for.
  provider::LeaveToLibrary(loaded);
}

}  // namespace

OpenSslPtr<EVP_PKEY> NativeKey(const std::shared_ptr<PrivateKey>& key, OSSL_LIB_CTX* library) {
  if (!key->ExportPkcs8()) ActivateProvider(library);
  return provider::MakeKey(library, key);
}

OpenSslPtr<X509> NativeCertificate(const Certificate& certificate, OSSL_LIB_CTX* library) {
  OpenSslPtr<X509> native(X509_new_ex(library, nullptr));
  CheckOpenSsl(native.get(), "X509_new_ex");
  X509* target = native.get();
  const unsigned char* position = certificate.der().data();
  CheckOpenSsl(d2i_X509(&target, &position, static_cast<long>(certificate.der().size())), "d2i_X509");
  return native;
}

OpenSslPtr<STACK_OF(X509)> NativeIntermediates(const CertificateChain& chain, OSSL_LIB_CTX* library) {
  OpenSslPtr<STACK_OF(X509)> stack(sk_X509_new_null());
  CheckOpenSsl(stack.get(), "sk_X509_new_null");
  for (const Certificate& certificate : chain.certificates()) {
    if (certificate == chain.leaf() || certificate.self_signed()) continue;
    OpenSslPtr<X509> native = NativeCertificate(certificate, library);
    CheckOpenSsl(sk_X509_push(stack.get(), native.get()), "sk_X509_push");
    native.release();
  }
  return stack;
}

EVP_PKEY* MakeKey(const Identity& identity, OSSL_LIB_CTX* library) {
  return NativeKey(identity.key(), library).release();
}

}  // namespace signet::openssl
