#include "openssl_tls/inspector/connection.h"

#include "base/file.h"
#include "base/openssl_error.h"
#include "handshake/alerts.h"
#include "handshake/server_trust.h"
#include "inspector/names.h"
#include "openssl_tls/failure.h"

#include <fmt/format.h>

namespace signet::openssl {
namespace {

constexpr std::uint64_t kMaxTrustFile = 64 << 20;  // bytes

}  // namespace

OpenSslPtr<SSL_CTX> MakeContext(OSSL_LIB_CTX* library, const SSL_METHOD* method,
                                std::optional<std::uint16_t> protocol_version) {
  OpenSslPtr<SSL_CTX> context(SSL_CTX_new_ex(library, nullptr, method));
  CheckOpenSsl(context.get(), "SSL_CTX_new_ex");
  const int oldest = protocol_version.value_or(TLS1_2_VERSION);
  CheckOpenSsl(SSL_CTX_set_min_proto_version(context.get(), oldest), "SSL_CTX_set_min_proto_version");
  CheckOpenSsl(SSL_CTX_set_max_proto_version(context.get(), protocol_version.value_or(0)),
               "SSL_CTX_set_max_proto_version");
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION  // since OpenSSL 3.2 (RFC 8879)
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
  return context;
}

void LoadTrust(SSL_CTX* context, const std::string& file) {
  const OpenSslErrorMark mark;
  const int loaded = file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                  : SSL_CTX_load_verify_file(context, file.c_str());
  if (loaded == 1) return;
  // OpenSSL says "system lib" of a file that is not there; ReadFile says why it cannot be read.
  try {
    if (!file.empty()) ReadFile(file, kMaxTrustFile);
  } catch (const Error& error) {
    throw UnreadableTrust(error);
  }
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = file.empty() ? "the system's trusted certificates cannot be read"
                                      : fmt::format("no trusted certificate can be read from {}", file),
               .native = LastOpenSslError(),
               .hint = std::string(kNameATrustFile)});
}

Error HandshakeFailure(SSL* connection, int result, const Recording& recording) {
  const Recorder& recorder = recording.recorder();
  if (recorder.received_alert() && recorder.side() == Recorder::Side::kServer) {
    return ClientAlertError(*recorder.received_alert());
  }
  return Failure(connection, result, recorder.received_alert(),
                 !recorder.client_chain().empty() || !recorder.request());
}

std::string ProtocolOf(const Recording& recording) {
  const std::uint16_t version = recording.recorder().version();
  return version != 0 ? VersionName(version) : std::string();
}

std::string CipherOf(SSL* connection) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(connection);
  if (cipher == nullptr) cipher = SSL_get_pending_cipher(connection);
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

std::optional<Certificate> PeerCertificate(SSL* connection) {
  X509* leaf = SSL_get0_peer_certificate(connection);
  if (leaf == nullptr) return std::nullopt;
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf, &der);
  const OpenSslPtr<unsigned char> owned(der);
  if (size <= 0) return std::nullopt;
  return Certificate::FromDer({der, static_cast<std::size_t>(size)});
}

}  // namespace signet::openssl
