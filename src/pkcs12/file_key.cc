#include "pkcs12/file_key.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "identity/software_key.h"
#include "pkcs12/key_algorithms.h"
#include "pkcs12/password.h"
#include "pkcs12/private_key_info.h"
#include <signet/error.h>

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace signet::inline pkcs12 {
namespace {

using Kind = SigningAlgorithm::Kind;

constexpr std::size_t kMaxKeySize = 16 << 10;  // bytes; RSA with 16384 bits has 9 KiB
// DSA and Diffie-Hellman keys are written without their public part, which reading them computes: a long one
// would take minutes. DSA with 4096 bits has 1.1 KiB.
constexpr std::size_t kMaxComputedKeySize = 1536;  // bytes

bool IsRsa(KeyType type) { return type == KeyType::kRsa || type == KeyType::kRsaPss; }

bool IsMlDsa(KeyType type) {
  return type == KeyType::kMlDsa44 || type == KeyType::kMlDsa65 || type == KeyType::kMlDsa87;
}

// KindFits tells which ways of signing a type of key has at all.
bool KindFits(Kind kind, KeyType type) {
  switch (kind) {
    case Kind::kRsaPkcs1:
    case Kind::kRsaRaw:
      return type == KeyType::kRsa;
    case Kind::kRsaPss:
      return IsRsa(type);
    case Kind::kEcdsa:
      return type == KeyType::kEc;
    case Kind::kEdDsa:
      return type == KeyType::kEd25519 || type == KeyType::kEd448;
    case Kind::kMlDsa:
      return IsMlDsa(type);
  }
  return false;
}

KeyType TypeOf(const EVP_PKEY* key) {
  for (const KeyTypeRow& row : KeyTypes()) {
    if (EVP_PKEY_is_a(key, row.openssl_name) == 1) return row.type;
  }
  return KeyType::kOther;
}

std::string GroupName(EVP_PKEY* key) {
  char name[80];
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 ? std::string(name, size)
                                                                     : std::string();
}

// SpkiOf gives nothing for a key whose public part OpenSSL cannot write.
std::vector<std::uint8_t> SpkiOf(EVP_PKEY* key) {
  const OpenSslErrorMark mark;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

bool IsComputed(const PKCS8_PRIV_KEY_INFO* info) {
  const ASN1_OBJECT* algorithm = nullptr;
  PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, info);
  const int nid = OBJ_obj2nid(algorithm);
  return nid == NID_dsa || nid == NID_dsa_2 || nid == NID_dhKeyAgreement || nid == NID_dhpublicnumber;
}

[[noreturn]] void ThrowTooLong(std::size_t size) {
  throw Error({.code = ErrorCode::kTooCostly,
               .detail = fmt::format("a private key has {} bytes, which is too long", size),
               .hint = "Check that it is the right file."});
}

std::string Name(const ASN1_OBJECT* object) {
  char name[128];
  OBJ_obj2txt(name, sizeof name, object, 0);
  return name;
}

std::string Dotted(const ASN1_OBJECT* object) {
  char oid[128];
  OBJ_obj2txt(oid, sizeof oid, object, 1);
  return oid;
}

// NamedCurve gives the curve that the algorithm of an EC key names (RFC 5480 section 2.1.1); null if it
// names none.
const ASN1_OBJECT* NamedCurve(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int kind = V_ASN1_UNDEF;
  const void* parameters = nullptr;
  X509_ALGOR_get0(&object, &kind, &parameters, algorithm);
  return OBJ_obj2nid(object) == NID_X9_62_id_ecPublicKey && kind == V_ASN1_OBJECT
             ? static_cast<const ASN1_OBJECT*>(parameters)
             : nullptr;
}

bool HasCurve(const ASN1_OBJECT* curve) {
  const int nid = OBJ_obj2nid(curve);
  return nid != NID_undef &&
         OpenSslPtr<EC_GROUP>(EC_GROUP_new_by_curve_name_ex(OwnContext(), nullptr, nid)) != nullptr;
}

// ThrowUnreadable tells what keeps OpenSSL from reading the key: its algorithm, its curve, or damage.
[[noreturn]] void ThrowUnreadable(const PKCS8_PRIV_KEY_INFO* info) {
  const ASN1_OBJECT* object = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  PKCS8_pkey_get0(&object, nullptr, nullptr, &algorithm, info);
  const std::string oid = Dotted(object);
  if (OpenSslPtr<EVP_KEYMGMT>(EVP_KEYMGMT_fetch(OwnContext(), oid.c_str(), nullptr)) == nullptr) {
    if (const std::string_view name = NeverSigns(oid); !name.empty()) {
      ThrowOpenSsl(ErrorCode::kNoSigningKey, "EVP_PKCS82PKEY_ex",
                   fmt::format("the file's key is for {} ({}), which cannot sign", name, oid),
                   "Use a key that can sign: RSA, EC, Ed25519 or Ed448.");
    }
    ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_PKCS82PKEY_ex",
                 fmt::format("the key's algorithm, {}, is unknown to this OpenSSL", Name(object)),
                 "Use an RSA, EC, Ed25519 or Ed448 key.");
  }
  const ASN1_OBJECT* curve = NamedCurve(algorithm);
  if (curve != nullptr && !HasCurve(curve)) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_PKCS82PKEY_ex",
                 fmt::format("the key's elliptic curve, {}, is unknown to this OpenSSL", Dotted(curve)),
                 "Use a key on P-256, P-384 or P-521.");
  }
  ThrowOpenSsl(ErrorCode::kMalformed, "EVP_PKCS82PKEY_ex", fmt::format("the {} key is damaged", Name(object)),
               "Export the file again.");
}

