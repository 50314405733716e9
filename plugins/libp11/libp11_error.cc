#include "libp11/libp11_error.h"

#include "pkcs11/module/rv.h"

#include <libp11.h>
#include <openssl/err.h>

namespace signet::inline libp11 {

void ThrowLibp11(std::string_view call) {
  while (const unsigned long code = ERR_get_error()) {
    if (ERR_GET_LIB(code) == ERR_get_CKR_code()) CheckRv(static_cast<CK_RV>(ERR_GET_REASON(code)), call, {});
  }
  throw Error({.code = ErrorCode::kTokenTrouble,
               .detail = "the token failed without a reason",
               .call = std::string(call)});
}

CallersErrors::CallersErrors() {
  const auto text = [](const char* from) { return std::string(from != nullptr ? from : ""); };
  const char* file = nullptr;
  const char* function = nullptr;
  const char* data = nullptr;
  int line = 0;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(&file, &line, &function, &data, &flags)) {
    entries_.push_back(
        {code, text(file), line, text(function), text((flags & ERR_TXT_STRING) != 0 ? data : nullptr)});
  }
}

CallersErrors::~CallersErrors() {
  ERR_clear_error();
  for (const Entry& entry : entries_) {
    ERR_new();
    ERR_set_debug(entry.file.c_str(), entry.line, entry.function.c_str());
    ERR_set_error(ERR_GET_LIB(entry.code), ERR_GET_REASON(entry.code), entry.data.empty() ? nullptr : "%s",
                  entry.data.c_str());
  }
}

}  // namespace signet::inline libp11
