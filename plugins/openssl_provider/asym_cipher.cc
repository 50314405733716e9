#include "openssl_provider/asym_cipher.h"

#include "openssl_provider/asym_cipher_context.h"
#include "openssl_provider/dispatch.h"

#include <memory>

#include <openssl/core_names.h>

namespace signet::provider {
namespace {

using Operation = AsymCipherContext::Operation;

void* NewContext(ProviderContext& provider) {
  return std::make_unique<AsymCipherContext>(provider).release();
}

void FreeContext(void* context) noexcept {
  const std::unique_ptr<AsymCipherContext> owned(static_cast<AsymCipherContext*>(context));
}

void* DupContext(AsymCipherContext& context) {
  return std::make_unique<AsymCipherContext>(context).release();
}

template <Operation kOperation>
int Init(AsymCipherContext& context, void* key, const OSSL_PARAM params[]) {
  context.Begin(kOperation, static_cast<const KeyReference*>(key));
  context.SetParams(params);
  return 1;
}

int Encrypt(AsymCipherContext& context, unsigned char* out, std::size_t* size, std::size_t room,
            const unsigned char* in, std::size_t in_size) {
  *size = context.Encrypt({in, in_size}, out, room);
  return 1;
}

int Decrypt(AsymCipherContext& context, unsigned char* out, std::size_t* size, std::size_t room,
            const unsigned char* in, std::size_t in_size) {
  *size = context.Decrypt({in, in_size}, out, room);
  return 1;
}

int SetParams(AsymCipherContext& context, const OSSL_PARAM params[]) {
  context.SetParams(params);
  return 1;
}

int GetParams(AsymCipherContext& context, OSSL_PARAM params[]) {
  context.GetParams(params);
  return 1;
}

const OSSL_PARAM* SettableParams(void*, void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, nullptr, 0),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, nullptr),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, nullptr),
      OSSL_PARAM_uint(kImplicitRejection, nullptr),
      OSSL_PARAM_END,
  };
  return params;
}

const OSSL_PARAM* GettableParams(void*, void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, nullptr, 0),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, nullptr),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, nullptr),
      OSSL_PARAM_uint(kImplicitRejection, nullptr),
      OSSL_PARAM_END,
  };
  return params;
}

}  // namespace

const OSSL_DISPATCH* AsymCipherFunctions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_ASYM_CIPHER_NEWCTX, OSSL_FUNC_asym_cipher_newctx_fn, NewContext>(),
      PlainEntry<OSSL_FUNC_ASYM_CIPHER_FREECTX, OSSL_FUNC_asym_cipher_freectx_fn, FreeContext>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_DUPCTX, OSSL_FUNC_asym_cipher_dupctx_fn, DupContext>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, OSSL_FUNC_asym_cipher_encrypt_init_fn,
            Init<Operation::kEncrypt>>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_ENCRYPT, OSSL_FUNC_asym_cipher_encrypt_fn, Encrypt>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, OSSL_FUNC_asym_cipher_decrypt_init_fn,
            Init<Operation::kDecrypt>>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_DECRYPT, OSSL_FUNC_asym_cipher_decrypt_fn, Decrypt>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, OSSL_FUNC_asym_cipher_set_ctx_params_fn, SetParams>(),
      PlainEntry<OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, OSSL_FUNC_asym_cipher_settable_ctx_params_fn,
                 SettableParams>(),
      Entry<OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, OSSL_FUNC_asym_cipher_get_ctx_params_fn, GetParams>(),
      PlainEntry<OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, OSSL_FUNC_asym_cipher_gettable_ctx_params_fn,
                 GettableParams>(),
      kEndOfTable,
  };
  return table;
}

}  // namespace signet::provider
