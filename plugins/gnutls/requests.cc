#include "gnutls/requests.h"

#include "gnutls/schemes.h"

#include <cstdint>
#include <new>

namespace signet::gnutls {
namespace {

// ForServer asks for the server's own certificate where the session is a server's.
void ForServer(gnutls_session_t session, signet_request* request) {
  char name[256] = "";
  std::size_t size = sizeof name - 1;
  unsigned type = 0;
  const int status = gnutls_server_name_get(session, name, &size, &type, 0);
  if (status == GNUTLS_E_INVALID_REQUEST) return;  // a client
  signet_request_for_server(request, status == GNUTLS_E_SUCCESS && type == GNUTLS_NAME_DNS ? name : nullptr);
}

}  // namespace

Owned<signet_request> RequestOf(gnutls_session_t session, const gnutls_cert_retr_st& info) {
  const bool tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
  Owned<signet_request> request(signet_request_new(tls13 ? 0x0304 : 0x0303));
  if (request == nullptr) throw std::bad_alloc();
  ForServer(session, request.get());
  for (unsigned i = 0; i < info.nreqs; ++i) {
    signet_request_add_authority(request.get(), info.req_ca_rdn[i].data, info.req_ca_rdn[i].size);
  }
  gnutls_sign_algorithm_t algorithm = GNUTLS_SIGN_UNKNOWN;
  for (std::size_t i = 0; gnutls_sign_algorithm_get_requested(session, i, &algorithm) == GNUTLS_E_SUCCESS;
       ++i) {
    if (const std::uint16_t scheme = SchemeOf(algorithm)) signet_request_add_scheme(request.get(), scheme);
  }
  for (unsigned i = 0; !tls13 && i < info.pk_algos_length; ++i) {
    if (const std::uint8_t type = CertificateTypeOf(info.pk_algos[i]))
      signet_request_add_certificate_type(request.get(), type);
  }
  for (const SignRow& row : SignRows()) signet_request_add_stack_scheme(request.get(), row.scheme);
  return request;
}

}  // namespace signet::gnutls
