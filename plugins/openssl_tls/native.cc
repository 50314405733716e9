#include "openssl_tls/native.h"

#include "base/openssl_error.h"

#include <openssl/x509.h>

namespace signet::openssl {

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

}  // namespace signet::openssl
