#pragma once

#include "inspector/recorder.h"

#include <array>
#include <cstdint>

#include <openssl/types.h>

namespace signet::openssl {

// Recording shows a Recorder what passes on one SSL, through its message callback. It must outlive the SSL's
// use.
class Recording {
 public:
  Recording(SSL* connection, Recorder::Side side);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  const Recorder& recorder() const noexcept { return recorder_; }
  // ApplicationData notes `length` bytes that SSL_write or SSL_read moved: libssl does not show those.
  void ApplicationData(Direction direction, std::size_t length);

 private:
  static void Show(int sent, int version, int content_type, const void* data, std::size_t size,
                   SSL* connection, void* self) noexcept;
  void Show(Direction direction, int content_type, ByteView bytes);

  Recorder recorder_;
  std::array<std::uint8_t, 2> outer_type_{};  // of the newest record in each direction
};

}  // namespace signet::openssl