OpenSslPtr<EVP_PKEY> ReadKey(const PKCS8_PRIV_KEY_INFO* info) {
  OpenSslPtr<EVP_PKEY> key(EVP_PKCS82PKEY_ex(info, OwnContext(), nullptr));
  if (key == nullptr) ThrowUnreadable(info);
  return key;
}

}  // namespace

FileKey::FileKey(OpenSslPtr<EVP_PKEY> key) : key_(std::move(key)), type_(TypeOf(key_.get())) {
  const std::string curve = type_ == KeyType::kEc ? GroupName(key_.get()) : std::string();
  schemes_ = SchemesFor(type_, curve, EVP_PKEY_get_bits(key_.get()));
  // A PSS key may be restricted to some hash and salt; OpenSSL knows.
  if (type_ == KeyType::kRsaPss) {
    std::erase_if(schemes_, [this](SignatureScheme scheme) { return !Supports(RowOf(scheme).algorithm); });
  }
}

std::shared_ptr<FileKey> FileKey::FromPkcs8(Bytes der) {
  const OpenSslErrorMark mark;
  if (der.size() > kMaxKeySize) ThrowTooLong(der.size());
  if (const std::optional<Secret> older = WithoutPublicKey(der)) return FromPkcs8(AsBytes(*older));
  const unsigned char* position = der.data();
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(der.size())));
  if (info == nullptr) {
    ThrowOpenSsl(ErrorCode::kMalformed, "d2i_PKCS8_PRIV_KEY_INFO", "the private key is not readable",
                 "Export the file again.");
  }
  if (IsComputed(info.get()) && der.size() > kMaxComputedKeySize) ThrowTooLong(der.size());
  return std::shared_ptr<FileKey>(new FileKey(ReadKey(info.get())));
}

std::shared_ptr<FileKey> FileKey::AsRsaPss(Bytes spki) const {
  const OpenSslErrorMark mark;
  const unsigned char* position = spki.data();
  const OpenSslPtr<X509_PUBKEY> certified(
      d2i_X509_PUBKEY(nullptr, &position, static_cast<long>(spki.size())));
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(EVP_PKEY2PKCS8(key_.get()));
  CheckOpenSsl(certified.get(), "d2i_X509_PUBKEY");
  CheckOpenSsl(info.get(), "EVP_PKEY2PKCS8");
  X509_ALGOR* wanted = nullptr;
  X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &wanted, certified.get());
  const X509_ALGOR* present = nullptr;
  PKCS8_pkey_get0(nullptr, nullptr, nullptr, &present, info.get());
  // OpenSSL offers no setter that keeps the key; the object is ours alone.
  CheckOpenSsl(X509_ALGOR_copy(const_cast<X509_ALGOR*>(present), wanted), "X509_ALGOR_copy");
  return std::shared_ptr<FileKey>(new FileKey(ReadKey(info.get())));
}

