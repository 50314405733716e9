/* The C interface of Signet: TLS client identities (a certificate chain and a private-key operation) from files and
 * tokens. This interface is stable: functions keep their names, their meaning and their binary interface within one
 * SIGNET_n version. For C11, and for C++11 or later.
 *
 * Ownership. A function named ..._new, ..._open, ..._list, ..._copy, ..._from_... or signet_select returns an object
 * that the caller frees with the type's ..._free; free functions accept NULL. Every other returned pointer belongs
 * to the object that returned it, and is valid as long as that object. Arguments are copied.
 *
 * Errors. A function that can fail takes `error` as its last argument, which may be NULL. It sets *error to NULL on
 * success. On failure it sets *error to an error that the caller frees, and returns NULL, false or 0, as stated below.
 * NULL for an argument that must not be NULL is SIGNET_ERROR_BAD_ARGUMENT.
 *
 * Threads. Only one thread at a time may use a signet_settings, signet_request or signet_error. Several threads may
 * use all other objects at the same time. Free an object only after its last use in any thread.
 *
 * Fork. Objects may be used in a forked child, where tokens are opened again. A fork while another thread is inside
 * a function of this interface is allowed; that call does not exist in the child.
 *
 * Text is UTF-8 and ends with a NUL. No returned text contains a PIN or password. */
#ifndef SIGNET_SIGNET_H
#define SIGNET_SIGNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SIGNET_API marks the functions that the library exports. */
#if defined(__GNUC__)
#define SIGNET_API __attribute__((visibility("default")))
#else
#define SIGNET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct signet_error signet_error;             /* the cause of a failure, and a hint */
typedef struct signet_settings signet_settings;       /* the user's settings: modules, limits, PIN sources */
typedef struct signet_source signet_source;           /* opens URIs, and keeps tokens open */
typedef struct signet_listing signet_listing;         /* the identities that match a URI, and the problems */
typedef struct signet_identity signet_identity;       /* a certificate chain and its private-key operation */
typedef struct signet_request signet_request;         /* the request of a TLS peer */
typedef struct signet_choice signet_choice;           /* which identity answers a request, and why */
typedef struct signet_pin_request signet_pin_request; /* the required PIN or password */
typedef struct signet_pin signet_pin;                 /* the answer of a prompt */

/* signet_version returns the version of the loaded library: "0.2.0". */
SIGNET_API const char *signet_version(void);

/* ---- Errors ---- */

/* The type of an error. Later versions may add values: treat an unknown value like
 * SIGNET_ERROR_INTERNAL. */
typedef enum signet_error_code {
  SIGNET_ERROR_CERTIFICATE_ONLY = 0,
  SIGNET_ERROR_KEY_ONLY = 1,
  SIGNET_ERROR_NO_SIGNING_KEY = 2,
  SIGNET_ERROR_KEY_CERTIFICATE_MISMATCH = 3,
  SIGNET_ERROR_WRONG_PASSWORD = 4,
  SIGNET_ERROR_WRONG_PIN = 5,
  SIGNET_ERROR_PIN_NEEDED = 6,
  SIGNET_ERROR_PIN_LOCKED = 7,
  SIGNET_ERROR_PIN_FINAL_TRY = 8,
  SIGNET_ERROR_MALFORMED = 9,
  SIGNET_ERROR_TOO_COSTLY = 10,
  SIGNET_ERROR_UNSUPPORTED = 11,
  SIGNET_ERROR_NOT_FOUND = 12,
  SIGNET_ERROR_AMBIGUOUS = 13,
  SIGNET_ERROR_UNREADABLE = 14,
  SIGNET_ERROR_TOKEN_ABSENT = 15,
  SIGNET_ERROR_TOKEN_TROUBLE = 16,
  SIGNET_ERROR_MODULE_TROUBLE = 17,
  SIGNET_ERROR_BAD_URI = 18,
  SIGNET_ERROR_BAD_SETTING = 19,
  SIGNET_ERROR_BAD_ARGUMENT = 20,     /* the caller broke the contract of a function */
  SIGNET_ERROR_TIMEOUT = 21,          /* a call into a PKCS#11 module took longer than the setting allows */
  SIGNET_ERROR_HANDSHAKE = 22,
  SIGNET_ERROR_UNTRUSTED_SERVER = 23,
  SIGNET_ERROR_NETWORK = 24,
  SIGNET_ERROR_INTERNAL = 25,         /* a defect of Signet or of a library; also: out of memory */
  SIGNET_ERROR_APPLICATION = 26       /* a key or source of the program itself failed */
} signet_error_code;

