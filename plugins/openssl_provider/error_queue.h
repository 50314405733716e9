#pragma once

#include "openssl_provider/reason_strings.h"
#include <signet/error.h>

#include <string>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace signet::provider {

// ErrorQueue puts errors on the queue of the provider's caller, through libcrypto's upcalls, so
// that they appear under the provider's name.
class ErrorQueue {
 public:
  ErrorQueue(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls) noexcept;

  // Raise queues the code as the reason and the whole text, hint included, as its data.
  void Raise(const Error& error) const noexcept;
  // Raise queues a bare reason; cheap enough for paths that are refused at every signature.
  void Raise(Reason reason, const char* text = nullptr) const noexcept;
  // RaiseCurrentException is for a catch block; other exceptions are distinguished as far as possible.
  void RaiseCurrentException() const noexcept;

 private:
  void Queue(unsigned reason, const char* function, const char* text) const noexcept;
  void SetText(unsigned reason, const char* format, ...) const noexcept __attribute__((format(printf, 3, 4)));

  const OSSL_CORE_HANDLE* handle_;
  OSSL_FUNC_core_new_error_fn* new_error_ = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug_ = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error_ = nullptr;
};

}  // namespace signet::provider
