#include "pkcs11/admin/token_admin.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/key_attributes.h"
#include <signet/error.h>

#include <array>
#include <cstring>

#include <fmt/format.h>
#include <openssl/core_names.h>

namespace signet {
namespace {

CK_MECHANISM_TYPE GenerationMechanism(KeyType type) {
  switch (type) {
    case KeyType::kEc:
      return CKM_EC_KEY_PAIR_GEN;
    case KeyType::kEd25519:
    case KeyType::kEd448:
      return CKM_EC_EDWARDS_KEY_PAIR_GEN;
    default:
      return CKM_RSA_PKCS_KEY_PAIR_GEN;
  }
}

void AddPrivatePolicy(const ObjectName& name, const KeyPolicy& policy, Template& to) {
  to.Flag(CKA_TOKEN, true);
  to.Flag(CKA_PRIVATE, true);
  to.Flag(CKA_SENSITIVE, true);
  to.Flag(CKA_EXTRACTABLE, policy.extractable);
  to.Flag(CKA_SIGN, policy.signs);
  if (policy.always_authenticate) to.Flag(CKA_ALWAYS_AUTHENTICATE, true);
  to.Name(name);
}

void AddPublicPolicy(const ObjectName& name, bool stays, Template& to) {
  to.Flag(CKA_TOKEN, stays);
  to.Flag(CKA_PRIVATE, false);
  to.Flag(CKA_VERIFY, true);
  to.Name(name);
}

// AddFurtherUses adds what TLS needs beside signing: RSA keys decrypt, EC keys derive.
void AddFurtherUses(KeyType type, Template& private_key, Template& public_key) {
  if (type == KeyType::kRsa || type == KeyType::kRsaPss) {
    private_key.Flag(CKA_DECRYPT, true);
    public_key.Flag(CKA_ENCRYPT, true);
  } else if (type == KeyType::kEc) {
    private_key.Flag(CKA_DERIVE, true);
    public_key.Flag(CKA_DERIVE, true);
  }
}

OpenSslPtr<EVP_PKEY> FromParameters(const char* type, OSSL_PARAM_BLD* parts) {
  const OpenSslPtr<OSSL_PARAM> parameters(
      CheckOpenSsl(OSSL_PARAM_BLD_to_param(parts), "OSSL_PARAM_BLD_to_param"));
  const OpenSslPtr<EVP_PKEY_CTX> context(
      CheckOpenSsl(EVP_PKEY_CTX_new_from_name(OwnContext(), type, nullptr), "EVP_PKEY_CTX_new_from_name"));
  EVP_PKEY* key = nullptr;
  CheckOpenSsl(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
  CheckOpenSsl(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()),
               "EVP_PKEY_fromdata");
  return OpenSslPtr<EVP_PKEY>(key);
}

OpenSslPtr<EVP_PKEY> RsaPublicKey(std::span<const std::uint8_t> modulus,
                                  std::span<const std::uint8_t> exponent) {
  const OpenSslPtr<BIGNUM> n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const OpenSslPtr<BIGNUM> e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const OpenSslPtr<OSSL_PARAM_BLD> parts(CheckOpenSsl(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
  CheckOpenSsl(OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, n.get()), "OSSL_PARAM_BLD_push_BN");
  CheckOpenSsl(OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, e.get()), "OSSL_PARAM_BLD_push_BN");
  return FromParameters("RSA", parts.get());
}

OpenSslPtr<EVP_PKEY> EcPublicKey(const std::string& curve, std::span<const std::uint8_t> point) {
  const OpenSslPtr<OSSL_PARAM_BLD> parts(CheckOpenSsl(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
  CheckOpenSsl(OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0),
               "OSSL_PARAM_BLD_push_utf8_string");
  CheckOpenSsl(
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      "OSSL_PARAM_BLD_push_octet_string");
  return FromParameters("EC", parts.get());
}

// PointOf unwraps CKA_EC_POINT; some tokens give the point without the OCTET STRING.
std::vector<std::uint8_t> PointOf(const std::vector<std::uint8_t>& attribute) {
  const OpenSslErrorMark mark;
  const unsigned char* position = attribute.data();
  const OpenSslPtr<ASN1_OCTET_STRING> string(
      d2i_ASN1_OCTET_STRING(nullptr, &position, static_cast<long>(attribute.size())));
  if (string == nullptr || position != attribute.data() + attribute.size()) return attribute;
  const unsigned char* data = ASN1_STRING_get0_data(string.get());
  return {data, data + ASN1_STRING_length(string.get())};
}

// SerialNumber is CKA_SERIAL_NUMBER: the DER INTEGER.
std::vector<std::uint8_t> SerialNumber(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate.native()), &der);
  CheckOpenSsl(size, "i2d_ASN1_INTEGER");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

}  // namespace

TokenAdmin::TokenAdmin(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot) : functions_(functions) {
  CheckAdmin(
      functions_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_),
      "C_OpenSession");
}

