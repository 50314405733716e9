#pragma once

#include "identity/stored_objects.h"
#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <string_view>

namespace signet {

// ListPkcs12 reads the file that a pkcs12: URI names and pairs its keys and certificates; what is no identity
// is a problem. Throws Error kBadUri. `prompt` may be null.
Listing ListPkcs12(std::string_view uri, const Settings& settings, PinPrompt* prompt);

// LoadPkcs12 gives the objects of the file unpaired.
StoredObjects LoadPkcs12(std::string_view uri, Wanted wanted, const Settings& settings, PinPrompt* prompt);

}  // namespace signet
