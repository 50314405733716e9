#pragma once

#include <cstring>

#include <openssl/core.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {

// OfferTlsGroups tells libssl of the groups over EC keys that software has. With OpenSSL 3.0 libssl takes a
// group only from the provider that it would fetch the key type from, so that without this a provider with EC
// keys, listed before `default`, leaves no NIST curve for the key exchange. Listed after it, we are not
// listened to.
int OfferTlsGroups(OSSL_CALLBACK* callback, void* argument);

// GroupListener passes groups on to libssl, and counts them.
struct GroupListener {
  OSSL_CALLBACK* callback;
  void* argument;
  int groups;
};

// PassOnEcGroup is the callback for another provider's groups; those over other keys are left out.
inline int PassOnEcGroup(const OSSL_PARAM params[], void* given) noexcept {
  const OSSL_PARAM* const param = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
  const char* algorithm = nullptr;
  if (param == nullptr || OSSL_PARAM_get_utf8_string_ptr(param, &algorithm) != 1) return 1;
  if (std::strcmp(algorithm, "EC") != 0) return 1;
  auto& listener = *static_cast<GroupListener*>(given);
  ++listener.groups;
  return listener.callback(params, listener.argument);
}

}  // namespace signet::provider
