#include "process/refused_pin_ledger.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

namespace signet::inline process {
namespace {

constexpr std::size_t kEntries = 256;
constexpr std::size_t kWords = 4;  // 256 bits of HMAC-SHA-256

// Page is what all processes of a family share. Entries are written word by word with the first word last,
// and a reader that races with a writer sees at worst a refusal that is a moment old: no lock, as a process
// may die while it holds one.
struct Page {
  std::array<unsigned char, 32> salt;
  std::atomic<std::uint32_t> next{0};
  std::array<std::array<std::atomic<std::uint64_t>, kWords>, kEntries> entries{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

using Tag = std::array<std::uint64_t, kWords>;

Page& SharedPage() {
  static Page* const page = [] {
    void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw Error({.detail = "no shared memory for rejected PINs", .call = "mmap"});
    madvise(memory, sizeof(Page), MADV_DONTDUMP);
    auto* made = new (memory) Page;
    // The system's own: OpenSSL's generator takes half a millisecond to start, and few processes need it.
    if (getentropy(made->salt.data(), made->salt.size()) != 0) {
      throw Error({.detail = "no random number for rejected PINs", .call = "getentropy"});
    }
    return made;
  }();
  return *page;
}

Tag TagOf(std::string_view token_serial, const Secret& pin) {
  const Page& page = SharedPage();
  Secret message = Secret::OfSize(token_serial.size() + 1 + pin.size());
  std::ranges::copy(token_serial, message.writable().begin());
  std::ranges::copy(pin.view(),
                    message.writable().begin() + static_cast<std::ptrdiff_t>(token_serial.size()) + 1);
  std::array<unsigned char, 32> mac{};
  std::size_t size = 0;
  CheckOpenSsl(EVP_Q_mac(OwnContext(), "HMAC", nullptr, "SHA2-256", nullptr, page.salt.data(),
                         page.salt.size(), reinterpret_cast<const unsigned char*>(message.view().data()),
                         message.size(), mac.data(), mac.size(), &size),
               "EVP_Q_mac");
  Tag tag;
  std::memcpy(tag.data(), mac.data(), mac.size());
  tag[0] |= 1;  // Zero marks a free entry.
  return tag;
}

bool Holds(const std::array<std::atomic<std::uint64_t>, kWords>& entry, const Tag& tag) {
  for (std::size_t i = 0; i < kWords; ++i) {
    if (entry[i].load(std::memory_order_acquire) != tag[i]) return false;
  }
  return true;
}

// NothingRefused spares the HMAC where no PIN was refused yet, which is the rule.
bool NothingRefused() { return SharedPage().next.load(std::memory_order_acquire) == 0; }

}  // namespace

void RefusedPinLedger::Prepare() { SharedPage(); }

bool RefusedPinLedger::WasRefused(std::string_view token_serial, const Secret& pin) {
  if (NothingRefused()) return false;
  const Tag tag = TagOf(token_serial, pin);
  return std::ranges::any_of(SharedPage().entries, [&](const auto& entry) { return Holds(entry, tag); });
}

void RefusedPinLedger::Refused(std::string_view token_serial, const Secret& pin) {
  if (WasRefused(token_serial, pin)) return;
  const Tag tag = TagOf(token_serial, pin);
  Page& page = SharedPage();
  auto& entry = page.entries[page.next.fetch_add(1) % kEntries];
  entry[0].store(0, std::memory_order_release);
  for (std::size_t i = kWords; i-- > 0;) entry[i].store(tag[i], std::memory_order_release);
}

void RefusedPinLedger::Accepted(std::string_view token_serial, const Secret& pin) {
  if (NothingRefused()) return;
  const Tag tag = TagOf(token_serial, pin);
  for (auto& entry : SharedPage().entries) {
    if (Holds(entry, tag)) entry[0].store(0, std::memory_order_release);
  }
}

}  // namespace signet::inline process
