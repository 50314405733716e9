#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>
#include <signet/openssl_key.h>

#include <functional>

#include <openssl/types.h>

namespace signet::openssl {

// The functions below put identities on an SSL_CTX or an SSL, for clients and servers, TLS 1.2 and 1.3.
// Nothing has to be installed or configured for them: Signet's provider comes built in, and the implicit
// `default` provider stays loaded. `library` is the library context that the SSL_CTX was made in; null: the
// default one, as for SSL_CTX_new. They throw Error.

// SelectorOptions say how a selector chooses, and who wants to know.
struct SelectorOptions {
  SelectionPolicy policy;
  OSSL_LIB_CTX* library = nullptr;
  // allow_unverified_server presents an identity even where the connection does not verify its server
  // (SSL_VERIFY_NONE, OpenSSL's default for clients) and the verification failed. Otherwise no PIN is asked
  // for such a server, and the handshake fails with Error kUntrustedServer.
  bool allow_unverified_server = false;
  // on_choice sees each choice before its key is unlocked, on_error why a chosen identity could not be used:
  // the handshake then fails. Both are called by the thread that runs the handshake and must not throw.
  std::function<void(const Choice&)> on_choice;
  std::function<void(const Error&)> on_error;
};

// UseSelector answers each CertificateRequest with what Select chooses from `identities`, at the time that
// the request is answered: the server was verified by then, and only then is the chosen key unlocked. Where
// nothing fits the handshake goes on without a certificate. Post-handshake authentication and renegotiation
// choose anew; a client offers the former (RFC 8446 section 4.6.2) only after
// SSL_CTX_set_post_handshake_auth(context, 1), or SSL_set_post_handshake_auth on the SSL, which is the
// program's to call. The info callback (SSL_CTX_set_info_callback) is wrapped: set the program's own one
// before. On a server it chooses the server's own certificate, by the name that the client asks for. It takes
// the place of the certificate callback (SSL_CTX_set_cert_cb) and of certificates set before. TLS 1.3
// oid_filters are seen where the selector is on the SSL_CTX.
SIGNET_EXPORT void UseSelector(SSL_CTX* context, IdentitySet identities, SelectorOptions options = {});
SIGNET_EXPORT void UseSelector(SSL* connection, IdentitySet identities, SelectorOptions options = {});

// UseIdentity presents this one identity whatever the peer asks for. Its key is unlocked when it first signs.
SIGNET_EXPORT void UseIdentity(SSL_CTX* context, const Identity& identity, OSSL_LIB_CTX* library = nullptr);
SIGNET_EXPORT void UseIdentity(SSL* connection, const Identity& identity, OSSL_LIB_CTX* library = nullptr);

// HandshakeError says why a handshake with a selector failed, and what to do. Call it when SSL_connect,
// SSL_do_handshake or SSL_read has failed: in TLS 1.3 a server's refusal arrives with the first read. The
// cause comes from what the server asked for and which identities there were, or from the server's alert.
// What a selector, its key or the peer's alert said is kept with the connection, so it is found also where
// Boost.Asio or libcurl has emptied the ERR queue; libssl's own reasons are only in the queue. It empties the
// queue.
SIGNET_EXPORT Error HandshakeError(SSL* connection);

}  // namespace signet::openssl