/* signet_error_get_code is the kind of failure; SIGNET_ERROR_INTERNAL for NULL. */
SIGNET_API signet_error_code signet_error_get_code(const signet_error *error);
/* signet_error_name returns the code's stable name: "wrong-pin". */
SIGNET_API const char *signet_error_name(const signet_error *error);
/* signet_error_message is one line with the detail, the call that failed and the hint. */
SIGNET_API const char *signet_error_message(const signet_error *error);
/* signet_error_detail is the cause, one sentence without full stop. */
SIGNET_API const char *signet_error_detail(const signet_error *error);
/* signet_error_hint is advice, one sentence; never empty. */
SIGNET_API const char *signet_error_hint(const signet_error *error);
/* signet_error_uri and signet_error_token name the URI (without PIN) and the token concerned; empty for none. */
SIGNET_API const char *signet_error_uri(const signet_error *error);
SIGNET_API const char *signet_error_token(const signet_error *error);
/* signet_error_native_code is the number that the failed call returned, such as a CKR_ code or errno, or 0. */
SIGNET_API unsigned long signet_error_native_code(const signet_error *error);
/* signet_error_new makes an error for a caller of this interface, with the cause and a hint; NULL for the code's
 * general hint. Returns NULL if out of memory. */
SIGNET_API signet_error *signet_error_new(signet_error_code code, const char *detail, const char *hint);
/* signet_error_free frees an error, or NULL. */
SIGNET_API void signet_error_free(signet_error *error);

/* ---- Settings and PINs ---- */

/* signet_settings_new returns the user's settings: the section of the provider `signet` in openssl.cnf, and the
 * SIGNET_ variables of the environment. NULL if one of them has an invalid value. */
SIGNET_API signet_settings *signet_settings_new(signet_error **error);
/* signet_settings_set changes one setting, with a name as in openssl.cnf: "pkcs11-module-path". Returns false, and
 * changes nothing, if the name is unknown or the value is invalid. */
SIGNET_API bool signet_settings_set(signet_settings *settings, const char *name, const char *value,
                                    signet_error **error);
/* signet_settings_free frees settings, or NULL. */
SIGNET_API void signet_settings_free(signet_settings *settings);

/* The type of the required PIN or password. */
typedef enum signet_pin_kind {
  SIGNET_PIN_USER = 0,             /* of a token's user */
  SIGNET_PIN_CONTEXT = 1,          /* of a key that requires it for each signature */
  SIGNET_PIN_SECURITY_OFFICER = 2,
  SIGNET_PIN_PASSWORD = 3          /* of a PKCS#12 file */
} signet_pin_kind;

/* signet_pin_request_kind tells which PIN is required. A request is valid during the call of the prompt. */
SIGNET_API signet_pin_kind signet_pin_request_kind(const signet_pin_request *request);
SIGNET_API const char *signet_pin_request_name(const signet_pin_request *request); /* label of the token, or path */
SIGNET_API const char *signet_pin_request_uri(const signet_pin_request *request);  /* without its PIN */
/* signet_pin_request_count_low: a wrong PIN was entered since the last correct one. */
SIGNET_API bool signet_pin_request_count_low(const signet_pin_request *request);
/* signet_pin_request_final_try: one more wrong PIN locks the token. */
SIGNET_API bool signet_pin_request_final_try(const signet_pin_request *request);

/* signet_pin_set answers a prompt with `size` bytes. It copies them to memory that is wiped after use; wipe your
 * copy. If it is called several times in a prompt, the last call applies. Returns false if out of memory. */
SIGNET_API bool signet_pin_set(signet_pin *pin, const char *bytes, size_t size);

/* A prompt answers with signet_pin_set and returns true, or declines and returns false: the operation then fails with
 * SIGNET_ERROR_PIN_NEEDED. It may be called from any thread, one call at a time for each token, and must not use the
 * same token. */
typedef bool (*signet_prompt)(const signet_pin_request *request, signet_pin *pin, void *data);

/* The source of the answer. A program's answer is sent to a token only once, and not while the token reports a wrong
 * PIN. */
typedef enum signet_prompt_by { SIGNET_PROMPT_BY_PERSON = 0, SIGNET_PROMPT_BY_PROGRAM = 1 } signet_prompt_by;

/* ---- Sources: from URIs to identities ---- */

/* signet_source_new opens no file or token. `settings` may be NULL for the user's settings. `prompt` may be NULL:
 * then a PIN must come from the URI or the settings. `data` is passed to the prompt, and must be valid until the
 * source and all its identities are freed. */
SIGNET_API signet_source *signet_source_new(const signet_settings *settings, signet_prompt prompt,
                                            signet_prompt_by by, void *data, signet_error **error);
