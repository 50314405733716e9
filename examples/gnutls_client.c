/* Fetches a page from a server that asks for a client certificate, in C with GnuTLS.
 *   gnutls_client HOST PORT CA.pem IDENTITY-URI... */
#define _POSIX_C_SOURCE 200809L /* getaddrinfo, in C11 */
#include <signet/gnutls.h>
#include <signet/signet.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL, *each;
  int fd = -1;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  for (each = found; each != NULL && fd < 0; each = each->ai_next) {
    fd = socket(each->ai_family, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, each->ai_addr, each->ai_addrlen) != 0) fd = (close(fd), -1);
  }
  freeaddrinfo(found);
  return fd;
}

/* Says why the key did not sign, why the server refused, or what is wrong with the server; and what to do. */
static int failed(int status, signet_gnutls_selector *selector, gnutls_session_t session) {
  signet_error *error = signet_gnutls_handshake_error(selector, session, status);
  fprintf(stderr, "%s\n", signet_error_message(error));
  signet_error_free(error);
  return 1;
}

static int fetch(gnutls_certificate_credentials_t credentials, signet_gnutls_selector *selector, char **argv) {
  char text[4096];
  gnutls_session_t session;
  int status, ended = 0, fd = dial(argv[1], argv[2]);
  ssize_t size = 0;
  if (fd < 0) return fprintf(stderr, "no connection to %s\n", argv[1]), 1;
  gnutls_init(&session, GNUTLS_CLIENT);
  gnutls_set_default_priority(session);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_server_name_set(session, GNUTLS_NAME_DNS, argv[1], strlen(argv[1]));
  gnutls_session_set_verify_cert(session, argv[1], 0);
  gnutls_transport_set_int(session, fd);
  while ((status = gnutls_handshake(session)) < 0 && !gnutls_error_is_fatal(status)) continue;
  if (status == 0) {
    snprintf(text, sizeof text, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
    size = gnutls_record_send(session, text, strlen(text));
    while (size > 0 || (size < 0 && !gnutls_error_is_fatal((int)size))) {
      size = gnutls_record_recv(session, text, sizeof text);
      if (size > 0) fwrite(text, 1, (size_t)size, stdout);
    }
    if (size < 0 && size != GNUTLS_E_PREMATURE_TERMINATION) status = (int)size; /* TLS 1.3 refuses a client only now */
  }
  if (status != 0) ended = failed(status, selector, session);
  gnutls_deinit(session);
  close(fd);
  return ended;
}

int main(int argc, char **argv) {
  signet_identity *identities[16];
  gnutls_certificate_credentials_t credentials;
  signet_gnutls_selector *selector = NULL;
  signet_error *error = NULL;
  int count = 0, status = 1;
  if (argc < 5 || argc > 20) return fprintf(stderr, "usage: gnutls_client HOST PORT CA.pem IDENTITY-URI...\n"), 2;
  gnutls_certificate_allocate_credentials(&credentials);
  gnutls_certificate_set_x509_trust_file(credentials, argv[3], GNUTLS_X509_FMT_PEM);
  signet_source *source = signet_source_new(NULL, NULL, SIGNET_PROMPT_BY_PERSON, NULL, &error);
  while (error == NULL && count < argc - 4) {
    identities[count] = signet_source_open(source, argv[4 + count], &error);
    if (identities[count] != NULL) ++count;
  }
  if (error == NULL) selector = signet_gnutls_use(credentials, (const signet_identity *const *)identities, count, &error);
  if (error == NULL) status = fetch(credentials, selector, argv);
  if (error != NULL) fprintf(stderr, "%s\n", signet_error_message(error));
  signet_error_free(error);
  signet_gnutls_selector_free(selector);
  gnutls_certificate_free_credentials(credentials);
  while (count > 0) signet_identity_free(identities[--count]);
  signet_source_free(source);
  return status;
}
