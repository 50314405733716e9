#include "identity/signature_schemes.h"

namespace signet {

std::string_view Name(SignatureScheme scheme) noexcept {
  const SchemeRow* row = FindRow(scheme);
  return row != nullptr ? row->name : "unknown";
}

std::optional<SignatureScheme> SchemeFromName(std::string_view name) noexcept {
  for (const SchemeRow& row : SignatureSchemes()) {
    if (row.name == name) return row.scheme;
  }
  return std::nullopt;
}

}  // namespace signet
