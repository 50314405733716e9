#pragma once

#include <openssl/core.h>

namespace signet::provider {

// OfferTlsGroups tells libssl of the groups over EC keys that software has. With OpenSSL 3.0 libssl takes a
// group only from the provider that it would fetch the key type from, so that without this a provider with EC
// keys, listed before `default`, leaves no NIST curve for the key exchange. Listed after it, we are not
// listened to.
int OfferTlsGroups(OSSL_CALLBACK* callback, void* argument);

}  // namespace signet::provider
