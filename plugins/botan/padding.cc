#include "botan/padding.h"

#include "identity/hashes.h"
#include <signet/error.h>

#include <charconv>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace signet::botan {
namespace {

using Kind = SigningAlgorithm::Kind;

struct PaddingRow {
  std::string_view name;
  Kind kind;
};

constexpr PaddingRow kRsaPaddings[] = {
    {.name = "PSS", .kind = Kind::kRsaPss},        {.name = "PSSR", .kind = Kind::kRsaPss},
    {.name = "EMSA4", .kind = Kind::kRsaPss},      {.name = "EMSA_PSS", .kind = Kind::kRsaPss},
    {.name = "PSS_MGF1", .kind = Kind::kRsaPss},   {.name = "EMSA-PSS", .kind = Kind::kRsaPss},
    {.name = "PKCS1v15", .kind = Kind::kRsaPkcs1}, {.name = "EMSA_PKCS1", .kind = Kind::kRsaPkcs1},
    {.name = "EMSA3", .kind = Kind::kRsaPkcs1},    {.name = "EMSA-PKCS1-v1_5", .kind = Kind::kRsaPkcs1},
};

[[noreturn]] void ThrowUnsupported(std::string_view padding) {
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = fmt::format("an identity cannot sign with the padding \"{}\"", padding),
               .hint = "Use PSS, PKCS1v15 or, for an EC key, the name of a hash."});
}

// Parsed is NAME(ARGUMENT,...), with parentheses allowed inside an argument.
struct Parsed {
  std::string_view name;
  std::vector<std::string_view> arguments;
};

Parsed Parse(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || text.back() != ')') return {.name = text, .arguments = {}};
  Parsed parsed{.name = text.substr(0, open), .arguments = {}};
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= inside.size(); ++i) {
    if (i == inside.size() || (inside[i] == ',' && depth == 0)) {
      parsed.arguments.push_back(inside.substr(start, i - start));
      start = i + 1;
    } else if (inside[i] == '(') {
      ++depth;
    } else if (inside[i] == ')') {
      --depth;
    }
  }
  return parsed;
}

// HashNamed gives kNone for "Raw".
Hash HashNamed(std::string_view name, std::string_view padding) {
  if (name == "Raw") return Hash::kNone;
  const std::optional<Hash> hash = HashFromName(name);
  if (!hash) ThrowUnsupported(padding);
  return *hash;
}

// Pss reads (HASH[,MGF1[(HASH)][,SALT]]); the salt is as long as the hash where it is not given.
SigningAlgorithm Pss(const Parsed& parsed, std::string_view padding) {
  const auto& arguments = parsed.arguments;
  if (arguments.empty() || arguments.size() > 3) ThrowUnsupported(padding);
  const Hash hash = HashNamed(arguments[0], padding);
  if (hash == Hash::kNone) ThrowUnsupported(padding);
  SigningAlgorithm algorithm{.kind = Kind::kRsaPss,
                             .hash = hash,
                             .mgf1_hash = hash,
                             .salt_length = static_cast<int>(RowOf(hash).size)};
  if (arguments.size() > 1) {
    const Parsed mgf = Parse(arguments[1]);
    if (mgf.name != "MGF1" || mgf.arguments.size() > 1) ThrowUnsupported(padding);
    if (!mgf.arguments.empty()) algorithm.mgf1_hash = HashNamed(mgf.arguments[0], padding);
    if (algorithm.mgf1_hash == Hash::kNone) ThrowUnsupported(padding);
  }
  if (arguments.size() > 2) {
    const char* end = arguments[2].data() + arguments[2].size();
    const auto [stop, error] = std::from_chars(arguments[2].data(), end, algorithm.salt_length);
    if (error != std::errc() || stop != end || algorithm.salt_length < 0) ThrowUnsupported(padding);
  }
  return algorithm;
}

SigningAlgorithm Rsa(std::string_view padding) {
  const Parsed parsed = Parse(padding);
  for (const PaddingRow& row : kRsaPaddings) {
    if (row.name != parsed.name) continue;
    if (row.kind == Kind::kRsaPss) return Pss(parsed, padding);
    if (parsed.arguments.size() != 1) ThrowUnsupported(padding);
    return {.kind = row.kind, .hash = HashNamed(parsed.arguments[0], padding)};
  }
  ThrowUnsupported(padding);
}

SigningAlgorithm Ecdsa(std::string_view padding) {
  const Parsed parsed = Parse(padding);
  if (parsed.arguments.empty()) return {.kind = Kind::kEcdsa, .hash = HashNamed(padding, padding)};
  if (parsed.name != "EMSA1" || parsed.arguments.size() != 1) ThrowUnsupported(padding);
  return {.kind = Kind::kEcdsa, .hash = HashNamed(parsed.arguments[0], padding)};
}

SigningAlgorithm Pure(Kind kind, std::string_view padding) {
  // "Randomized" is Botan's word for ML-DSA as it is by default. Its "Deterministic" cannot be promised: the
  // implementation of the key decides.
  for (const std::string_view name : {"", "Pure", "Identity", "Randomized"}) {
    if (padding == name) return {.kind = kind};
  }
  ThrowUnsupported(padding);
}

}  // namespace

SigningAlgorithm AlgorithmFor(KeyType type, std::string_view padding) {
  switch (type) {
    case KeyType::kRsa:
    case KeyType::kRsaPss:
      return Rsa(padding);
    case KeyType::kEc:
      return Ecdsa(padding);
    case KeyType::kEd25519:
    case KeyType::kEd448:
      return Pure(Kind::kEdDsa, padding);
    case KeyType::kMlDsa44:
    case KeyType::kMlDsa65:
    case KeyType::kMlDsa87:
      return Pure(Kind::kMlDsa, padding);
    case KeyType::kOther:
      break;
  }
  ThrowUnsupported(padding);
}

}  // namespace signet::botan
