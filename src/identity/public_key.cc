#include "identity/public_key.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "identity/plain_spki.h"
#include <signet/error.h>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

namespace signet::inline identity {
namespace {

constexpr KeyTypeRow kKeyTypes[] = {
    {.type = KeyType::kRsa, .openssl_name = "RSA", .shown = "RSA"},
    {.type = KeyType::kRsaPss, .openssl_name = "RSA-PSS", .shown = "RSA-PSS"},
    {.type = KeyType::kEc, .openssl_name = "EC", .shown = "EC"},
    {.type = KeyType::kEd25519, .openssl_name = "ED25519", .shown = "Ed25519"},
    {.type = KeyType::kEd448, .openssl_name = "ED448", .shown = "Ed448"},
    {.type = KeyType::kMlDsa44, .openssl_name = "ML-DSA-44", .shown = "ML-DSA-44"},
    {.type = KeyType::kMlDsa65, .openssl_name = "ML-DSA-65", .shown = "ML-DSA-65"},
    {.type = KeyType::kMlDsa87, .openssl_name = "ML-DSA-87", .shown = "ML-DSA-87"},
};

std::vector<std::uint8_t> SpkiOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) ThrowOpenSsl(ErrorCode::kUnsupported, "i2d_PUBKEY", "the public key cannot be encoded");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

std::string GroupName(EVP_PKEY* key) {
  char name[80];
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1) return {};
  return {name, size};
}

// FieldDegree gives the bits of an element of the field; for a field of characteristic two p is its
// polynomial.
int FieldDegree(EVP_PKEY* key) {
  BIGNUM* made = nullptr;
  CheckOpenSsl(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_P, &made), "EVP_PKEY_get_bn_param");
  const OpenSslPtr<BIGNUM> p(made);
  char field[40] = {};
  CheckOpenSsl(
      EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_FIELD_TYPE, field, sizeof field, nullptr),
      "EVP_PKEY_get_utf8_string_param");
  return BN_num_bits(p.get()) - (std::string_view(field) == SN_X9_62_characteristic_two_field ? 1 : 0);
}

// SetRsaPadding throws when the key's own restrictions (RSA-PSS) forbid it, as OpenSSL does.
void SetPss(EVP_PKEY_CTX* context, const SigningAlgorithm& algorithm) {
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
  CheckOpenSsl(EVP_PKEY_CTX_set_signature_md(context, MessageDigest(algorithm.hash)),
               "EVP_PKEY_CTX_set_signature_md");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_mgf1_md(context, MessageDigest(algorithm.mgf1_hash)),
               "EVP_PKEY_CTX_set_rsa_mgf1_md");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, algorithm.salt_length),
               "EVP_PKEY_CTX_set_rsa_pss_saltlen");
}

}  // namespace

std::span<const KeyTypeRow> KeyTypes() noexcept { return kKeyTypes; }

PublicKey::PublicKey(OpenSslPtr<EVP_PKEY> key, std::vector<std::uint8_t> spki)
    : key_(std::move(key)), spki_(std::move(spki)) {
  for (const KeyTypeRow& row : kKeyTypes) {
    if (EVP_PKEY_is_a(key_.get(), row.openssl_name) == 1) type_ = row.type;
  }
  const char* name = EVP_PKEY_get0_type_name(key_.get());
  algorithm_ = name != nullptr ? name : "unknown";
  bits_ = EVP_PKEY_get_bits(key_.get());
  if (type_ == KeyType::kEc) curve_ = GroupName(key_.get());
}

std::size_t PublicKey::field_size() const {
  return type_ == KeyType::kEc ? (static_cast<std::size_t>(FieldDegree(key_.get())) + 7) / 8 : 0;
}

PublicKey PublicKey::FromSpki(std::span<const std::uint8_t> der) {
  if (OpenSslPtr<EVP_PKEY> plain = ReadPlainSpki(der))
    return PublicKey(std::move(plain), {der.begin(), der.end()});
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  OpenSslPtr<EVP_PKEY> key(
      d2i_PUBKEY_ex(nullptr, &position, static_cast<long>(der.size()), OwnContext(), nullptr));
  if (key == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "d2i_PUBKEY_ex",
                 "the public key is malformed or its type is not supported");
  }
  std::vector<std::uint8_t> spki = SpkiOf(key.get());
  return PublicKey(std::move(key), std::move(spki));
}

