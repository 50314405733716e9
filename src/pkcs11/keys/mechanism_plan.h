#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/private_key.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

// Encoding is what we do to the input before the token sees it.
enum class Encoding { kNone, kDigestInfo, kPkcs1Padding, kPssPadding };

// InputForm is the input of a signature: the digest (or its replacement), or the complete message.
enum class InputForm { kDigest, kMessage };

// MechanismRow is one way to make a signature on a token.
struct MechanismRow {
  enum class Parameters { kNone, kPss, kEdDsa };
  SigningAlgorithm::Kind kind;
  CK_MECHANISM_TYPE mechanism;
  Encoding encoding;
  Parameters parameters;
  Hash hash = Hash::kNone;  // what the token hashes the message with; kNone: it takes the digest
};

// MechanismHashRow holds PKCS#11's columns for a hash.
struct MechanismHashRow {
  Hash hash;
  CK_MECHANISM_TYPE mechanism;  // as a parameter of PSS
  CK_ULONG mgf1;                // 0: PKCS#11 has none
};

std::span<const MechanismRow> MechanismRows() noexcept;
std::span<const MechanismHashRow> MechanismHashRows() noexcept;
const MechanismHashRow* FindMechanismHash(Hash hash) noexcept;
// MechanismName gives "CKM_ECDSA", or the number of one that we do not use.
std::string MechanismName(CK_MECHANISM_TYPE mechanism);

// MechanismSet is a set of rows by their index.
using MechanismSet = std::uint64_t;

// RowsIn gives the rows whose mechanism is among `mechanisms`.
MechanismSet RowsIn(std::span<const CK_MECHANISM_TYPE> mechanisms) noexcept;

// PlanFor gives the best row of `usable` for `algorithm` that takes `input`, as an index; `from` skips
// earlier rows. Nothing: the token has no way to do it.
std::optional<std::size_t> PlanFor(const SigningAlgorithm& algorithm, InputForm input, MechanismSet usable,
                                   std::size_t from = 0) noexcept;

// NamesOf lists the mechanisms of `rows` that sign for `kind`: "CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS".
std::string NamesOf(MechanismSet rows, SigningAlgorithm::Kind kind);

}  // namespace signet::inline pkcs11
