#pragma once

#include "identity/public_key.h"
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

// LoadPublicKey loads the public key that a PEM pointer names, for a program without need for a private key:
// its file may come from an untrusted source, so there is no PIN prompt, no pin-source is read, and no login.
PublicKey LoadPublicKey(ProviderContext& provider, std::string_view uri);
// NamesPublicKey tells whether a URI says type=public.
bool NamesPublicKey(std::string_view uri);
// CheckPinSources throws Error kBadSetting if pem-pin-sources = no and `uri`, of a PEM pointer, has a
// pin-value or a pin-source that is a descriptor.
void CheckPinSources(ProviderContext& provider, std::string_view uri);

}  // namespace signet::provider