/* signet_source_new_owning is signet_source_new that also frees `data`: `release(data)` is called exactly once, when the
 * source and every identity from it are freed; on failure, or where `prompt` is NULL, before the function returns. No
 * prompt comes after it. Any thread may call it, and it must not call functions of this interface. */
SIGNET_API signet_source *signet_source_new_owning(const signet_settings *settings, signet_prompt prompt,
                                                   signet_prompt_by by, void *data, void (*release)(void *data),
                                                   signet_error **error);
/* signet_source_open returns the identity that `uri` names: pkcs11: (RFC 7512) or pkcs12:PATH. NULL with
 * SIGNET_ERROR_NOT_FOUND, SIGNET_ERROR_AMBIGUOUS, or the problem of the identity. */
SIGNET_API signet_identity *signet_source_open(const signet_source *source, const char *uri, signet_error **error);
/* signet_source_list returns everything that `uri` matches. Errors of single tokens or files are problems in the
 * listing; NULL only for an invalid URI. */
SIGNET_API signet_listing *signet_source_list(const signet_source *source, const char *uri, signet_error **error);
/* signet_source_free frees a source, or NULL. Identities from it stay, and keep their tokens open. */
SIGNET_API void signet_source_free(signet_source *source);

/* signet_listing_identity_count is the number of identities that match the URI. */
SIGNET_API size_t signet_listing_identity_count(const signet_listing *listing);
/* NULL if `index` is too large. */
SIGNET_API const signet_identity *signet_listing_identity(const signet_listing *listing, size_t index);
/* signet_listing_problem_count is the number of problems at the URI. */
SIGNET_API size_t signet_listing_problem_count(const signet_listing *listing);
/* Each problem names its URI by signet_error_uri. */
SIGNET_API const signet_error *signet_listing_problem(const signet_listing *listing, size_t index);
/* signet_listing_free frees a listing, or NULL, with its identities and errors. */
SIGNET_API void signet_listing_free(signet_listing *listing);

/* ---- Signature schemes ---- */

/* The TLS code points (RFC 8446 section 4.2.3; RFC 5246 for SHA-1 and SHA-224; draft-ietf-tls-mldsa). Functions take and
 * give them as uint16_t, the type that they have in TLS. Further values may come. */
typedef enum signet_scheme {
  SIGNET_SCHEME_RSA_PKCS1_SHA1 = 0x0201,
  SIGNET_SCHEME_ECDSA_SHA1 = 0x0203,
  SIGNET_SCHEME_RSA_PKCS1_SHA224 = 0x0301,
  SIGNET_SCHEME_ECDSA_SHA224 = 0x0303,
  SIGNET_SCHEME_RSA_PKCS1_SHA256 = 0x0401,
  SIGNET_SCHEME_ECDSA_SECP256R1_SHA256 = 0x0403, /* these three: on any curve, but in TLS 1.3 */
  SIGNET_SCHEME_RSA_PKCS1_SHA384 = 0x0501,
  SIGNET_SCHEME_ECDSA_SECP384R1_SHA384 = 0x0503,
  SIGNET_SCHEME_RSA_PKCS1_SHA512 = 0x0601,
  SIGNET_SCHEME_ECDSA_SECP521R1_SHA512 = 0x0603,
  SIGNET_SCHEME_RSA_PSS_RSAE_SHA256 = 0x0804, /* the salt is as long as the hash */
  SIGNET_SCHEME_RSA_PSS_RSAE_SHA384 = 0x0805,
  SIGNET_SCHEME_RSA_PSS_RSAE_SHA512 = 0x0806,
  SIGNET_SCHEME_ED25519 = 0x0807,
  SIGNET_SCHEME_ED448 = 0x0808,
  SIGNET_SCHEME_RSA_PSS_PSS_SHA256 = 0x0809, /* of keys that are restricted to PSS */
  SIGNET_SCHEME_RSA_PSS_PSS_SHA384 = 0x080a,
  SIGNET_SCHEME_RSA_PSS_PSS_SHA512 = 0x080b,
  SIGNET_SCHEME_MLDSA44 = 0x0904,
  SIGNET_SCHEME_MLDSA65 = 0x0905,
  SIGNET_SCHEME_MLDSA87 = 0x0906
} signet_scheme;

/* signet_scheme_name gives the name of IANA's registry, "rsa_pss_rsae_sha256"; "unknown" for any other number. */
SIGNET_API const char *signet_scheme_name(uint16_t scheme);

/* ---- Identities ---- */

/* signet_identity_from_pem reads a certificate followed by its issuers, and its private key, from PEM texts of the given
 * sizes in bytes. `password` may be NULL for an unencrypted key. */