TokenAdmin::~TokenAdmin() { functions_->C_CloseSession(session_); }

void TokenAdmin::Login(const std::optional<Secret>& pin) {
  CK_UTF8CHAR* bytes = pin ? reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data()))
                           : nullptr;  // C_Login does not write
  const CK_RV result = functions_->C_Login(session_, CKU_USER, bytes, pin ? pin->size() : 0);
  if (result != CKR_USER_ALREADY_LOGGED_IN) CheckAdmin(result, "C_Login");
}

PublicKey TokenAdmin::Generate(const KeySpec& spec, const ObjectName& name, const KeyPolicy& policy) {
  Template public_key;
  Template private_key;
  AddPublicPolicy(name, policy.public_object, public_key);
  AddPrivatePolicy(name, policy, private_key);
  AddFurtherUses(spec.type, private_key, public_key);
  if (spec.type == KeyType::kRsa) {
    public_key.Number(CKA_MODULUS_BITS, spec.bits);
    public_key.Bytes(CKA_PUBLIC_EXPONENT, std::array<std::uint8_t, 3>{1, 0, 1});
  } else {
    public_key.Bytes(CKA_EC_PARAMS, EcParams(spec));
  }
  CK_MECHANISM mechanism{GenerationMechanism(spec.type), nullptr, 0};
  CK_OBJECT_HANDLE public_handle = 0;
  CK_OBJECT_HANDLE private_handle = 0;
  const auto public_template = public_key.attributes();
  const auto private_template = private_key.attributes();
  CheckAdmin(functions_->C_GenerateKeyPair(session_, &mechanism, public_template.data(),
                                           public_template.size(), private_template.data(),
                                           private_template.size(), &public_handle, &private_handle),
             "C_GenerateKeyPair");
  try {
    return ReadPublicKey(spec, public_handle);
  } catch (...) {
    Destroy(private_handle);
    Destroy(public_handle);
    throw;
  }
}

PublicKey TokenAdmin::ReadPublicKey(const KeySpec& spec, CK_OBJECT_HANDLE object) {
  if (spec.type == KeyType::kRsa) {
    const auto key = RsaPublicKey(Attribute(object, CKA_MODULUS), Attribute(object, CKA_PUBLIC_EXPONENT));
    return PublicKey::FromNative(key.get());
  }
  const std::vector<std::uint8_t> point = PointOf(Attribute(object, CKA_EC_POINT));
  if (spec.type == KeyType::kEc) return PublicKey::FromNative(EcPublicKey(spec.curve, point).get());
  const char* name = spec.type == KeyType::kEd25519 ? "ED25519" : "ED448";
  const OpenSslPtr<EVP_PKEY> key(
      CheckOpenSsl(EVP_PKEY_new_raw_public_key_ex(OwnContext(), name, nullptr, point.data(), point.size()),
                   "EVP_PKEY_new_raw_public_key_ex"));
  return PublicKey::FromNative(key.get());
}

void TokenAdmin::ImportKey(EVP_PKEY* key, const ObjectName& name, const KeyPolicy& policy) {
  Template public_key;
  Template private_key;
  public_key.Number(CKA_CLASS, CKO_PUBLIC_KEY);
  private_key.Number(CKA_CLASS, CKO_PRIVATE_KEY);
  AddPublicPolicy(name, true, public_key);
  AddPrivatePolicy(name, policy, private_key);
  AddFurtherUses(PublicKey::FromNative(key).type(), private_key, public_key);
  AddPublicParts(key, public_key);
  AddPrivateParts(key, private_key);
  const CK_OBJECT_HANDLE made = Create(private_key.attributes());
  if (!policy.public_object) return;
  try {
    Create(public_key.attributes());
  } catch (...) {
    Destroy(made);
    throw;
  }
}

void TokenAdmin::ImportCertificate(const Certificate& certificate, const ObjectName& name) {
  Template parts;
  parts.Number(CKA_CLASS, CKO_CERTIFICATE);
  parts.Number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  parts.Flag(CKA_TOKEN, true);
  parts.Flag(CKA_PRIVATE, false);
  parts.Name(name);
  parts.Bytes(CKA_SUBJECT, certificate.subject_der());
  parts.Bytes(CKA_ISSUER, certificate.issuer_der());
  parts.Bytes(CKA_SERIAL_NUMBER, SerialNumber(certificate));
  parts.Bytes(CKA_VALUE, certificate.der());
  Create(parts.attributes());
}

