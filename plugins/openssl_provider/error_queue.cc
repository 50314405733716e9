#include "openssl_provider/error_queue.h"

#include <cstdarg>
#include <exception>
#include <new>

namespace signet::provider {

ErrorQueue::ErrorQueue(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls) noexcept
    : handle_(handle) {
  for (; upcalls->function_id != 0; ++upcalls) {
    switch (upcalls->function_id) {
      case OSSL_FUNC_CORE_NEW_ERROR:
        new_error_ = OSSL_FUNC_core_new_error(upcalls);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        set_error_debug_ = OSSL_FUNC_core_set_error_debug(upcalls);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        vset_error_ = OSSL_FUNC_core_vset_error(upcalls);
        break;
      default:
        break;
    }
  }
}

void ErrorQueue::Raise(const Error& error) const noexcept {
  Queue(ReasonOf(error.code()), error.call().c_str(), error.what());
}

void ErrorQueue::Raise(Reason reason, const char* text) const noexcept { Queue(reason, "", text); }

void ErrorQueue::RaiseCurrentException() const noexcept {
  try {
    throw;
  } catch (const Error& error) {
    Raise(error);
  } catch (const std::bad_alloc&) {
    Raise(kReasonOutOfMemory);
  } catch (const std::exception& error) {
    Raise(kReasonUnexpected, error.what());
  } catch (...) {
    Raise(kReasonUnexpected);
  }
}

void ErrorQueue::Queue(unsigned reason, const char* function, const char* text) const noexcept {
  if (new_error_ == nullptr || set_error_debug_ == nullptr || vset_error_ == nullptr) return;
  new_error_(handle_);
  set_error_debug_(handle_, "signet", 0, function);
  if (text != nullptr) {
    SetText(reason, "%s", text);
  } else {
    SetText(reason, nullptr);
  }
}

void ErrorQueue::SetText(unsigned reason, const char* format, ...) const noexcept {
  std::va_list arguments;
  va_start(arguments, format);
  vset_error_(handle_, reason, format, arguments);
  va_end(arguments);
}

}  // namespace signet::provider