SIGNET_API signet_identity *signet_identity_from_pem(const char *certificates, size_t certificates_size,
                                                     const char *key, size_t key_size, const char *password,
                                                     signet_error **error);
/* signet_identity_from_pkcs12 reads the only identity of a PKCS#12 file in memory (RFC 7292). */
SIGNET_API signet_identity *signet_identity_from_pkcs12(const uint8_t *bytes, size_t size, const char *password,
                                                        signet_error **error);
/* signet_identity_copy returns another reference to the same identity; it is cheap. NULL if out of memory. */
SIGNET_API signet_identity *signet_identity_copy(const signet_identity *identity);
/* signet_identity_free frees one reference to an identity, or NULL. */
SIGNET_API void signet_identity_free(signet_identity *identity);

/* uri names exactly this identity, without PIN; empty for an identity from memory. */
SIGNET_API const char *signet_identity_uri(const signet_identity *identity);
SIGNET_API const char *signet_identity_subject(const signet_identity *identity);   /* RFC 4514 */
SIGNET_API const char *signet_identity_user_name(const signet_identity *identity); /* UPN, e-mail or common name */
SIGNET_API const char *signet_identity_key(const signet_identity *identity);       /* "RSA 2048 bit", "EC P-256" */
/* signet_identity_in_hardware tells whether the key is on a token and not in this process. */
SIGNET_API bool signet_identity_in_hardware(const signet_identity *identity);
/* signet_identity_certificate_count is 1 or more. */
SIGNET_API size_t signet_identity_certificate_count(const signet_identity *identity);
/* signet_identity_certificate is a certificate in DER (RFC 5280), leaf first. *size is set to the size in bytes. NULL if
 * `index` is too large. */
SIGNET_API const uint8_t *signet_identity_certificate(const signet_identity *identity, size_t index, size_t *size);
/* signet_identity_public_key is the DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of the key that signs. The size
 * in bytes goes to *size. Its subjectPublicKey is empty if a token has an EC or Edwards key without its public
 * key, and there is no certificate. */
SIGNET_API const uint8_t *signet_identity_public_key(const signet_identity *identity, size_t *size);
/* signet_identity_schemes writes the signature schemes that the key can sign with (TLS code points, RFC 8446 section
 * 4.2.3), best first, up to `capacity`, and returns their total number. 0 with an error on failure. */
SIGNET_API size_t signet_identity_schemes(const signet_identity *identity, uint16_t *schemes, size_t capacity,
                                          signet_error **error);
/* signet_identity_unlock logs in and finds the key, so that a signature needs no prompt (except for keys that require
 * their PIN for each signature). It does nothing for a key from a file. */
SIGNET_API bool signet_identity_unlock(const signet_identity *identity, signet_error **error);

/* ---- Signing ---- */

/* signet_identity_max_signature_size is an upper bound in bytes for every scheme. */
SIGNET_API size_t signet_identity_max_signature_size(const signet_identity *identity);
/* signet_identity_sign signs a message of any length with a signature scheme of TLS: ECDSA signatures are DER. The buffer
 * `signature` has at least signet_identity_max_signature_size bytes; returns the length in bytes, 0 on failure. */
SIGNET_API size_t signet_identity_sign(const signet_identity *identity, uint16_t scheme, const uint8_t *message,
                                       size_t message_size, uint8_t *signature, size_t capacity,
                                       signet_error **error);
/* signet_identity_sign_digest signs the message's digest with the scheme's hash. It fails with
 * SIGNET_ERROR_UNSUPPORTED if the scheme signs only messages (Ed25519, Ed448, ML-DSA), or if the token must hash the
 * message. */
SIGNET_API size_t signet_identity_sign_digest(const signet_identity *identity, uint16_t scheme,
                                              const uint8_t *digest, size_t digest_size, uint8_t *signature,
                                              size_t capacity, signet_error **error);
/* signet_identity_sign_pkcs1 pads `input` (a DER DigestInfo or other short input) with PKCS#1 v1.5 and signs it, as
 * required by TLS before 1.2 and some libraries. RSA only. */
SIGNET_API size_t signet_identity_sign_pkcs1(const signet_identity *identity, const uint8_t *input,
                                             size_t input_size, uint8_t *signature, size_t capacity,
                                             signet_error **error);
/* signet_sign_done gets a signature, valid during the call, or NULL and an error. The callee frees the error. */
typedef void (*signet_sign_done)(const uint8_t *signature, size_t size, signet_error *error, void *data);
/* signet_identity_sign_async is signet_identity_sign for event loops: it copies the message and returns without waiting
 * for a token. `done` is called exactly once: from a worker thread for a key on a token, or before the function returns
 * for a key in this process. Pass the result to the loop and return from `done` quickly, because the next signature
 * waits for it. If the process exits or forks before the operation starts, `done` is not called there. */
