#include "openssl_provider/store.h"

#include "openssl_provider/dispatch.h"
#include "openssl_provider/store_session.h"
#include "settings/setting_names.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

void* Open(ProviderContext& provider, const char* uri) {
  return std::make_unique<StoreSession>(provider, uri).release();
}

int SetParams(StoreSession& session, const OSSL_PARAM params[]) {
  session.SetParams(params);
  return 1;
}

int Load(StoreSession& session, OSSL_CALLBACK* object, void* object_argument,
         OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  return session.Load(object, object_argument, passphrase, passphrase_argument) ? 1 : 0;
}

int Eof(StoreSession& session) { return session.eof() ? 1 : 0; }

int Close(void* session) noexcept {
  const std::unique_ptr<StoreSession> owned(static_cast<StoreSession*>(session));
  return 1;
}

// SettableParams lists what a store takes, our settings included: they configure a program without
// openssl.cnf.
const OSSL_PARAM* SettableParams(const ProviderContext&) {
  static const std::vector<OSSL_PARAM> params = [] {
    std::vector<OSSL_PARAM> made = {
        OSSL_PARAM_construct_int(OSSL_STORE_PARAM_EXPECT, nullptr),
        OSSL_PARAM_construct_octet_string(OSSL_STORE_PARAM_SUBJECT, nullptr, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_STORE_PARAM_PROPERTIES, nullptr, 0),
    };
    for (const std::string_view name : SettingNames()) {
      made.push_back(OSSL_PARAM_construct_utf8_string(name.data(), nullptr, 0));
    }
    made.push_back(OSSL_PARAM_construct_end());
    return made;
  }();
  return params.data();
}

#ifdef OSSL_FUNC_STORE_OPEN_EX
// The passphrase callback is not kept: it comes again with Load, and nothing is opened before.
void* OpenEx(ProviderContext& provider, const char* uri, const OSSL_PARAM params[], OSSL_PASSPHRASE_CALLBACK*,
             void*) {
  auto session = std::make_unique<StoreSession>(provider, uri);
  session->SetParams(params);
  return session.release();
}
#endif

}  // namespace

const OSSL_DISPATCH* StoreFunctions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_STORE_OPEN, OSSL_FUNC_store_open_fn, Open>(),
#ifdef OSSL_FUNC_STORE_OPEN_EX
      Entry<OSSL_FUNC_STORE_OPEN_EX, OSSL_FUNC_store_open_ex_fn, OpenEx>(),
#endif
      Entry<OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, OSSL_FUNC_store_settable_ctx_params_fn, SettableParams>(),
      Entry<OSSL_FUNC_STORE_SET_CTX_PARAMS, OSSL_FUNC_store_set_ctx_params_fn, SetParams>(),
      Entry<OSSL_FUNC_STORE_LOAD, OSSL_FUNC_store_load_fn, Load>(),
      Entry<OSSL_FUNC_STORE_EOF, OSSL_FUNC_store_eof_fn, Eof>(),
      PlainEntry<OSSL_FUNC_STORE_CLOSE, OSSL_FUNC_store_close_fn, Close>(),
      kEndOfTable,
  };
  return table;
}

}  // namespace signet::provider
