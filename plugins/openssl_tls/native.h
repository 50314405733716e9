#pragma once

#include "base/openssl_ptr.h"
#include <signet/identity.h>

#include <memory>

namespace signet::openssl {

OpenSslPtr<X509> NativeCertificate(const Certificate& certificate, OSSL_LIB_CTX* library);

// NativeIntermediates gives what is sent behind the leaf: the chain without the root that the peer has
// anyway.
OpenSslPtr<STACK_OF(X509)> NativeIntermediates(const CertificateChain& chain, OSSL_LIB_CTX* library);

}  // namespace signet::openssl
