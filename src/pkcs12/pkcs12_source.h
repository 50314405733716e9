#pragma once

#include "identity/stored_objects.h"
#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/secret.h>
#include <signet/settings.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace signet::inline pkcs12 {

// ListPkcs12 reads the file that a pkcs12: URI names and pairs its keys and certificates; what is no identity
// is a problem. Throws Error kBadUri. `prompt` may be null.
Listing ListPkcs12(std::string_view uri, const Settings& settings, PinPrompt* prompt);

// ListPkcs12Bytes is the same for a file's content, whose identities have no URI. Throws Error kMalformed for
// no bytes.
Listing ListPkcs12Bytes(std::span<const std::uint8_t> file, std::optional<Secret> password,
                        const Settings& settings);

// LoadPkcs12 gives the objects of the file unpaired.
StoredObjects LoadPkcs12(std::string_view uri, Wanted wanted, const Settings& settings, PinPrompt* prompt);

}  // namespace signet::inline pkcs12
