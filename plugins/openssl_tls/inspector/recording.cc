#include "openssl_tls/inspector/recording.h"

#include "base/openssl_ptr.h"

namespace signet::openssl {

Recording::Recording(SSL* connection, Recorder::Side side) : recorder_(side) {
  SSL_set_msg_callback(connection, &Recording::Show);
  SSL_set_msg_callback_arg(connection, this);
}

void Recording::ApplicationData(Direction direction, std::size_t length) {
  recorder_.ApplicationData(direction, outer_type_[static_cast<std::size_t>(direction)], length);
}

void Recording::Show(int sent, int, int content_type, const void* data, std::size_t size, SSL*,
                     void* self) noexcept {
  try {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<Recording*>(self)->Show(sent != 0 ? Direction::kSent : Direction::kReceived, content_type,
                                        {bytes, size});
  } catch (...) {
    // Out of memory: the list is a message short, the handshake continues.
  }
}

// The header of a record comes before what is in it. A ChangeCipherSpec is taken from its header, as libssl
// shows no more of one that it receives.
void Recording::Show(Direction direction, int content_type, ByteView bytes) {
  std::uint8_t& outer_type = outer_type_[static_cast<std::size_t>(direction)];
  switch (content_type) {
    case SSL3_RT_HEADER:
      if (bytes.empty()) return;
      outer_type = bytes[0];
      if (outer_type == SSL3_RT_CHANGE_CIPHER_SPEC) recorder_.ChangeCipherSpec(direction);
      return;
    case SSL3_RT_HANDSHAKE:
      return recorder_.Handshake(direction, outer_type, bytes);
    case SSL3_RT_ALERT:
      return recorder_.Alert(direction, outer_type, bytes);
    default:
      return;
  }
}

}  // namespace signet::openssl
