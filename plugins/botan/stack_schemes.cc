#include "botan/stack_schemes.h"

#include "base/openssl_error.h"
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

std::string CurveOf(const EVP_PKEY* key) {
  char name[80] = "unknown";
  EVP_PKEY_get_group_name(key, name, sizeof name, nullptr);
  return name;
}

struct CurveRow {
  std::string_view name;  // OpenSSL's
  std::uint16_t group;    // IANA, TLS Supported Groups
};

constexpr CurveRow kCurves[] = {
    {.name = "prime256v1", .group = 23},      {.name = "secp384r1", .group = 24},
    {.name = "secp521r1", .group = 25},       {.name = "brainpoolP256r1", .group = 26},
    {.name = "brainpoolP384r1", .group = 27}, {.name = "brainpoolP512r1", .group = 28},
};

bool OffersCurve(const Botan::TLS::Policy& policy, std::string_view curve) {
  const auto* row = std::ranges::find(kCurves, curve, &CurveRow::name);
  if (row == std::end(kCurves)) return false;
  return std::ranges::any_of(policy.key_exchange_groups(),
                             [&](const auto& group) { return GroupCode(group) == row->group; });
}

// WhyKeyRefused follows Policy::check_peer_key_acceptable; a key that Botan has no minimum for is fine.
std::string WhyKeyRefused(const Botan::TLS::Policy& policy, const Certificate& certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate.native());
  if (key == nullptr) return {};
  const bool rsa = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  if (!rsa && EVP_PKEY_is_a(key, "EC") != 1) return {};
  const std::size_t least = rsa ? policy.minimum_rsa_bits() : policy.minimum_ecdsa_group_size();
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < 0 || static_cast<std::size_t>(bits) >= least) return {};
  return fmt::format(
      "the key in the certificate of {} has {} bits, but the program's Botan policy requires {}",
      certificate.subject(), bits, least);
}

std::string WhySignatureRefused(const Botan::TLS::Policy& policy, const Certificate& certificate) {
  int digest = NID_undef;
  if (X509_get_signature_info(certificate.native(), &digest, nullptr, nullptr, nullptr) != 1) return {};
  const char* name = OBJ_nid2sn(digest);  // of an algorithm without a hash of its own, "UNDEF"
  const std::optional<Hash> hash = name != nullptr ? HashFromName(name) : std::nullopt;
  if (!hash || *hash == Hash::kNone) return {};
  const std::string_view alias = RowOf(*hash).alias;
  if (policy.allowed_signature_hash(std::string(alias))) return {};
  return fmt::format(
      "the signature on the certificate of {} uses {}, which the program's Botan policy does not allow",
      certificate.subject(), alias);
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

std::optional<Reason> Refusal(const Botan::TLS::Policy& policy, const CertificateRequest& request,
                              const Certificate& certificate, bool leaf) {
  const OpenSslErrorMark mark;
  X509* native = certificate.native();
  if (std::string why = WhyKeyRefused(policy, certificate); !why.empty())
    return Reason{Reason::Code::kKeyTooWeak, std::move(why)};
  if ((X509_get_extension_flags(native) & EXFLAG_SS) == 0) {
    if (std::string why = WhySignatureRefused(policy, certificate); !why.empty())
      return Reason{Reason::Code::kSignatureTooWeak, std::move(why)};
  }
  const bool own_groups =
      leaf && request.protocol_version < 0x0304 && request.role == CertificateRequest::Role::kClient;
  const EVP_PKEY* key = X509_get0_pubkey(native);
  if (!own_groups || key == nullptr || EVP_PKEY_is_a(key, "EC") != 1) return std::nullopt;
  const std::string curve = CurveOf(key);
  if (OffersCurve(policy, curve)) return std::nullopt;
  return Reason{
      Reason::Code::kCurveNotOffered,
      fmt::format("its key is on the curve {}, which the ClientHello does not list among its groups", curve)};
}

std::string WhyUnusable(const signet::PrivateKey& key) {
  if (!KeyName(key.type()).empty()) return {};
  return fmt::format("Botan's TLS has no signature scheme for its key, {}", Description(key));
}

std::string CheckPick(const Botan::TLS::Policy& policy, const std::vector<SignatureScheme>& stack,
                      const CertificateRequest& request, const signet::PrivateKey& key) {
  if (request.schemes.empty()) return {};  // not known: nothing to predict
  const std::optional<SignatureScheme> pick = PickedScheme(stack, request, key);
  if (!pick) return "the program's Botan policy allows no signature scheme that the peer accepts for its key";
  const SchemeRow& row = RowOf(*pick);
  const bool tls13 = request.protocol_version >= 0x0304;
  if (!tls13 && !policy.allowed_signature_hash(std::string(RowOf(row.algorithm.hash).alias))) {
    return fmt::format("the program's Botan policy selects {}, but does not allow its hash", row.name);
  }
  if (tls13 && !row.tls13) {
    return fmt::format("the program's Botan policy selects {}, which TLS 1.3 does not allow", row.name);
  }
  const bool able = key.type() == KeyType::kEc ? key.Supports(row.algorithm) : Contains(key.schemes(), *pick);
  if (able) return {};
  return fmt::format("the program's Botan policy selects {}, which the key does not support", row.name);
}

}  // namespace signet::botan
