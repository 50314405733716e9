#include "libp11/libp11_error.h"

#include "base/openssl_error.h"
#include "pkcs11/admin_error.h"

#include <libp11.h>
#include <openssl/err.h>

namespace signet {

void CheckLibp11(int result, std::string_view call, ErrorCode otherwise) {
  if (result == 0) return;
  while (const unsigned long code = ERR_get_error()) {
    if (ERR_GET_LIB(code) == ERR_get_CKR_code())
      CheckAdmin(static_cast<CK_RV>(ERR_GET_REASON(code)), call, otherwise);
  }
  throw Error(
      {.code = otherwise, .detail = "the token refused, and did not say why", .call = std::string(call)});
}

}  // namespace signet
