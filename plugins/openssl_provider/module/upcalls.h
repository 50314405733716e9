#pragma once

#include <cstddef>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace signet::provider::module {

// Upcalls are the functions of libcrypto's that signet.so itself calls; null where this libcrypto has none.
struct Upcalls {
  explicit Upcalls(const OSSL_DISPATCH* table) noexcept;

  OSSL_FUNC_core_get_params_fn* get_params = nullptr;
  OSSL_FUNC_core_get_libctx_fn* get_library = nullptr;
  OSSL_FUNC_core_new_error_fn* new_error = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error = nullptr;
  OSSL_FUNC_core_set_error_mark_fn* set_mark = nullptr;
  OSSL_FUNC_core_pop_error_to_mark_fn* pop_to_mark = nullptr;
  OSSL_FUNC_BIO_gets_fn* bio_gets = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* bio_read_ex = nullptr;
  OSSL_FUNC_BIO_ctrl_fn* bio_ctrl = nullptr;
  // same_library: the libcrypto that calls us is the one that we call, so that its library contexts are ours.
  bool same_library = false;
  std::size_t count = 0;  // rows of the table, the last one included
};

}  // namespace signet::provider::module
