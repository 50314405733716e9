#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace signet {

// NameNormalForm writes a DER Name so that two names are equal by RFC 5280 section 7.1 exactly when their
// forms are: strings of every type in UTF-8, case folded (Latin, Greek, Cyrillic), inner white space as one
// space, none around; attributes of one RDN in a fixed order. Nothing for bytes that are no Name.
std::optional<std::string> NameNormalForm(std::span<const std::uint8_t> der);

}  // namespace signet
