#pragma once

#include <signet/certificate_request.h>
#include <signet/signature_scheme.h>

#include <vector>

#include <openssl/types.h>

namespace signet::openssl {

// WatchOidFilters makes connections of `context` keep the oid_filters of a CertificateRequest, which OpenSSL
// itself does not look at. Does nothing if there already is an observer.
void WatchOidFilters(SSL_CTX* context);

// SchemeList is SSL_get_sigalgs (what the peer accepts) or SSL_get_shared_sigalgs (what libssl would use of
// it).
using SchemeList = int (*)(SSL* connection, int index, int* sign, int* hash, int* sign_and_hash,
                           unsigned char* low, unsigned char* high);

// SchemesOf gives the whole list, in its order.
std::vector<SignatureScheme> SchemesOf(SSL* connection, SchemeList list);

// ReadRequest gives what the peer of `connection` asked for, as far as OpenSSL shows it at the time when its
// certificate callback is called.
CertificateRequest ReadRequest(SSL* connection);

}  // namespace signet::openssl
