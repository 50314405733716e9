#include "selection/identity_index.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "selection/certificate_facts.h"
#include "selection/name_normal_form.h"
#include <signet/error.h>

#include <algorithm>
#include <charconv>

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

std::uint32_t Interner::Add(std::string text) {
  return numbers_.try_emplace(std::move(text), static_cast<std::uint32_t>(numbers_.size())).first->second;
}

std::uint32_t Interner::Find(const std::string& text) const {
  const auto found = numbers_.find(text);
  return found != numbers_.end() ? found->second : kUnknown;
}

IdentityIndex::IdentityIndex(std::vector<Identity> identities) : identities_(std::move(identities)) {
  rows_.reserve(identities_.size());
  for (const Identity& identity : identities_) rows_.push_back(Read(identity));
}

std::uint32_t IdentityIndex::AddName(std::span<const std::uint8_t> der) {
  const auto known = names_by_bytes_.find(TextOf(der));
  if (known != names_by_bytes_.end()) return known->second;
  // A name that is none is equal to its own bytes only; no normal form begins with 0xff.
  auto form = NameNormalForm(der);
  const std::uint32_t number = names_.Add(form ? *std::move(form) : '\xff' + std::string(TextOf(der)));
  names_by_bytes_.emplace(TextOf(der), number);
  return number;
}

std::uint32_t IdentityIndex::NameNumber(std::span<const std::uint8_t> der) const {
  const auto known = names_by_bytes_.find(TextOf(der));
  if (known != names_by_bytes_.end()) return known->second;
  const auto form = NameNormalForm(der);
  return form ? names_.Find(*form) : Interner::kUnknown;
}

IndexRow IdentityIndex::Read(const Identity& identity) {
  const Certificate& leaf = identity.leaf();
  const PrivateKey& key = *identity.key();
  IndexRow row;
  row.not_before = leaf.not_before().time_since_epoch().count();
  row.not_after = leaf.not_after().time_since_epoch().count();
  std::from_chars(leaf.sha256().data(), leaf.sha256().data() + 16, row.fingerprint, 16);
  const SchemeBits schemes = BitsOf(key.schemes());
  const SchemeBits possible = BitsOf(PossibleSchemes(leaf));
  row.tls12 = (key.type() == KeyType::kEc ? EcdsaBits(key) : schemes & possible) & VersionBits(0x0303);
  row.tls13 = schemes & possible & VersionBits(0x0304);
  row.key_usage = X509_get_key_usage(leaf.native());
  row.hardware = key.in_hardware();
  row.key_matches = KeyMatches(identity);
  row.certificate_type = CertificateType(key.type());

  row.issuers.begin = static_cast<std::uint32_t>(issuer_numbers_.size());
  for (const Certificate& certificate : identity.chain().certificates()) {
    issuer_numbers_.push_back(AddName(certificate.issuer_der()));
    ++row.issuers.size;
  }
  row.hosts.begin = static_cast<std::uint32_t>(host_numbers_.size());
  for (std::string& host : DnsNames(leaf)) {
    host_numbers_.push_back(host_names_.Add(std::move(host)));
    ++row.hosts.size;
  }
  const auto purposes = Purposes(leaf);
  row.has_purposes = purposes.has_value();
  row.purposes.begin = static_cast<std::uint32_t>(purpose_numbers_.size());
  for (const std::string& oid : purposes.value_or(std::vector<std::string>{})) {
    purpose_numbers_.push_back(purpose_oids_.Add(oid));
    ++row.purposes.size;
  }
  return row;
}

}  // namespace signet
