#include "base/openssl_error.h"
#include "inspector/exchange.h"
#include "openssl_tls/inspector/connection.h"
#include "openssl_tls/inspector/probe.h"
#include <signet/openssl_tls.h>

#include <array>
#include <optional>

#include <openssl/err.h>

namespace signet::openssl {
namespace {

[[noreturn]] void ThrowUnreadable(std::string_view call, const std::string& file) {
  ThrowOpenSsl(ErrorCode::kUnreadable, call, file + " is not valid",
               "Name a readable PEM file: the certificate with --cert, its private key with --key.");
}

class OpenSslAcceptor : public Acceptor {
 public:
  explicit OpenSslAcceptor(const ServeOptions& options)
      : library_(OSSL_LIB_CTX_new()),
        context_(MakeContext(library_.get(), TLS_server_method(), options.protocol_version)) {
    LoadTrust(context_.get(), options.trust_file);
    if (!options.trust_file.empty()) {
      // The names that clients are told; SSL_CTX owns them.
      SSL_CTX_set_client_CA_list(context_.get(), SSL_load_client_CA_file(options.trust_file.c_str()));
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    constexpr std::array<unsigned char, 6> kSessions = {'s', 'i', 'g', 'n', 'e', 't'};
    SSL_CTX_set_session_id_context(context_.get(), kSessions.data(), kSessions.size());
    if (options.identity) {
      options.identity->key()->Unlock();
      UseIdentity(context_.get(), *options.identity, library_.get());
    } else {
      LoadFiles(options);
    }
  }

  Visitor Accept(int socket) override {
    const OpenSslPtr<SSL> connection(SSL_new(context_.get()));
    CheckOpenSsl(connection.get(), "SSL_new");
    const Recording recording(connection.get(), Recorder::Side::kServer);
    CheckOpenSsl(SSL_set_fd(connection.get(), socket), "SSL_set_fd");
    ERR_clear_error();
    const int result = SSL_accept(connection.get());
    Visitor visitor = Read(connection.get(), recording);
    if (result != 1) {
      visitor.failure = HandshakeFailure(connection.get(), result, recording);
    } else {
      Answer(connection.get(), visitor);
    }
    // The message callback must not outlive the recording.
    SSL_set_msg_callback(connection.get(), nullptr);
    return visitor;
  }

 private:
  void LoadFiles(const ServeOptions& options) {
    const OpenSslErrorMark mark;
    if (SSL_CTX_use_certificate_chain_file(context_.get(), options.certificate_file.c_str()) != 1) {
      ThrowUnreadable("SSL_CTX_use_certificate_chain_file", options.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context_.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      ThrowUnreadable("SSL_CTX_use_PrivateKey_file", options.key_file);
    }
  }

  static Visitor Read(SSL* connection, const Recording& recording) {
    Visitor visitor{.protocol = ProtocolOf(recording),
                    .cipher = CipherOf(connection),
                    .resumed = SSL_session_reused(connection) == 1};
    if (const auto& check = recording.recorder().client_verify()) visitor.scheme = check->scheme;
    if (const std::optional<Certificate> leaf = PeerCertificate(connection)) {
      visitor.subject = leaf->subject();
      visitor.user_name = leaf->user_name();
    }
    return visitor;
  }

  // Answer waits for the client's first data; a silent client gets no answer.
  static void Answer(SSL* connection, const Visitor& visitor) {
    char request[4096];
    std::size_t moved = 0;
    if (SSL_read_ex(connection, request, sizeof request, &moved) != 1) return;
    const std::string page = VisitorPage(visitor);
    if (SSL_write_ex(connection, page.data(), page.size(), &moved) != 1) return;
    SSL_shutdown(connection);
  }

  OpenSslPtr<OSSL_LIB_CTX> library_;
  OpenSslPtr<SSL_CTX> context_;
};

}  // namespace

std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options) {
  return std::make_unique<OpenSslAcceptor>(options);
}

}  // namespace signet::openssl
