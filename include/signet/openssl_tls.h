#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>
#include <signet/openssl_key.h>

#include <functional>

#include <openssl/types.h>

namespace signet::openssl {

// The functions below add identities to an SSL_CTX or an SSL, for clients and servers, TLS 1.2 and 1.3.
// They need no installation or configuration: Signet's provider is built in, and the implicit `default`
// provider stays loaded. `library` is the library context of the SSL_CTX; null: the default context, as for
// SSL_CTX_new. They throw Error.

// SelectorOptions are the policy and the callbacks of a selector.
struct SelectorOptions {
  SelectionPolicy policy;           // what the program and the user want
  OSSL_LIB_CTX* library = nullptr;  // that the SSL_CTX was made in; null: the default one
  // allow_unverified_server presents an identity even if the verification of the server failed and the
  // connection ignores this (SSL_VERIFY_NONE, OpenSSL's default for clients). Otherwise the handshake with
  // such a server fails with Error kUntrustedServer, without a request for a PIN.
  bool allow_unverified_server = false;
  // on_choice gets each choice before its key is unlocked; on_error gets the reason if a selected identity
  // cannot be used and the handshake fails. Both are called in the thread of the handshake and must not
  // throw.
  std::function<void(const Choice&)> on_choice;
  std::function<void(const Error&)> on_error;
};

// UseSelector answers each CertificateRequest with the result of Select for `identities`. The selection and
// the unlocking of the key happen after the server was verified. If no identity fits, the handshake continues
// without a certificate. Post-handshake authentication and renegotiation repeat the selection; a client
// offers the former (RFC 8446 section 4.6.2) only if the program calls
// SSL_CTX_set_post_handshake_auth(context, 1) or SSL_set_post_handshake_auth. UseSelector wraps the info
// callback (SSL_CTX_set_info_callback): set the program's info callback first. On a server it selects the
// server's certificate, according to the server name in the ClientHello. It replaces the certificate callback
// (SSL_CTX_set_cert_cb) and certificates that were set before. It respects oid_filters of TLS 1.3 only if the
// selector is on the SSL_CTX.
SIGNET_EXPORT void UseSelector(SSL_CTX* context, IdentitySet identities, SelectorOptions options = {});
SIGNET_EXPORT void UseSelector(SSL* connection, IdentitySet identities, SelectorOptions options = {});

// UseIdentity always presents this identity. Its key is unlocked at the first signature.
SIGNET_EXPORT void UseIdentity(SSL_CTX* context, const Identity& identity, OSSL_LIB_CTX* library = nullptr);
SIGNET_EXPORT void UseIdentity(SSL* connection, const Identity& identity, OSSL_LIB_CTX* library = nullptr);

// HandshakeError returns the cause of a failed handshake with a selector, and a hint. Call it after a failure
// of SSL_connect, SSL_do_handshake or SSL_read: in TLS 1.3 a server's rejection arrives with the first read.
// The cause is derived from the server's request and the identities, or from the server's alert. Errors of
// the selector, of its key and the peer's alert are stored in the connection, so they remain available if
// Boost.Asio or libcurl has cleared the ERR queue; libssl's reasons are only in the queue. The function
// clears the queue.
SIGNET_EXPORT Error HandshakeError(SSL* connection);

}  // namespace signet::openssl