std::vector<CK_OBJECT_HANDLE> TokenAdmin::Find(const ObjectName& name,
                                               std::optional<CK_OBJECT_CLASS> object_class) {
  if (name.id.empty() && name.label.empty()) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "an object needs an ID or a label to be found by",
                 .mend = "Give its ID or its label."});
  }
  Template wanted;
  wanted.Flag(CKA_TOKEN, true);
  wanted.Name(name);
  if (object_class) wanted.Number(CKA_CLASS, *object_class);
  return Matching(wanted.attributes());
}

std::vector<CK_OBJECT_HANDLE> TokenAdmin::Matching(std::span<CK_ATTRIBUTE> attributes) {
  CheckAdmin(functions_->C_FindObjectsInit(session_, attributes.data(), attributes.size()),
             "C_FindObjectsInit");
  std::vector<CK_OBJECT_HANDLE> found;
  std::array<CK_OBJECT_HANDLE, 64> batch;
  CK_ULONG count = 0;
  CK_RV result = CKR_OK;
  do {
    result = functions_->C_FindObjects(session_, batch.data(), batch.size(), &count);
    if (result == CKR_OK)
      found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  } while (result == CKR_OK && count > 0);
  functions_->C_FindObjectsFinal(session_);
  CheckAdmin(result, "C_FindObjects");
  return found;
}

std::optional<ObjectName> TokenAdmin::NameOf(const PublicKey& key) {
  Template wanted;
  wanted.Flag(CKA_TOKEN, true);
  wanted.Number(CKA_CLASS, CKO_PUBLIC_KEY);
  AddPublicParts(key.native(), wanted);
  std::vector<CK_OBJECT_HANDLE> found = Matching(wanted.attributes());
  if (found.empty() && (key.type() == KeyType::kRsa || key.type() == KeyType::kRsaPss)) {
    Template private_key;
    private_key.Number(CKA_CLASS, CKO_PRIVATE_KEY);
    AddPublicParts(key.native(), private_key);
    found = Matching(private_key.attributes());
  }
  if (found.empty()) return std::nullopt;
  const std::vector<std::uint8_t> label = Attribute(found.front(), CKA_LABEL);
  return ObjectName{Attribute(found.front(), CKA_ID), {label.begin(), label.end()}};
}

std::vector<TokenAdmin::Object> TokenAdmin::List(const ObjectName& name,
                                                 std::optional<CK_OBJECT_CLASS> object_class) {
  std::vector<Object> objects;
  for (const CK_OBJECT_HANDLE handle : Find(name, object_class)) {
    const std::vector<std::uint8_t> label = Attribute(handle, CKA_LABEL);
    Object object{CKO_DATA, {Attribute(handle, CKA_ID), {label.begin(), label.end()}}};
    const std::vector<std::uint8_t> number = Attribute(handle, CKA_CLASS);
    if (number.size() == sizeof(object.object_class)) {
      std::memcpy(&object.object_class, number.data(), number.size());
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

std::size_t TokenAdmin::Count(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class) {
  return Find(name, object_class).size();
}

std::size_t TokenAdmin::Remove(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class) {
  const std::vector<CK_OBJECT_HANDLE> found = Find(name, object_class);
  for (const CK_OBJECT_HANDLE object : found)
    CheckAdmin(functions_->C_DestroyObject(session_, object), "C_DestroyObject");
  return found.size();
}

CK_OBJECT_HANDLE TokenAdmin::Create(std::span<CK_ATTRIBUTE> attributes) {
  CK_OBJECT_HANDLE object = 0;
  CheckAdmin(functions_->C_CreateObject(session_, attributes.data(), attributes.size(), &object),
             "C_CreateObject");
  return object;
}

void TokenAdmin::Destroy(CK_OBJECT_HANDLE object) noexcept { functions_->C_DestroyObject(session_, object); }

std::vector<std::uint8_t> TokenAdmin::Attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CheckAdmin(functions_->C_GetAttributeValue(session_, object, &attribute, 1), "C_GetAttributeValue");
  std::vector<std::uint8_t> value(attribute.ulValueLen);
  attribute.pValue = value.data();
  CheckAdmin(functions_->C_GetAttributeValue(session_, object, &attribute, 1), "C_GetAttributeValue");
  return value;
}

}  // namespace signet
