#pragma once

#include "base/general_hint.h"

#include <array>

#include <openssl/core.h>

// The reasons of our entries in the ERR queue. signet.so has the same table as the provider, and shows it
// first.
namespace signet::provider {

// Reason numbers the entries that are no ErrorCode; an ErrorCode's reason is its value plus one.
enum Reason : unsigned {
  kReasonOutOfMemory = 100,
  kReasonPrivateKeyStays,
  kReasonKeyNotTakenIn,
  kReasonUnexpected,
};

constexpr unsigned ReasonOf(ErrorCode code) { return static_cast<unsigned>(code) + 1; }

// The names of ErrorCodes have static storage and end in a NUL, as they are literals.
constexpr auto MakeReasonStrings() noexcept {
  constexpr unsigned kErrorCodes = ReasonOf(ErrorCode::kInternal);
  std::array<OSSL_ITEM, kErrorCodes + 5> items{};
  for (unsigned i = 0; i < kErrorCodes; ++i) {
    items[i] = {i + 1, const_cast<char*>(ErrorRowOf(static_cast<ErrorCode>(i)).name.data())};
  }
  items[kErrorCodes] = {kReasonOutOfMemory, const_cast<char*>("out of memory")};
  items[kErrorCodes + 1] = {kReasonPrivateKeyStays, const_cast<char*>("the private key cannot be exported")};
  items[kErrorCodes + 2] = {
      kReasonKeyNotTakenIn,
      const_cast<char*>("this key cannot be imported: list the provider default before signet")};
  items[kErrorCodes + 3] = {kReasonUnexpected, const_cast<char*>("unexpected failure")};
  return items;  // the last item is zero and ends the table
}

// kReasonStrings is the table that libcrypto prints reasons from.
inline constexpr auto kReasonStrings = MakeReasonStrings();

}  // namespace signet::provider
