#include <signet/error.h>
#include <signet/secret.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

namespace signet {

Secret::Secret(std::string_view bytes) {
  *this = OfSize(bytes.size());
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

Secret Secret::OfSize(std::size_t size) {
  Secret secret;
  if (size == 0) return secret;
  // Pages of its own: MADV_DONTDUMP and mlock work on whole pages.
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t mapped = (size + page - 1) / page * page;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(
        {.code = ErrorCode::kInternal,
         .detail = "no memory for a secret",
         .call = "mmap",
         .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(errno), std::strerror(errno)}});
  }
  madvise(memory, mapped, MADV_DONTDUMP);
  mlock(memory, mapped);  // Best effort: the limit may be small.
  secret.data_ = static_cast<char*>(memory);
  secret.size_ = size;
  secret.mapped_ = mapped;
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapped_ = std::exchange(other.mapped_, 0);
  }
  return *this;
}

Secret::~Secret() { Wipe(); }

void Secret::Shrink(std::size_t size) noexcept {
  if (size >= size_) return;
  OPENSSL_cleanse(data_ + size, size_ - size);
  size_ = size;
}

void Secret::Wipe() noexcept {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, mapped_);
  munmap(data_, mapped_);
  data_ = nullptr;
  size_ = mapped_ = 0;
}

}  // namespace signet
