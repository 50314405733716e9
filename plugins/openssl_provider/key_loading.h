#pragma once

#include "openssl_provider/provider_context.h"
#include <signet/private_key.h>

#include <memory>
#include <string_view>

#include <openssl/core.h>

namespace signet::provider {

// CheckScheme throws Error kUnsupported for signet:, which is reserved.
void CheckScheme(std::string_view uri);

// LoadKey gives the only private key that `uri` names, unlocked; it asks `passphrase` for a PIN that nothing
// else gives. Throws Error: what kept it from being found, or kNotFound, or kAmbiguous. Further problems are
// queued.
std::shared_ptr<PrivateKey> LoadKey(ProviderContext& provider, std::string_view uri,
                                    OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument);

}  // namespace signet::provider
