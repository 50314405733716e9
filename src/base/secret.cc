#include <signet/error.h>
#include <signet/secret.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

namespace signet {
namespace {

std::size_t PageSize() noexcept { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// A few wiped pages are kept for the next secrets: to map, fault in and unmap a page costs as much as the
// decryption of a key. Each slot is taken and filled by one exchange, so threads need no lock.
std::array<std::atomic<void*>, 8> spare_pages;  // NOLINT: pages without content, right after fork too

void* TakeSpare() noexcept {
  for (std::atomic<void*>& slot : spare_pages) {
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    if (void* page = slot.exchange(nullptr, std::memory_order_acquire)) return page;
  }
  return nullptr;
}

// KeepSpare tells whether there was space for the page.
bool KeepSpare(void* page) noexcept {
  for (std::atomic<void*>& slot : spare_pages) {
    void* empty = nullptr;
    if (slot.compare_exchange_strong(empty, page, std::memory_order_release, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void* MapPages(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(
        {.code = ErrorCode::kInternal,
         .detail = "no memory for a secret",
         .call = "mmap",
         .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(errno), std::strerror(errno)}});
  }
  madvise(memory, size, MADV_DONTDUMP);
  return memory;
}

}  // namespace

Secret::Secret(std::string_view bytes) {
  *this = OfSize(bytes.size());
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

Secret Secret::OfSize(std::size_t size) {
  Secret secret;
  if (size == 0) return secret;
  // Pages of its own: MADV_DONTDUMP and mlock work on whole pages.
  const std::size_t page = PageSize();
  const std::size_t mapped = (size + page - 1) / page * page;
  void* memory = mapped == page ? TakeSpare() : nullptr;
  if (memory == nullptr) memory = MapPages(mapped);
  // Best effort: the limit may be small. A page from before a fork is not locked in the child.
  mlock(memory, mapped);
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
  if (mapped_ != PageSize() || !KeepSpare(data_)) munmap(data_, mapped_);
  data_ = nullptr;
  size_ = mapped_ = 0;
}

}  // namespace signet
