#pragma once

#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/module/memory.h"
#include "openssl_provider/module/start_settings.h"
#include "openssl_provider/module/upcalls.h"

#include <atomic>
#include <memory>

namespace signet::provider::module {

// Context is one activation of signet.so. The provider behind it is made at the first use, with what there
// was of the environment at activation. Thread-safe.
class Context : public FromLibc {
 public:
  // Make gives null where memory is short.
  static std::unique_ptr<Context> Make(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls) noexcept;
  // The provider ends with it.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Provider gives the provider's context, made at the first call; null with an entry in the ERR queue.
  void* Provider() noexcept {
    void* const provider = provider_.load(std::memory_order_acquire);
    return provider != nullptr ? provider : MakeProvider();
  }
  bool has_provider() const noexcept { return provider_.load(std::memory_order_acquire) != nullptr; }
  // Own gives one of the provider's own functions; Provider() must have made it.
  template <class Function>
  Function* Own(int id) const noexcept {
    const OSSL_DISPATCH* row = provider_functions_.load(std::memory_order_acquire);
    while (row->function_id != id) ++row;
    return reinterpret_cast<Function*>(row->function);
  }
  // MakeProviderNow is for `load = activation`: a failure is kept for the first use.
  void MakeProviderNow() noexcept;

  const OSSL_ALGORITHM* AlgorithmsOf(int operation) const noexcept;
  const Upcalls& upcalls() const noexcept { return upcalls_; }
  // library is the library context that we are active in, where upcalls().same_library.
  OSSL_LIB_CTX* library() const noexcept;

 private:
  Context(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls) noexcept;
  void* MakeProvider() noexcept;
  bool MakeAlgorithms() noexcept;
  void Raise(unsigned reason, const char* call, const char* format, ...) const noexcept
      __attribute__((format(printf, 4, 5)));

  const OSSL_CORE_HANDLE* const handle_;
  const Upcalls upcalls_;
  const LibcPtr<OSSL_DISPATCH> upcall_table_;  // a copy
  const StartEnvironment environment_;
  LibcPtr<OSSL_ALGORITHM> algorithms_;
  LibcPtr<char> properties_;
  std::atomic<void*> provider_ = nullptr;
  std::atomic<const OSSL_DISPATCH*> provider_functions_ = nullptr;
};

}  // namespace signet::provider::module
