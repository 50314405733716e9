#include "selection/candidates.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "selection/certificate_facts.h"
#include <signet/error.h>

#include <algorithm>

#include <openssl/x509v3.h>

namespace signet::inline selection {
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

namespace {

Candidate Read(const Identity& identity) {
  const Certificate& leaf = identity.leaf();
  const PrivateKey& key = *identity.key();
  Candidate row;
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
  row.hosts = DnsNames(leaf);
  auto purposes = Purposes(leaf);
  row.has_purposes = purposes.has_value();
  if (purposes) row.purposes = *std::move(purposes);
  return row;
}

}  // namespace

Candidates::Candidates(std::vector<Identity> identities) : identities_(std::move(identities)) {
  rows_.reserve(identities_.size());
  for (const Identity& identity : identities_) rows_.push_back(Read(identity));
}

}  // namespace signet::inline selection
