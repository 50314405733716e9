#include "null_provider.h"

#include "base/openssl_error.h"

#include <cstring>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>

namespace signet::bench {
namespace {

constexpr std::size_t kSignatureSize = 70;
char something = 0;  // represents every object; never read

template <class Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

void* NewKey(void*) { return &something; }
void FreeKey(void*) {}
int HasAll(const void*, int) { return 1; }
void* GenerationBegin(void*, int, const OSSL_PARAM*) { return &something; }
void* Generate(void*, OSSL_CALLBACK*, void*) { return &something; }
void GenerationEnd(void*) {}

const char* OperationName(int) { return "ECDSA"; }

int KeyParams(void*, OSSL_PARAM params[]) {
  const auto set = [params](const char* name, int value) {
    if (OSSL_PARAM* param = OSSL_PARAM_locate(params, name)) OSSL_PARAM_set_int(param, value);
  };
  set(OSSL_PKEY_PARAM_BITS, 256);
  set(OSSL_PKEY_PARAM_SECURITY_BITS, 128);
  set(OSSL_PKEY_PARAM_MAX_SIZE, 72);
  return 1;
}

const OSSL_PARAM* GettableKeyParams(void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr), OSSL_PARAM_END};
  return params;
}

const OSSL_DISPATCH kKeyFunctions[] = {
    Entry<OSSL_FUNC_keymgmt_new_fn>(OSSL_FUNC_KEYMGMT_NEW, NewKey),
    Entry<OSSL_FUNC_keymgmt_free_fn>(OSSL_FUNC_KEYMGMT_FREE, FreeKey),
    Entry<OSSL_FUNC_keymgmt_has_fn>(OSSL_FUNC_KEYMGMT_HAS, HasAll),
    Entry<OSSL_FUNC_keymgmt_get_params_fn>(OSSL_FUNC_KEYMGMT_GET_PARAMS, KeyParams),
    Entry<OSSL_FUNC_keymgmt_gettable_params_fn>(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, GettableKeyParams),
    Entry<OSSL_FUNC_keymgmt_gen_init_fn>(OSSL_FUNC_KEYMGMT_GEN_INIT, GenerationBegin),
    Entry<OSSL_FUNC_keymgmt_gen_fn>(OSSL_FUNC_KEYMGMT_GEN, Generate),
    Entry<OSSL_FUNC_keymgmt_gen_cleanup_fn>(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, GenerationEnd),
    Entry<OSSL_FUNC_keymgmt_query_operation_name_fn>(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, OperationName),
    {0, nullptr},
};

void* NewContext(void*, const char*) { return &something; }
void FreeContext(void*) {}
int SignInit(void*, const char*, void*, const OSSL_PARAM*) { return 1; }

int Sign(void*, unsigned char* signature, std::size_t* size, std::size_t, const unsigned char*, std::size_t) {
  if (signature != nullptr) std::memset(signature, 0, kSignatureSize);
  *size = kSignatureSize;
  return 1;
}

const OSSL_DISPATCH kSignatureFunctions[] = {
    Entry<OSSL_FUNC_signature_newctx_fn>(OSSL_FUNC_SIGNATURE_NEWCTX, NewContext),
    Entry<OSSL_FUNC_signature_freectx_fn>(OSSL_FUNC_SIGNATURE_FREECTX, FreeContext),
    Entry<OSSL_FUNC_signature_digest_sign_init_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, SignInit),
    Entry<OSSL_FUNC_signature_digest_sign_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, Sign),
    {0, nullptr},
};

const OSSL_ALGORITHM kKeys[] = {{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=idle", kKeyFunctions, ""},
                                {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM kSignatures[] = {{"ECDSA", "provider=idle", kSignatureFunctions, ""},
                                      {nullptr, nullptr, nullptr, nullptr}};

const OSSL_ALGORITHM* Query(void*, int operation, int* no_cache) {
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return kKeys;
  return operation == OSSL_OP_SIGNATURE ? kSignatures : nullptr;
}

const OSSL_DISPATCH kProviderFunctions[] = {
    Entry<OSSL_FUNC_provider_query_operation_fn>(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query),
    {0, nullptr},
};

int Initialise(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions,
               void** context) {
  *functions = kProviderFunctions;
  *context = &something;
  return 1;
}

}  // namespace

NullProvider::NullProvider() : library_(CheckOpenSsl(OSSL_LIB_CTX_new(), "OSSL_LIB_CTX_new")) {
  CheckOpenSsl(OSSL_PROVIDER_add_builtin(library(), "idle", Initialise), "OSSL_PROVIDER_add_builtin");
  default_.reset(CheckOpenSsl(OSSL_PROVIDER_load(library(), "default"), "OSSL_PROVIDER_load"));
  idle_.reset(CheckOpenSsl(OSSL_PROVIDER_load(library(), "idle"), "OSSL_PROVIDER_load"));
  const OpenSslPtr<EVP_PKEY_CTX> generation(CheckOpenSsl(
      EVP_PKEY_CTX_new_from_name(library(), "EC", "provider=idle"), "EVP_PKEY_CTX_new_from_name"));
  CheckOpenSsl(EVP_PKEY_keygen_init(generation.get()), "EVP_PKEY_keygen_init");
  EVP_PKEY* key = nullptr;
  CheckOpenSsl(EVP_PKEY_generate(generation.get(), &key), "EVP_PKEY_generate");
  key_.reset(key);
}

}  // namespace signet::bench
