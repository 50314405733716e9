/* Identities for GnuTLS, 3.7 or later, TLS 1.2 and 1.3. It is made of signet.h alone; ownership, errors, threads and
 * fork are as said there. */
#ifndef SIGNET_GNUTLS_H
#define SIGNET_GNUTLS_H

#include <signet/signet.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct signet_gnutls_selector signet_gnutls_selector;

/* signet_gnutls_privkey makes the identity's private key a key of GnuTLS, which the caller frees with
 * gnutls_privkey_deinit. It signs where the key lives, and logs in at its first signature. False, with *key NULL, for a key
 * that GnuTLS does not know. A signature that fails gives GNUTLS_E_PK_SIGN_FAILED. */
SIGNET_API bool signet_gnutls_privkey(const signet_identity *identity, gnutls_privkey_t *key, signet_error **error);

/* signet_gnutls_use has every session with these credentials, as a client or as a server, answer with what signet_select
 * chooses among `count` identities; where nothing fits, a client goes on without a certificate. It takes the place of the
 * retrieve function (gnutls_certificate_set_retrieve_function3), and of keys that the credentials hold. A PIN is asked for
 * when the chosen key signs: after the program has verified its server, where it does so within the handshake
 * (gnutls_session_set_verify_cert). NULL for an identity that GnuTLS cannot present; the credentials stay as they were.
 *
 * A second call with the same credentials takes the place of the first. Free each selector after the last session with
 * the credentials, and before gnutls_certificate_free_credentials. */
SIGNET_API signet_gnutls_selector *signet_gnutls_use(gnutls_certificate_credentials_t credentials,
                                                     const signet_identity *const *identities, size_t count,
                                                     signet_error **error);
SIGNET_API void signet_gnutls_selector_free(signet_gnutls_selector *selector);

/* signet_gnutls_take_choice gives what was chosen when the session's peer asked last, and NULL where it did not ask;
 * signet_gnutls_take_error why the chosen key did not sign, and NULL where it did. The caller frees them; a second call
 * gives NULL. Take them when the handshake has ended, before gnutls_deinit: what is not taken stays until the next session
 * has the same address, or the selector is freed. */
SIGNET_API signet_choice *signet_gnutls_take_choice(signet_gnutls_selector *selector, gnutls_session_t session);
SIGNET_API signet_error *signet_gnutls_take_error(signet_gnutls_selector *selector, gnutls_session_t session);

#ifdef __cplusplus
}
#endif

#endif
