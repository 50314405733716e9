#pragma once

#include <signet/error.h>

#include <string>
#include <string_view>

namespace signet::inline base {

// OpenSslErrorMark keeps the caller's ERR queue as it was: what is queued while it lives is dropped when it
// dies.
class OpenSslErrorMark {
 public:
  OpenSslErrorMark() noexcept;
  ~OpenSslErrorMark();
  OpenSslErrorMark(const OpenSslErrorMark&) = delete;
  OpenSslErrorMark& operator=(const OpenSslErrorMark&) = delete;
};

// LastOpenSslError reads the newest entry of the ERR queue, leaving the queue as it is.
NativeCode LastOpenSslError();

// ThrowOpenSsl throws Error with `code`, the failed `call` and the newest entry of the ERR queue.
[[noreturn]] void ThrowOpenSsl(ErrorCode code, std::string_view call, std::string detail,
                               std::string hint = {});

// CheckOpenSsl returns `pointer`, or throws kInternal naming `call` when it is null.
template <class T>
T* CheckOpenSsl(T* pointer, std::string_view call) {
  if (pointer == nullptr)
    ThrowOpenSsl(ErrorCode::kInternal, call, "an OpenSSL operation failed unexpectedly");
  return pointer;
}

// CheckOpenSsl throws kInternal naming `call` when `result` is not positive.
inline void CheckOpenSsl(int result, std::string_view call) {
  if (result <= 0) ThrowOpenSsl(ErrorCode::kInternal, call, "an OpenSSL operation failed unexpectedly");
}

}  // namespace signet::inline base