PublicKey PublicKey::OfShape(const KeyShape& shape) {
  PublicKey key(NativeOf(shape), PartialSpki(shape));
  key.known_ = false;
  return key;
}

PublicKey PublicKey::FromPartialSpki(std::span<const std::uint8_t> der) {
  const auto shape = ReadPartialSpki(der);
  return shape ? OfShape(*shape) : FromSpki(der);
}

PublicKey PublicKey::FromNative(EVP_PKEY* key) { return FromSpki(SpkiOf(key)); }

std::size_t PublicKey::max_signature_size() const noexcept {
  const int size = EVP_PKEY_get_size(key_.get());
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

bool PublicKey::Verify(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                       std::span<const std::uint8_t> signature) const {
  if (!known_) return false;
  const OpenSslErrorMark mark;
  if (algorithm.kind == SigningAlgorithm::Kind::kEdDsa || algorithm.kind == SigningAlgorithm::Kind::kMlDsa) {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, OwnContext(), nullptr, key_.get(),
                                nullptr) != 1) {
      return false;
    }
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(), input.size()) ==
           1;
  }
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key_.get(), nullptr));
  if (context == nullptr || EVP_PKEY_verify_init(context.get()) != 1) return false;
  ConfigurePkeyContext(context.get(), algorithm);
  return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), input.data(), input.size()) == 1;
}

bool operator==(const PublicKey& a, const PublicKey& b) noexcept {
  return a.known_ && b.known_ && EVP_PKEY_eq(a.key_.get(), b.key_.get()) == 1;
}

PublicKey RsaPssOf(const PublicKey& rsa) {
  const unsigned char* position = rsa.spki().data();
  const OpenSslPtr<X509_PUBKEY> info(CheckOpenSsl(
      d2i_X509_PUBKEY(nullptr, &position, static_cast<long>(rsa.spki().size())), "d2i_X509_PUBKEY"));
  const unsigned char* key = nullptr;
  int size = 0;
  CheckOpenSsl(X509_PUBKEY_get0_param(nullptr, &key, &size, nullptr, info.get()), "X509_PUBKEY_get0_param");
  OpenSslPtr<unsigned char> copy(static_cast<unsigned char*>(
      CheckOpenSsl(OPENSSL_memdup(key, static_cast<std::size_t>(size)), "OPENSSL_memdup")));
  CheckOpenSsl(
      X509_PUBKEY_set0_param(info.get(), OBJ_nid2obj(NID_rsassaPss), V_ASN1_UNDEF, nullptr, copy.get(), size),
      "X509_PUBKEY_set0_param");
  static_cast<void>(copy.release());  // owned by `info` now
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(info.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  CheckOpenSsl(length > 0, "i2d_X509_PUBKEY");
  return PublicKey::FromSpki({der, static_cast<std::size_t>(length)});
}

void ConfigurePkeyContext(EVP_PKEY_CTX* context, const SigningAlgorithm& algorithm) {
  switch (algorithm.kind) {
    case SigningAlgorithm::Kind::kRsaPkcs1:
      CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
      if (algorithm.hash != Hash::kNone) {
        CheckOpenSsl(EVP_PKEY_CTX_set_signature_md(context, MessageDigest(algorithm.hash)),
                     "EVP_PKEY_CTX_set_signature_md");
      }
      return;
    case SigningAlgorithm::Kind::kRsaPss:
      SetPss(context, algorithm);
      return;
    case SigningAlgorithm::Kind::kRsaRaw:
      CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
      return;
    case SigningAlgorithm::Kind::kEcdsa:
    case SigningAlgorithm::Kind::kEdDsa:
    case SigningAlgorithm::Kind::kMlDsa:
      return;
  }
}

std::string Description(const PublicKey& key) {
  for (const KeyTypeRow& row : kKeyTypes) {
    if (row.type != key.type()) continue;
    if (key.type() == KeyType::kRsa || key.type() == KeyType::kRsaPss) {
      return fmt::format("{} {} bit", row.shown, key.bits());
    }
    if (key.type() != KeyType::kEc) return row.shown;
    const char* nist = EC_curve_nid2nist(OBJ_sn2nid(key.curve().c_str()));
    return fmt::format("EC {}", nist != nullptr ? nist : key.curve().c_str());
  }
  return fmt::format("{} {} bit", key.algorithm(), key.bits());
}

}  // namespace signet::inline identity