SIGNET_API void signet_identity_sign_async(const signet_identity *identity, uint16_t scheme,
                                           const uint8_t *message, size_t message_size, signet_sign_done done,
                                           void *data);

/* ---- Selection: which identity answers a CertificateRequest ---- */

/* signet_request_new makes an empty request of TLS 1.3 (0x0304) or 1.2 (0x0303). For a stack that
 * does not tell the version: 0x0304 if TLS 1.3 has all schemes of the peer, else 0x0303. NULL if out of memory. */
SIGNET_API signet_request *signet_request_new(uint16_t protocol_version);
/* signet_request_add_authority, signet_request_add_scheme, signet_request_add_certificate_scheme and
 * signet_request_add_certificate_type add the peer's values in their order (RFC 5246 section 7.4.4, RFC 8446 section
 * 4.3.2): a DER Name, a value of signature_algorithms, one of signature_algorithms_cert, a ClientCertificateType of TLS
 * 1.2. False for NULL, or if out of memory. */
SIGNET_API bool signet_request_add_authority(signet_request *request, const uint8_t *name, size_t size);
SIGNET_API bool signet_request_add_scheme(signet_request *request, uint16_t scheme);
SIGNET_API bool signet_request_add_certificate_scheme(signet_request *request, uint16_t scheme);
SIGNET_API bool signet_request_add_certificate_type(signet_request *request, uint8_t type);
/* signet_request_for_server requests a server's certificate for the server name from the ClientHello; NULL: none. */
SIGNET_API bool signet_request_for_server(signet_request *request, const char *host);
/* signet_request_add_stack_scheme adds a scheme that the TLS stack supports; without any call: all schemes. */
SIGNET_API bool signet_request_add_stack_scheme(signet_request *request, uint16_t scheme);
/* signet_request_pin makes one identity the only candidate, by its URI or the SHA-256 of its certificate in hex. */
SIGNET_API bool signet_request_pin(signet_request *request, const char *identity);
/* signet_request_free frees a request, or NULL. */
SIGNET_API void signet_request_free(signet_request *request);

/* signet_select selects among `count` identities, at the current time. It accesses no token and no file. "No identity
 * fits" is a result, not an error; NULL only for invalid arguments or if out of memory. */
SIGNET_API signet_choice *signet_select(const signet_request *request, const signet_identity *const *identities,
                                        size_t count, signet_error **error);
/* signet_choice_identity is the selected identity; its chain is the path to send. NULL if no identity fits: then send
 * an empty Certificate to the peer. */
SIGNET_API const signet_identity *signet_choice_identity(const signet_choice *choice);
/* signet_choice_scheme is its signature scheme; 0 if none was selected. */
SIGNET_API uint16_t signet_choice_scheme(const signet_choice *choice);
/* All identities with their results: the selected identity, then the others that fit in the order of rank, then those
 * that do not fit. signet_choice_considered_count is their number, signet_choice_considered one of them,
 * signet_choice_fits tells whether it can be selected, and signet_choice_reason is one reason for its result: one
 * sentence without full stop. NULL or false if an index is too large. */
SIGNET_API size_t signet_choice_considered_count(const signet_choice *choice);
SIGNET_API const signet_identity *signet_choice_considered(const signet_choice *choice, size_t index);
SIGNET_API bool signet_choice_fits(const signet_choice *choice, size_t index);
SIGNET_API const char *signet_choice_reason(const signet_choice *choice, size_t index, size_t reason);
/* signet_choice_explain returns one line for each identity, in the order of rank: its URI and the reason. */
SIGNET_API const char *signet_choice_explain(const signet_choice *choice);
/* signet_choice_free frees a choice, or NULL. */
SIGNET_API void signet_choice_free(signet_choice *choice);

/* ---- Failed handshakes of a client ---- */

/* signet_handshake_error says why a server ended a handshake, from what is known of it: the fatal alert that it sent
 * (RFC 8446 section 6; a negative number for none), what was answered to its request (NULL: it asked for no certificate),
 * and what the TLS stack says (NULL where the alert is all). An alert and `failure` of code SIGNET_ERROR_HANDSHAKE are
 * explained by what the choice found; any other failure is given again as it is. NULL where no memory is left. */
SIGNET_API signet_error *signet_handshake_error(const signet_choice *choice, int alert, const signet_error *failure);

#ifdef __cplusplus
}
#endif

#endif
