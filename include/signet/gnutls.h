/* Identities for GnuTLS, 3.7 or later, TLS 1.2 and 1.3. Based on signet.h, with the same rules for ownership,
 * errors, threads and fork. */
#ifndef SIGNET_GNUTLS_H
#define SIGNET_GNUTLS_H

#include <signet/signet.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#ifdef __cplusplus
extern "C" {
#endif

/* signet_gnutls_selector makes credentials select among identities. */
typedef struct signet_gnutls_selector signet_gnutls_selector;

/* signet_gnutls_privkey makes the identity's private key a key of GnuTLS, which the caller frees with
 * gnutls_privkey_deinit. It logs in at its first signature. Returns false and sets *key to NULL for a key
 * that GnuTLS does not support. A failed signature is GNUTLS_E_PK_SIGN_FAILED. */
SIGNET_API bool signet_gnutls_privkey(const signet_identity* identity, gnutls_privkey_t* key,
                                      signet_error** error);

/* signet_gnutls_use makes all sessions with these credentials, clients and servers, present the identity that
 * signet_select selects among `count` identities; if none fits, a client continues without a certificate. It
 * replaces the retrieve function (gnutls_certificate_set_retrieve_function3) and the keys in the credentials.
 * It asks for a PIN when the selected key signs; this is after the verification of the server if the program
 * verifies it within the handshake (gnutls_session_set_verify_cert). Returns NULL, and changes nothing, if
 * GnuTLS cannot present one of the identities.
 *
 * A second call with the same credentials replaces the first. Free each selector after the last session with
 * the credentials, and before gnutls_certificate_free_credentials. */
SIGNET_API signet_gnutls_selector* signet_gnutls_use(gnutls_certificate_credentials_t credentials,
                                                     const signet_identity* const* identities, size_t count,
                                                     signet_error** error);
/* signet_gnutls_selector_free frees a selector, or NULL. */
SIGNET_API void signet_gnutls_selector_free(signet_gnutls_selector* selector);

/* signet_gnutls_pin makes one identity the only candidate of later handshakes, whatever the peer requests: by
 * its URI or the SHA-256 of its certificate in lower-case hex. NULL removes this. False for a NULL selector,
 * or without memory. */
SIGNET_API bool signet_gnutls_pin(signet_gnutls_selector* selector, const char* identity);

/* signet_gnutls_take_choice returns the choice for the last request of the session's peer, NULL without a
 * request; signet_gnutls_take_error returns the error if the selected key could not sign, else NULL. The
 * caller frees the results; a second call returns NULL. Call them after the handshake and before
 * gnutls_deinit: otherwise the results remain until a session with the same address exists or the selector is
 * freed. */
SIGNET_API signet_choice* signet_gnutls_take_choice(signet_gnutls_selector* selector,
                                                    gnutls_session_t session);
SIGNET_API signet_error* signet_gnutls_take_error(signet_gnutls_selector* selector, gnutls_session_t session);

/* signet_gnutls_handshake_error explains a negative `status` of gnutls_handshake, gnutls_record_recv or
 * gnutls_record_send in a client's session: the error of the selected key, the server's alert with its likely
 * cause, the problem of the server's certificate, or the network error. Call it directly after that function,
 * as it reads errno. It takes the session's choice and error, and the caller frees the result. `selector` may
 * be NULL. NULL if `status` is not negative. */
SIGNET_API signet_error* signet_gnutls_handshake_error(signet_gnutls_selector* selector,
                                                       gnutls_session_t session, int status);

#ifdef __cplusplus
}
#endif

#endif
