#include "openssl_provider/module/upcalls.h"

#include <openssl/crypto.h>

namespace signet::provider::module {

Upcalls::Upcalls(const OSSL_DISPATCH* table) noexcept {
  for (count = 1; table->function_id != 0; ++table, ++count) {
    switch (table->function_id) {
      case OSSL_FUNC_CORE_GET_PARAMS:
        get_params = OSSL_FUNC_core_get_params(table);
        break;
      case OSSL_FUNC_CORE_GET_LIBCTX:
        get_library = OSSL_FUNC_core_get_libctx(table);
        break;
      case OSSL_FUNC_CORE_NEW_ERROR:
        new_error = OSSL_FUNC_core_new_error(table);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        set_error_debug = OSSL_FUNC_core_set_error_debug(table);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        vset_error = OSSL_FUNC_core_vset_error(table);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_MARK:
        set_mark = OSSL_FUNC_core_set_error_mark(table);
        break;
      case OSSL_FUNC_CORE_POP_ERROR_TO_MARK:
        pop_to_mark = OSSL_FUNC_core_pop_error_to_mark(table);
        break;
      case OSSL_FUNC_BIO_GETS:
        bio_gets = OSSL_FUNC_BIO_gets(table);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        bio_read_ex = OSSL_FUNC_BIO_read_ex(table);
        break;
      case OSSL_FUNC_BIO_CTRL:
        bio_ctrl = OSSL_FUNC_BIO_ctrl(table);
        break;
      case OSSL_FUNC_CRYPTO_MALLOC:
        same_library = table->function == reinterpret_cast<void (*)()>(&CRYPTO_malloc);
        break;
      default:
        break;
    }
  }
}

}  // namespace signet::provider::module
