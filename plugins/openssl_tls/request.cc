#include "openssl_tls/request.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "handshake/messages.h"
#include "openssl_tls/ex_data.h"

#include <memory>
#include <vector>

namespace signet::openssl {
namespace {

constexpr unsigned kOidFilters = 48;

using Filters = std::vector<CertificateRequest::OidFilter>;

// KeepFilters is the extension's parser. The value is part of the message that is being processed.
int KeepFilters(SSL* connection, unsigned, unsigned, const unsigned char* value, std::size_t size, X509*,
                std::size_t, int* alert, void*) noexcept {
  try {
    ExData<SSL, Filters>::Set(connection, std::make_shared<Filters>(ParseOidFilters({value, size})));
    return 1;
  } catch (...) {
    *alert = SSL_AD_DECODE_ERROR;
    return 0;
  }
}

std::vector<Bytes> Authorities(SSL* connection) {
  std::vector<Bytes> authorities;
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(connection);
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    const unsigned char* der = nullptr;
    std::size_t size = 0;
    if (X509_NAME_get0_der(sk_X509_NAME_value(names, i), &der, &size) == 1)
      authorities.emplace_back(der, der + size);
  }
  return authorities;
}

}  // namespace

void WatchOidFilters(SSL_CTX* context) {
  const OpenSslErrorMark mark;
  SSL_CTX_add_custom_ext(context, kOidFilters, SSL_EXT_TLS1_3_CERTIFICATE_REQUEST, nullptr, nullptr, nullptr,
                         KeepFilters, nullptr);
}

std::vector<SignatureScheme> SchemesOf(SSL* connection, SchemeList list) {
  std::vector<SignatureScheme> schemes;
  const int count = list(connection, 0, nullptr, nullptr, nullptr, nullptr, nullptr);
  for (int i = 0; i < count; ++i) {
    unsigned char low = 0;
    unsigned char high = 0;
    list(connection, i, nullptr, nullptr, nullptr, &low, &high);
    schemes.push_back(static_cast<SignatureScheme>(high << 8 | low));
  }
  return schemes;
}

CertificateRequest ReadRequest(SSL* connection) {
  CertificateRequest request;
  request.protocol_version = static_cast<std::uint16_t>(SSL_version(connection));
  request.role =
      SSL_is_server(connection) == 1 ? CertificateRequest::Role::kServer : CertificateRequest::Role::kClient;
  request.authorities = Authorities(connection);
  request.schemes = SchemesOf(connection, SSL_get_sigalgs);
  const unsigned char* types = nullptr;
  const std::size_t type_count = SSL_get0_certificate_types(connection, &types);
  if (type_count > 0) request.certificate_types.assign(types, types + type_count);
  if (const auto filters = ExData<SSL, Filters>::Get(connection)) request.oid_filters = *filters;
  if (const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name)) request.host = name;
  return request;
}

}  // namespace signet::openssl
