#include "botan/stack_schemes.h"

#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::botan {
namespace {

struct KeyNameRow {
  KeyType type;
  std::string_view name;  // what Botan calls the keys of a TLS scheme
};

constexpr KeyNameRow kKeyNames[] = {
    {.type = KeyType::kRsa, .name = "RSA"},
    {.type = KeyType::kEc, .name = "ECDSA"},
};

std::string_view KeyName(KeyType type) noexcept {
  for (const KeyNameRow& row : kKeyNames) {
    if (row.type == type) return row.name;
  }
  return {};
}

bool Contains(const std::vector<SignatureScheme>& schemes, SignatureScheme scheme) {
  return std::ranges::find(schemes, scheme) != schemes.end();
}

}  // namespace

std::vector<SignatureScheme> StackSchemes(const Botan::TLS::Policy& policy, const Strings& key_types) {
  std::vector<SignatureScheme> schemes;
  for (const auto& scheme : policy.allowed_signature_schemes()) {
    const SchemeRow* row = IsKnown(scheme) ? FindRow(static_cast<SignatureScheme>(CodeOf(scheme))) : nullptr;
    if (row == nullptr) continue;
    const std::string_view name = KeyName(row->key);
    if (name.empty()) continue;
    if (!key_types.empty() && std::ranges::find(key_types, name) == key_types.end()) continue;
    schemes.push_back(row->scheme);
  }
  return schemes;
}

std::optional<SignatureScheme> PickedScheme(const std::vector<SignatureScheme>& stack,
                                            const CertificateRequest& request,
                                            const signet::PrivateKey& key) {
  const bool bound_to_curve = request.protocol_version >= 0x0304 && key.type() == KeyType::kEc;
  const std::vector<SignatureScheme> own = bound_to_curve ? key.schemes() : std::vector<SignatureScheme>{};
  for (const SignatureScheme scheme : stack) {
    if (RowOf(scheme).key != key.type() || !Contains(request.schemes, scheme)) continue;
    if (!bound_to_curve || Contains(own, scheme)) return scheme;
  }
  return std::nullopt;
}

std::string WhyUnusable(const signet::PrivateKey& key) {
  if (!KeyName(key.type()).empty()) return {};
  return fmt::format("Botan's TLS has no signature scheme for its key, {}", Description(key));
}

std::string CheckPick(const Botan::TLS::Policy& policy, const std::vector<SignatureScheme>& stack,
                      const CertificateRequest& request, const signet::PrivateKey& key) {
  if (request.schemes.empty()) return {};  // not known: nothing to predict
  const std::optional<SignatureScheme> pick = PickedScheme(stack, request, key);
  if (!pick) return "the program's Botan policy allows no signature scheme that the peer takes for its key";
  const SchemeRow& row = RowOf(*pick);
  const bool tls13 = request.protocol_version >= 0x0304;
  if (!tls13 && !policy.allowed_signature_hash(std::string(RowOf(row.algorithm.hash).alias))) {
    return fmt::format("the program's Botan policy makes it sign with {}, whose hash it does not allow",
                       row.name);
  }
  if (tls13 && !row.tls13) {
    return fmt::format("the program's Botan policy makes it sign with {}, which TLS 1.3 does not have",
                       row.name);
  }
  const bool able = key.type() == KeyType::kEc ? key.Supports(row.algorithm) : Contains(key.schemes(), *pick);
  if (able) return {};
  return fmt::format(
      "the program's Botan policy makes it sign with {}, which the key cannot do where it lives", row.name);
}

}  // namespace signet::botan
