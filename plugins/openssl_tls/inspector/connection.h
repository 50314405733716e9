#pragma once

#include "base/openssl_ptr.h"
#include "inspector/report.h"
#include "openssl_tls/inspector/recording.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <optional>
#include <string>

namespace signet::openssl {

// MakeContext gives an SSL_CTX in a library context of `library`, bound to one protocol version where one is
// given. Certificates are not compressed (RFC 8879), so that every stack and version shows the same messages.
OpenSslPtr<SSL_CTX> MakeContext(OSSL_LIB_CTX* library, const SSL_METHOD* method,
                                std::optional<std::uint16_t> protocol_version);

// LoadTrust makes `context` trust the certificates of a PEM file, or the system's where `file` is empty;
// throws Error kUnreadable.
void LoadTrust(SSL_CTX* context, const std::string& file);

// HandshakeFailure puts into words why SSL_connect, SSL_accept, SSL_read or SSL_write gave `result` on
// `connection`: the peer's alert first, then our own verification, the network, and libssl's reason.
Error HandshakeFailure(SSL* connection, int result, const Recording& recording);

// ProtocolOf and CipherOf name what was agreed on: "TLSv1.3", the IANA name; empty before that.
std::string ProtocolOf(const Recording& recording);
std::string CipherOf(SSL* connection);

// PeerCertificate is the other side's leaf, of the session that was resumed where no Certificate message
// came; nothing if it has none.
std::optional<Certificate> PeerCertificate(SSL* connection);

}  // namespace signet::openssl
