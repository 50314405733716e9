#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/der.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/certificate.h>
#include <signet/error.h>
#include <signet/key_tools.h>

#include <algorithm>

#include <openssl/pem.h>

namespace signet {
namespace {

[[noreturn]] void ThrowNoSignature() {
  throw Error({.code = ErrorCode::kBadArgument, .detail = "the bytes are not an ECDSA signature"});
}

// PutPadded writes a number, right-aligned, into `to`.
void PutPadded(std::span<const std::uint8_t> number, std::span<std::uint8_t> to) {
  const auto stripped = WithoutLeadingZeros(number);
  if (stripped.size() > to.size()) ThrowNoSignature();
  std::ranges::copy(stripped, to.last(stripped.size()).begin());
}

}  // namespace

std::vector<std::uint8_t> SpkiFromPem(std::string_view pem) {
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const Certificate certificate = Certificate::FromPem(pem).front();
    const auto spki = certificate.subject_public_key_info();
    return {spki.begin(), spki.end()};
  }
  const OpenSslErrorMark mark;
  const OpenSslPtr<BIO> bio(
      CheckOpenSsl(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "BIO_new_mem_buf"));
  const OpenSslPtr<EVP_PKEY> key(
      PEM_read_bio_PUBKEY_ex(bio.get(), nullptr, nullptr, nullptr, OwnContext(), nullptr));
  if (key == nullptr) {
    ThrowOpenSsl(ErrorCode::kMalformed, "PEM_read_bio_PUBKEY_ex", "the text contains no public key",
                 "Pass a PEM text with `-----BEGIN PUBLIC KEY-----` or a certificate.");
  }
  return SpkiFromNative(key.get());
}

std::vector<std::uint8_t> SpkiFromNative(EVP_PKEY* key) {
  const PublicKey made = PublicKey::FromNative(key);
  return {made.spki().begin(), made.spki().end()};
}

KeyType KeyTypeOf(std::span<const std::uint8_t> spki) { return PublicKey::FromSpki(spki).type(); }

std::vector<SignatureScheme> SchemesFor(std::span<const std::uint8_t> spki) {
  const PublicKey key = PublicKey::FromSpki(spki);
  std::vector<SignatureScheme> schemes = SchemesFor(key.type(), key.curve(), key.bits());
  for (const SchemeRow& row : SignatureSchemes()) {
    const bool listed = std::ranges::find(schemes, row.scheme) != schemes.end();
    if (row.key == KeyType::kEc && key.type() == KeyType::kEc && !listed) schemes.push_back(row.scheme);
  }
  return schemes;
}

std::size_t MaxSignatureSize(std::span<const std::uint8_t> spki) {
  return PublicKey::FromSpki(spki).max_signature_size();
}

SigningAlgorithm AlgorithmOf(SignatureScheme scheme) { return RowOf(scheme).algorithm; }

std::optional<SignatureScheme> SchemeOf(KeyType type, const SigningAlgorithm& algorithm) noexcept {
  for (const SchemeRow& row : SignatureSchemes()) {
    if (row.key == type && row.algorithm == algorithm) return row.scheme;
  }
  return std::nullopt;
}

std::size_t DigestSize(Hash hash) { return RowOf(hash).size; }

std::vector<std::uint8_t> Digest(Hash hash, std::span<const std::uint8_t> message) {
  std::vector<std::uint8_t> digest(RowOf(hash).size);
  CheckOpenSsl(
      EVP_Digest(message.data(), message.size(), digest.data(), nullptr, MessageDigest(hash), nullptr),
      "EVP_Digest");
  return digest;
}

std::vector<std::uint8_t> DigestInfo(Hash hash, std::span<const std::uint8_t> digest) {
  if (digest.size() != DigestSize(hash)) {
    throw Error(
        {.code = ErrorCode::kBadArgument, .detail = "the digest does not have the length of the hash"});
  }
  std::vector<std::uint8_t> info(RowOf(hash).digest_info.size() + digest.size());
  PutDigestInfo(hash, digest, info);
  return info;
}

std::vector<std::uint8_t> EcdsaToDer(std::span<const std::uint8_t> raw) {
  std::vector<std::uint8_t> der(raw.size() + 16);
  der.resize(EcdsaToDer(raw, der));
  if (der.empty()) ThrowNoSignature();
  return der;
}

std::vector<std::uint8_t> EcdsaFromDer(std::span<const std::uint8_t> der, std::size_t size) {
  auto numbers = DerContent(kSequence, der);
  const auto r = DerTake(kInteger, numbers);
  const auto s = DerTake(kInteger, numbers);
  if (!r || !s || !numbers.empty()) ThrowNoSignature();
  std::vector<std::uint8_t> raw(2 * size);
  PutPadded(*r, std::span(raw).first(size));
  PutPadded(*s, std::span(raw).last(size));
  return raw;
}

bool Verifies(std::span<const std::uint8_t> spki, SignatureScheme scheme,
              std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature) {
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  const PublicKey key = PublicKey::FromSpki(spki);
  if (RowOf(scheme).key != key.type()) return false;
  if (algorithm.hash == Hash::kNone) return key.Verify(algorithm, message, signature);
  return key.Verify(algorithm, Digest(algorithm.hash, message), signature);
}

}  // namespace signet