std::span<const std::uint8_t> FileKey::subject_public_key_info() const noexcept {
  std::call_once(spki_once_, [this] { spki_ = SpkiOf(key_.get()); });
  return spki_;
}

void FileKey::UsePublicKeyInfo(Bytes spki) {
  std::call_once(spki_once_, [&] { spki_.assign(spki.begin(), spki.end()); });
}

bool FileKey::IsPairOf(const EVP_PKEY* other) const noexcept {
  const OpenSslErrorMark mark;
  return other != nullptr && EVP_PKEY_eq(key_.get(), other) == 1;
}

std::size_t FileKey::max_signature_size() const noexcept {
  const int size = EVP_PKEY_get_size(key_.get());
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

bool FileKey::can_sign() const {
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key_.get(), nullptr));
  if (context != nullptr && EVP_PKEY_sign_init(context.get()) == 1) return true;
  const OpenSslPtr<EVP_MD_CTX> digest(EVP_MD_CTX_new());
  return EVP_DigestSignInit_ex(digest.get(), nullptr, nullptr, OwnContext(), nullptr, key_.get(), nullptr) ==
         1;
}

bool FileKey::Supports(const SigningAlgorithm& algorithm) const {
  if (!KindFits(algorithm.kind, type_)) return false;
  if (!IsRsa(type_)) return true;
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key_.get(), nullptr));
  if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1) return false;
  try {
    ConfigurePkeyContext(context.get(), algorithm);
  } catch (const Error&) {
    return false;
  }
  const auto hash = algorithm.hash == Hash::kNone ? 0 : static_cast<int>(RowOf(algorithm.hash).size);
  return algorithm.kind != Kind::kRsaPss ||
         (EVP_PKEY_get_bits(key_.get()) - 1 + 7) / 8 >= hash + algorithm.salt_length + 2;
}

void FileKey::CheckInput(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input) const {
  if (!KindFits(algorithm.kind, type_)) {
    throw Error({.code = ErrorCode::kBadArgument, .detail = "the key does not support this signature"});
  }
  std::size_t wanted = input.size();
  if (algorithm.kind == Kind::kRsaRaw) wanted = max_signature_size();
  const bool padded = algorithm.kind == Kind::kRsaPkcs1 || algorithm.kind == Kind::kRsaPss;
  if (padded && algorithm.hash != Hash::kNone) wanted = RowOf(algorithm.hash).size;
  if (input.size() != wanted) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = fmt::format("the input has {} bytes instead of {}", input.size(), wanted)});
  }
}

std::size_t FileKey::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                          std::span<std::uint8_t> signature) {
  CheckInput(algorithm, input);
  if (signature.size() < max_signature_size()) {
    throw Error({.code = ErrorCode::kBadArgument, .detail = "the buffer for the signature is too small"});
  }
  return SignInSoftware(key_.get(), algorithm, input, signature);
}

std::optional<Secret> FileKey::ExportPkcs8() const {
  const OpenSslErrorMark mark;
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(CheckOpenSsl(EVP_PKEY2PKCS8(key_.get()), "EVP_PKEY2PKCS8"));
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  CheckOpenSsl(size, "i2d_PKCS8_PRIV_KEY_INFO");
  Secret der = Secret::OfSize(static_cast<std::size_t>(size));
  unsigned char* position = der.writable_bytes().data();
  CheckOpenSsl(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &position), "i2d_PKCS8_PRIV_KEY_INFO");
  return der;
}

}  // namespace signet::inline pkcs12
