#pragma once

#include "pkcs12/ber.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

namespace signet::inline pkcs12 {

// WipedBytes are wiped when they die: a file may hold its key unencrypted.
class WipedBytes {
 public:
  WipedBytes() = default;
  explicit WipedBytes(std::vector<std::uint8_t> bytes) noexcept : bytes_(std::move(bytes)) {}
  WipedBytes(WipedBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  WipedBytes& operator=(WipedBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  ~WipedBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  Bytes bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// BeginsLikePkcs12 tells a PKCS#12 file of version 3 by its first bytes.
bool BeginsLikePkcs12(Bytes file) noexcept;

// AsText gives a text file without byte order mark and white space around it; UTF-16 becomes ASCII.
WipedBytes AsText(Bytes file);

// FromBase64 decodes base64 with or without line breaks and padding; empty if the text is anything else.
WipedBytes FromBase64(Bytes text);

// Unarmoured gives the PKCS#12 file inside a text: in a PEM block of any label (`certutil -encode` calls
// everything a certificate), or in base64 alone. Empty if there is none.
WipedBytes Unarmoured(Bytes file);

}  // namespace signet::inline pkcs12
