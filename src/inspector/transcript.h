#pragma once

#include "handshake/messages.h"
#include "inspector/report.h"

namespace signet::inline inspector {

// Transcript is the concatenation of handshake messages that TLS signs and hashes (RFC 8446 section 4.4.1,
// RFC 5246 section 7.4.8): without HelloRequest, KeyUpdate and TLS 1.3's NewSessionTicket, with the synthetic
// message_hash in the place of a ClientHello that was answered by a HelloRetryRequest, starting again at a
// renegotiation, and going back to the end of the main handshake for each post-handshake authentication.
class Transcript {
 public:
  // Add appends one whole handshake message, header included; throws Error kMalformed.
  void Add(ByteView message, bool from_client);

  ByteView bytes() const noexcept { return bytes_; }
  // version is what the server chose; 0 before it did.
  std::uint16_t version() const noexcept { return version_; }

 private:
  void AddServerHello(ByteView message);

  Bytes bytes_;
  std::size_t main_end_ = 0;  // TLS 1.3: where the main handshake's messages end
  std::uint16_t version_ = 0;
  bool client_finished_ = false;
  bool server_finished_ = false;
};

// CheckCertificateVerify checks a CertificateVerify signature against the transcript up to the message before
// it, by the public key of `leaf` (DER). What keeps it from being checked is the `why`.
CertificateVerifyCheck CheckCertificateVerify(const Transcript& transcript, bool by_client, ByteView leaf,
                                              const CertificateVerify& message);

}  // namespace signet::inline inspector
