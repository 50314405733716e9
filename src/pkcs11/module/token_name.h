#pragma once

#include "pkcs11/module/cryptoki.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace signet::inline pkcs11 {

// TextOf gives a blank-padded text of PKCS#11 without its padding.
template <std::size_t N>
std::string TextOf(const unsigned char (&text)[N]) {
  return {reinterpret_cast<const char*>(text), p11_kit_space_strlen(text, N)};
}

// SameToken tells whether both are of one token: label, serial number, model and manufacturer are the same.
inline bool SameToken(const CK_TOKEN_INFO& a, const CK_TOKEN_INFO& b) noexcept {
  return std::ranges::equal(a.label, b.label) && std::ranges::equal(a.serialNumber, b.serialNumber) &&
         std::ranges::equal(a.model, b.model) && std::ranges::equal(a.manufacturerID, b.manufacturerID);
}

// TokenName identifies a token of a module in any slot.
struct TokenName {
  CK_TOKEN_INFO info{};            // as when the token was first seen
  std::optional<CK_SLOT_ID> slot;  // set where another slot of the module shows the same four texts

  std::string label() const { return TextOf(info.label); }
  bool Fits(CK_SLOT_ID at, const CK_TOKEN_INFO& seen) const noexcept {
    return (!slot || *slot == at) && SameToken(info, seen);
  }
  // key tells this token from all others, for the ledger of refused PINs.
  std::string key() const {
    return fmt::format("{}\n{}\n{}\n{}\n{}", TextOf(info.label), TextOf(info.manufacturerID),
                       TextOf(info.model), TextOf(info.serialNumber), slot ? fmt::format("{}", *slot) : "");
  }
};

}  // namespace signet::inline pkcs11
