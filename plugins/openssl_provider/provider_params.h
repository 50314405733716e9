#pragma once

#include "openssl_provider/module_entry.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

// What a provider tells of itself: signet.so answers it without the provider, and both the same.
namespace signet::provider {

inline const OSSL_PARAM kProviderParams[] = {
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, nullptr, 0),
    OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr),
    OSSL_PARAM_utf8_ptr(kBuildParam, nullptr, 0),
    OSSL_PARAM_END,
};

// AnswerParams fills those of kProviderParams that are asked for.
inline bool AnswerParams(OSSL_PARAM params[]) noexcept {
  const auto set = [params](const char* key, const char* value) {
    OSSL_PARAM* const param = OSSL_PARAM_locate(params, key);
    return param == nullptr || OSSL_PARAM_set_utf8_ptr(param, value) == 1;
  };
  OSSL_PARAM* const status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  return set(OSSL_PROV_PARAM_NAME, "Signet: TLS client identities") &&
         set(OSSL_PROV_PARAM_VERSION, SIGNET_VERSION) && set(OSSL_PROV_PARAM_BUILDINFO, SIGNET_VERSION) &&
         set(kBuildParam, kBuild) && (status == nullptr || OSSL_PARAM_set_int(status, 1) == 1);
}

}  // namespace signet::provider
