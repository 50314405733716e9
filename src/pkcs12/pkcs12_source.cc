#include "pkcs12/pkcs12_source.h"

namespace signet {
Listing ListPkcs12(std::string_view, const Settings&, PinPrompt*) { return {}; }
StoredObjects LoadPkcs12(std::string_view, Wanted, const Settings&, PinPrompt*) { return {}; }
}  // namespace signet
