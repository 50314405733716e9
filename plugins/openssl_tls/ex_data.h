#pragma once

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"

#include <memory>
#include <type_traits>

namespace signet::openssl {

// ExData keeps one shared T with each Owner (SSL or SSL_CTX), until the owner dies. A copy made by SSL_dup
// shares it.
template <class Owner, class T>
class ExData {
 public:
  // Set replaces what is kept; throws Error.
  static void Set(Owner* owner, std::shared_ptr<T> value) {
    if (auto* slot = static_cast<std::shared_ptr<T>*>(Read(owner))) {
      *slot = std::move(value);
      return;
    }
    auto slot = std::make_unique<std::shared_ptr<T>>(std::move(value));
    CheckOpenSsl(Write(owner, slot.get()), "SSL_set_ex_data");
    slot.release();
  }
  // Get is null if nothing is kept.
  static std::shared_ptr<T> Get(Owner* owner) {
    const auto* slot = static_cast<const std::shared_ptr<T>*>(Read(owner));
    return slot != nullptr ? *slot : nullptr;
  }

 private:
  static constexpr bool kOnContext = std::is_same_v<Owner, SSL_CTX>;

  static int Index() {
    static const int index = CRYPTO_get_ex_new_index(
        kOnContext ? CRYPTO_EX_INDEX_SSL_CTX : CRYPTO_EX_INDEX_SSL, 0, nullptr, nullptr, Copy, Free);
    CheckOpenSsl(index + 1, "CRYPTO_get_ex_new_index");
    return index;
  }
  static void* Read(Owner* owner) {
    if constexpr (kOnContext)
      return SSL_CTX_get_ex_data(owner, Index());
    else
      return SSL_get_ex_data(owner, Index());
  }
  static int Write(Owner* owner, void* slot) {
    if constexpr (kOnContext)
      return SSL_CTX_set_ex_data(owner, Index(), slot);
    else
      return SSL_set_ex_data(owner, Index(), slot);
  }
  static void Free(void*, void* slot, CRYPTO_EX_DATA*, int, long, void*) noexcept {
    const std::unique_ptr<std::shared_ptr<T>> owned(static_cast<std::shared_ptr<T>*>(slot));
  }
  static int Copy(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** slot, int, long, void*) noexcept {
    if (*slot == nullptr) return 1;
    try {
      *slot = std::make_unique<std::shared_ptr<T>>(*static_cast<std::shared_ptr<T>*>(*slot)).release();
      return 1;
    } catch (...) {
      *slot = nullptr;
      return 0;
    }
  }
};

}  // namespace signet::openssl
