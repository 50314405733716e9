#include "base/openssl_error.h"

#include <openssl/err.h>

namespace signet::inline base {

OpenSslErrorMark::OpenSslErrorMark() noexcept { ERR_set_mark(); }
OpenSslErrorMark::~OpenSslErrorMark() { ERR_pop_to_mark(); }

NativeCode LastOpenSslError() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return {};
  const char* reason = ERR_reason_error_string(code);
  return {NativeCode::Kind::kOpenSsl, code, reason != nullptr ? reason : ""};
}

void ThrowOpenSsl(ErrorCode code, std::string_view call, std::string detail, std::string hint) {
  throw Error({.code = code,
               .detail = std::move(detail),
               .call = std::string(call),
               .native = LastOpenSslError(),
               .hint = std::move(hint)});
}

}  // namespace signet::inline base
