#pragma once

#include <signet/certificate_request.h>

#include <openssl/types.h>

namespace signet::openssl {

// WatchOidFilters makes connections of `context` keep the oid_filters of a CertificateRequest, which OpenSSL
// itself does not look at. Nothing happens where somebody watches already.
void WatchOidFilters(SSL_CTX* context);

// ReadRequest gives what the peer of `connection` asked for, as far as OpenSSL shows it at the time when its
// certificate callback is called.
CertificateRequest ReadRequest(SSL* connection);

}  // namespace signet::openssl
