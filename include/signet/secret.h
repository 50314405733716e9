#pragma once

#include <signet/export.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace signet {

// Secret contains a PIN, a password or private key bytes. It is move-only, wiped on destruction and never
// printed. Its memory is excluded from core dumps and, if the limits allow it, from swap. It survives fork.
// An absent secret is a std::optional<Secret> without value; a Secret of length zero is an empty secret.
// PKCS#12 distinguishes the two.
class SIGNET_EXPORT Secret {
 public:
  Secret() noexcept = default;
  // Secret copies `bytes`; throws Error if out of memory.
  explicit Secret(std::string_view bytes);
  // OfSize makes a secret of `size` zero bytes, to be filled through writable().
  static Secret OfSize(std::size_t size);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // Clone gives a second secret of the same bytes; throws Error when no memory can be had.
  Secret Clone() const { return Secret(view()); }
  // view is valid until the secret is moved, shrunk or destroyed. It is not NUL-terminated.
  std::string_view view() const noexcept { return {data_, size_}; }
  // writable and writable_bytes are the bytes, to be written; valid as long as view() is.
  std::span<char> writable() noexcept { return {data_, size_}; }
  std::span<std::uint8_t> writable_bytes() noexcept {
    return {reinterpret_cast<std::uint8_t*>(data_), size_};
  }
  // Shrink wipes and drops all after the first `size` bytes; `size` is at most size().
  void Shrink(std::size_t size) noexcept;
  // size is the length in bytes; empty tells whether it is 0.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  void Wipe() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

}  // namespace signet
