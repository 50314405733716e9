#pragma once

#include "base/openssl_ptr.h"
#include <signet/identity.h>

#include <memory>

namespace signet::openssl {

// NativeKey gives the private key in `library`: from its PKCS#8 where it lives in this process, else through
// the provider, which this registers in `library` at the first such key. Throws Error.
OpenSslPtr<EVP_PKEY> NativeKey(const std::shared_ptr<PrivateKey>& key, OSSL_LIB_CTX* library);

OpenSslPtr<X509> NativeCertificate(const Certificate& certificate, OSSL_LIB_CTX* library);

// NativeIntermediates gives what is sent behind the leaf: the chain without the root that the peer has
// anyway.
OpenSslPtr<STACK_OF(X509)> NativeIntermediates(const CertificateChain& chain, OSSL_LIB_CTX* library);

}  // namespace signet::openssl
