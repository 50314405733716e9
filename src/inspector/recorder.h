#pragma once

#include "handshake/messages.h"
#include "inspector/report.h"
#include "inspector/transcript.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline inspector {

// Recorder turns what a TLS stack shows of one connection into the list of its messages, and checks every
// CertificateVerify against a transcript of its own. It throws for nothing that the peer sends: a message
// that cannot be read is listed with that as its detail.
class Recorder {
 public:
  enum class Side { kClient, kServer };
  explicit Recorder(Side side) : side_(side) {}
  Side side() const noexcept { return side_; }

  // Handshake takes one whole handshake message, header included. record_type is the outer one on the wire.
  void Handshake(Direction direction, std::uint8_t record_type, ByteView message);
  void ChangeCipherSpec(Direction direction);
  void Alert(Direction direction, std::uint8_t record_type, ByteView level_and_description);
  void ApplicationData(Direction direction, std::uint8_t record_type, std::size_t length);
  // Unseen lists a record of `length` bytes that the stack keeps to itself; `message` is empty if not even
  // its type is known, and `why` has the reason. The length of its message is unknown.
  void Unseen(Direction direction, std::uint8_t record_type, std::string message, std::size_t length,
              std::string why);

  const std::vector<HandshakeMessage>& messages() const noexcept { return messages_; }
  // request is the newest CertificateRequest; nothing if there was none.
  const std::optional<CertificateRequest>& request() const noexcept { return request_; }
  // client_chain is what the client presented, leaf first; empty if it presented nothing.
  const std::vector<Bytes>& client_chain() const noexcept { return client_chain_; }
  const std::vector<Bytes>& server_chain() const noexcept { return server_chain_; }
  // *_verify is our check of that side's newest CertificateVerify; nothing if it sent none.
  const std::optional<CertificateVerifyCheck>& client_verify() const noexcept { return client_verify_; }
  const std::optional<CertificateVerifyCheck>& server_verify() const noexcept { return server_verify_; }
  // received_alert is the description of the fatal alert that the peer sent.
  std::optional<std::uint8_t> received_alert() const noexcept { return received_alert_; }
  std::uint16_t version() const noexcept { return transcript_.version(); }

 private:
  void Look(ByteView message, bool from_client, HandshakeMessage& entry);

  Side side_;
  Transcript transcript_;
  std::vector<HandshakeMessage> messages_;
  std::optional<CertificateRequest> request_;
  std::vector<Bytes> client_chain_;
  std::vector<Bytes> server_chain_;
  std::optional<CertificateVerifyCheck> client_verify_;
  std::optional<CertificateVerifyCheck> server_verify_;
  std::optional<std::uint8_t> received_alert_;
};

// Describe says what matters in a handshake message (with its header), one line each; throws Error
// kMalformed.
std::vector<std::string> Describe(ByteView message, std::uint16_t version);

}  // namespace signet::inline inspector
