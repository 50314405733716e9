#pragma once

#include <signet/private_key.h>
#include <signet/signature_scheme.h>

#include <span>
#include <string_view>
#include <vector>

namespace signet::inline identity {

// SchemeRow is what the whole project knows of one signature scheme. Each layer (PKCS#11 mechanisms, Botan's
// padding names, OpenSSL's sigalgs) keeps columns of its own keyed by the scheme, and a test asserts that
// they have a row for every one here.
struct SchemeRow {
  SignatureScheme scheme;
  std::string_view name;  // IANA
  KeyType key;
  std::string_view curve;      // OpenSSL's group name where TLS 1.3 binds the scheme to one; else empty
  SigningAlgorithm algorithm;  // with the hash, and the salt as long as the hash
  bool tls12;
  bool tls13;  // in CertificateVerify, not only in certificates
};

std::span<const SchemeRow> SignatureSchemes() noexcept;
// FindRow gives the row of `scheme`, or null.
const SchemeRow* FindRow(SignatureScheme scheme) noexcept;
// RowOf gives the row of `scheme`; throws Error kBadArgument if there is none.
const SchemeRow& RowOf(SignatureScheme scheme);

// SchemesFor lists the schemes that a key of `type` can sign with in principle: on `curve` (OpenSSL's group
// name) for kEc, with a modulus of `bits` for RSA (a PSS salt must fit, RFC 8017 section 9.1.1). Best first.
std::vector<SignatureScheme> SchemesFor(KeyType type, std::string_view curve, int bits);

}  // namespace signet::inline identity
