#include "selection/identity_index.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "selection/certificate_facts.h"
#include <signet/error.h>

#include <algorithm>
#include <limits>

#include <openssl/x509v3.h>

namespace signet {
namespace {

constexpr std::uint8_t kRsaSign = 1;
constexpr std::uint8_t kEcdsaSign = 64;  // also EdDSA (RFC 8422 section 5.5)

std::uint8_t CertificateType(KeyType type) {
  return type == KeyType::kRsa || type == KeyType::kRsaPss ? kRsaSign : kEcdsaSign;
}

SchemeBits BitsOf(const std::vector<SignatureScheme>& schemes) {
  SchemeBits bits = 0;
  for (const SignatureScheme scheme : schemes) bits |= BitOf(scheme);
  return bits;
}

// EcdsaBits are TLS 1.2's: there the hash is not bound to the curve (RFC 8422 section 5.4).
SchemeBits EcdsaBits(const PrivateKey& key) {
  SchemeBits bits = 0;
  for (const SchemeRow& row : SignatureSchemes()) {
    if (row.key == KeyType::kEc && row.tls12 && key.Supports(row.algorithm)) bits |= BitOf(row.scheme);
  }
  return bits;
}

bool KeyMatches(const Identity& identity) {
  const auto certified = identity.leaf().subject_public_key_info();
  const auto held = identity.key()->subject_public_key_info();
  if (std::ranges::equal(certified, held)) return true;
  try {
    return PublicKey::FromSpki(certified) == PublicKey::FromSpki(held);
  } catch (const Error&) {
    return false;
  }
}

std::string_view TextOf(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

SchemeBits BitOf(SignatureScheme scheme) noexcept {
  const SchemeRow* row = FindRow(scheme);
  return row != nullptr ? SchemeBits{1} << (row - SignatureSchemes().data()) : 0;
}

bool IsTls13(std::uint16_t protocol_version) noexcept {
  return protocol_version == 0x0304 || protocol_version == 0xfefc;
}

SchemeBits VersionBits(std::uint16_t protocol_version) noexcept {
  SchemeBits bits = 0;
  for (const SchemeRow& row : SignatureSchemes()) {
    if (IsTls13(protocol_version) ? row.tls13 : row.tls12) bits |= BitOf(row.scheme);
  }
  return bits;
}

IdentityIndex::IdentityIndex(std::vector<Identity> identities) : identities_(std::move(identities)) {
  rows_.reserve(identities_.size());
  for (const Identity& identity : identities_) rows_.push_back(Read(identity));
}

PathFacts IdentityIndex::ReadPath(const std::vector<Certificate>& path) {
  PathFacts facts{.issuers = {},
                  .not_before = std::numeric_limits<std::int64_t>::min(),
                  .not_after = std::numeric_limits<std::int64_t>::max()};
  for (const Certificate& certificate : path) {
    const auto [row, is_new] = numbers_.try_emplace(TextOf(certificate.issuer_der()),
                                                    static_cast<std::uint32_t>(issuer_names_.size()));
    if (is_new) issuer_names_.push_back(certificate);
    facts.issuers.push_back(row->second);
    if (&certificate == &path.front()) continue;
    facts.not_before =
        std::max<std::int64_t>(facts.not_before, certificate.not_before().time_since_epoch().count());
    facts.not_after =
        std::min<std::int64_t>(facts.not_after, certificate.not_after().time_since_epoch().count());
  }
  return facts;
}

IndexRow IdentityIndex::Read(const Identity& identity) {
  const Certificate& leaf = identity.leaf();
  const PrivateKey& key = *identity.key();
  IndexRow row;
  row.not_before = leaf.not_before().time_since_epoch().count();
  row.not_after = leaf.not_after().time_since_epoch().count();
  const SchemeBits schemes = BitsOf(key.schemes());
  const SchemeBits possible = BitsOf(PossibleSchemes(leaf));
  row.tls12 = (key.type() == KeyType::kEc ? EcdsaBits(key) : schemes & possible) & VersionBits(0x0303);
  row.tls13 = schemes & possible & VersionBits(0x0304);
  row.key_usage = X509_get_key_usage(leaf.native());
  row.hardware = key.in_hardware();
  row.key_matches = KeyMatches(identity);
  row.certificate_type = CertificateType(key.type());
  row.client_faults = UsageFaults(leaf, Purpose::kClientAuth);
  row.server_faults = UsageFaults(leaf, Purpose::kServerAuth);
  for (const auto& path : identity.chain().paths()) row.paths.push_back(ReadPath(path));
  row.hosts = DnsNames(leaf);
  auto purposes = Purposes(leaf);
  row.has_purposes = purposes.has_value();
  if (purposes) row.purposes = *std::move(purposes);
  return row;
}

}  // namespace signet
