#include "openssl_tls/native.h"

#include "base/openssl_error.h"
#include <signet/error.h>
#include <signet/openssl_tls.h>
#include "openssl_provider/provider_entry.h"

namespace signet::openssl {
namespace {

OpenSslPtr<EVP_PKEY> FromPkcs8(const Secret& der, OSSL_LIB_CTX* library) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.view().data());
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(der.size())));
  CheckOpenSsl(info.get(), "d2i_PKCS8_PRIV_KEY_INFO");
  OpenSslPtr<EVP_PKEY> key(EVP_PKCS82PKEY_ex(info.get(), library, nullptr));
  if (key == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_PKCS82PKEY_ex", "this OpenSSL cannot use the private key");
  }
  return key;
}

}  // namespace

OpenSslPtr<EVP_PKEY> NativeKey(const std::shared_ptr<PrivateKey>& key, OSSL_LIB_CTX* library) {
  if (const std::optional<Secret> der = key->ExportPkcs8()) return FromPkcs8(*der, library);
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
    if (certificate == chain.leaf() || certificate.self_issued()) continue;
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
