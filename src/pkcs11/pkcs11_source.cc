#include "pkcs11/pkcs11_source.h"

namespace signet {
class Pkcs11Source::State {};
Pkcs11Source::Pkcs11Source(Settings) {}
Pkcs11Source::~Pkcs11Source() = default;
Listing Pkcs11Source::List(std::string_view, const std::shared_ptr<PinPrompt>&) { return {}; }
StoredObjects Pkcs11Source::Load(std::string_view, Wanted, const std::shared_ptr<PinPrompt>&) { return {}; }
}  // namespace signet
