// Signatures, decryption and derivation, and the function list.
#include "testing/memory_token/entries.h"
#include "testing/memory_token/key_material.h"
#include "testing/memory_token/state.h"
#include "testing/module/absent_functions.h"

#include <cstring>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace signet::testing {
namespace {

MemoryState& State() { return MemoryState::Get(); }

const char* HashName(CK_MECHANISM_TYPE hash) {
  switch (hash) {
    case CKM_SHA_1:
      return "SHA1";
    case CKM_SHA224:
      return "SHA224";
    case CKM_SHA384:
      return "SHA384";
    case CKM_SHA512:
      return "SHA512";
    default:
      return "SHA256";
  }
}

const char* MgfHash(CK_ULONG mgf) {
  switch (mgf) {
    case CKG_MGF1_SHA1:
      return "SHA1";
    case CKG_MGF1_SHA224:
      return "SHA224";
    case CKG_MGF1_SHA384:
      return "SHA384";
    case CKG_MGF1_SHA512:
      return "SHA512";
    default:
      return "SHA256";
  }
}

bool Fits(CK_MECHANISM_TYPE mechanism, EVP_PKEY* key, bool sign) {
  switch (mechanism) {
    case CKM_RSA_PKCS:
    case CKM_RSA_X_509:
      return EVP_PKEY_is_a(key, "RSA");
    case CKM_RSA_PKCS_PSS:
      return sign && EVP_PKEY_is_a(key, "RSA");
    case CKM_RSA_PKCS_OAEP:
      return !sign && EVP_PKEY_is_a(key, "RSA");
    case CKM_ECDSA:
      return sign && EVP_PKEY_is_a(key, "EC");
    case CKM_EDDSA:
      return sign && EVP_PKEY_is_a(key, "ED25519");
    default:
      return false;
  }
}

CK_RV InitWith(std::optional<MemoryOperation>& operation, CK_SESSION_HANDLE session,
               const CK_MECHANISM& mechanism, CK_OBJECT_HANDLE handle, bool sign) {
  if (operation) return CKR_OPERATION_ACTIVE;
  const MemoryObject* const object = State().ObjectOf(session, handle);
  if (object == nullptr || object->key == nullptr) return CKR_KEY_HANDLE_INVALID;
  State().call().key = object->Bytes(CKA_ID);
  if (!State().Sees(State().SessionOf(session), session, *object)) return CKR_USER_NOT_LOGGED_IN;
  for (const CK_MECHANISM_TYPE hidden : State().behaviour().hidden_mechanisms) {
    if (hidden == mechanism.mechanism) return CKR_MECHANISM_INVALID;
  }
  if (!Fits(mechanism.mechanism, object->key.get(), sign)) return CKR_KEY_TYPE_INCONSISTENT;
  MemoryOperation fresh{.key = handle, .mechanism = mechanism.mechanism};
  if (mechanism.pParameter != nullptr)
    fresh.parameter.assign(static_cast<const char*>(mechanism.pParameter), mechanism.ulParameterLen);
  if (mechanism.mechanism == CKM_RSA_PKCS_OAEP) {
    if (mechanism.ulParameterLen != sizeof(CK_RSA_PKCS_OAEP_PARAMS)) return CKR_MECHANISM_PARAM_INVALID;
    const auto* oaep = static_cast<const CK_RSA_PKCS_OAEP_PARAMS*>(mechanism.pParameter);
    if (oaep->pSourceData != nullptr)
      fresh.label.assign(static_cast<const char*>(oaep->pSourceData), oaep->ulSourceDataLen);
  }
  if (mechanism.mechanism == CKM_RSA_PKCS_PSS && mechanism.ulParameterLen != sizeof(CK_RSA_PKCS_PSS_PARAMS))
    return CKR_MECHANISM_PARAM_INVALID;
  fresh.context_login_due = object->Is(CKA_ALWAYS_AUTHENTICATE);
  operation = std::move(fresh);
  return CKR_OK;
}

// Cancelled ends an operation, as PKCS#11 3.0 has it for a call without a mechanism.
CK_RV Cancelled(std::optional<MemoryOperation>& operation) {
  if (!State().behaviour().version_3) return CKR_ARGUMENTS_BAD;
  operation.reset();
  return CKR_OK;
}

CK_RV SignInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return State().Call(kC_SignInit, {.session = session}, [=] {
    std::optional<MemoryOperation>& operation = State().SessionOf(session).sign;
    return mechanism == nullptr ? Cancelled(operation) : InitWith(operation, session, *mechanism, key, true);
  });
}

CK_RV DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return State().Call(kC_DecryptInit, {.session = session}, [=] {
    std::optional<MemoryOperation>& operation = State().SessionOf(session).decrypt;
    return mechanism == nullptr ? Cancelled(operation) : InitWith(operation, session, *mechanism, key, false);
  });
}

using Output = std::optional<std::string>;

Output EcdsaRaw(const std::string& der, int bits) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const OpenSslPtr<ECDSA_SIG> parts(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (parts == nullptr) return std::nullopt;
  const int half = (bits + 7) / 8;
  std::string raw(static_cast<std::size_t>(2 * half), '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out, half);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out + half, half);
  return raw;
}

Output EdSign(EVP_PKEY* key, const CK_BYTE* data, CK_ULONG size) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  std::size_t length = signature.size();
  if (EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, State().library(), nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, data,
                     size) != 1)
    return std::nullopt;
  return signature;
}

bool SetPadding(EVP_PKEY_CTX* context, const MemoryOperation& operation) {
  switch (operation.mechanism) {
    case CKM_RSA_PKCS:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    case CKM_RSA_X_509:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) > 0;
    case CKM_RSA_PKCS_PSS: {
      CK_RSA_PKCS_PSS_PARAMS pss;
      std::memcpy(&pss, operation.parameter.data(), sizeof pss);
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
             EVP_PKEY_CTX_set_signature_md(context, EVP_get_digestbyname(HashName(pss.hashAlg))) > 0 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, MgfHash(pss.mgf), nullptr) > 0 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, static_cast<int>(pss.sLen)) > 0;
    }
    case CKM_RSA_PKCS_OAEP: {
      CK_RSA_PKCS_OAEP_PARAMS oaep;
      std::memcpy(&oaep, operation.parameter.data(), sizeof oaep);
      if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) <= 0 ||
          EVP_PKEY_CTX_set_rsa_oaep_md_name(context, HashName(oaep.hashAlg), nullptr) <= 0 ||
          EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, MgfHash(oaep.mgf), nullptr) <= 0)
        return false;
      if (operation.label.empty()) return true;
      void* label = OPENSSL_memdup(operation.label.data(), operation.label.size());
      return EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, static_cast<int>(operation.label.size())) > 0;
    }
    default:
      return true;
  }
}

Output SignWith(EVP_PKEY* key, const MemoryOperation& operation, const CK_BYTE* data, CK_ULONG size) {
  if (operation.mechanism == CKM_EDDSA) return EdSign(key, data, size);
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(State().library(), key, nullptr));
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t length = signature.size();
  if (EVP_PKEY_sign_init(context.get()) != 1 || !SetPadding(context.get(), operation) ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, data, size) !=
          1)
    return std::nullopt;
  signature.resize(length);
  return operation.mechanism == CKM_ECDSA ? EcdsaRaw(signature, EVP_PKEY_get_bits(key)) : Output(signature);
}

Output DecryptWith(EVP_PKEY* key, const MemoryOperation& operation, const CK_BYTE* data, CK_ULONG size) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(State().library(), key, nullptr));
  std::string clear(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t length = clear.size();
  if (EVP_PKEY_decrypt_init(context.get()) != 1 || !SetPadding(context.get(), operation) ||
      EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(clear.data()), &length, data, size) !=
          1)
    return std::nullopt;
  clear.resize(length);
  return clear;
}

// Finish ends the operation with its output, but where the buffer is too small or only the length is asked.
template <class Work>
CK_RV Finish(std::optional<MemoryOperation>& operation, CK_SESSION_HANDLE session, CK_BYTE* out,
             CK_ULONG* out_size, CK_RV refusal, Work work) {
  if (!operation) return CKR_OPERATION_NOT_INITIALIZED;
  MemorySession& on = State().SessionOf(session);
  const MemoryObject* const object = State().ObjectOf(session, operation->key);
  if (object != nullptr) State().call().key = object->Bytes(CKA_ID);
  const bool may = object != nullptr && State().Sees(on, session, *object) && !operation->context_login_due;
  if (!may) {
    operation.reset();
    return object == nullptr ? CKR_OPERATION_NOT_INITIALIZED : CKR_USER_NOT_LOGGED_IN;
  }
  const auto most = static_cast<CK_ULONG>(EVP_PKEY_get_size(object->key.get()));
  if (out == nullptr) {
    *out_size = State().behaviour().long_sizes ? most + 64 : most;
    return CKR_OK;
  }
  const Output output = work(object->key.get(), *operation);
  if (output && output->size() > *out_size) {
    *out_size = output->size();
    return CKR_BUFFER_TOO_SMALL;
  }
  operation.reset();
  if (!output) return refusal;
  std::memcpy(out, output->data(), output->size());
  *out_size = output->size();
  return CKR_OK;
}

CK_RV Sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* out, CK_ULONG* out_size) {
  return State().Call(kC_Sign, {.session = session}, [=] {
    return Finish(State().SessionOf(session).sign, session, out, out_size, CKR_DATA_LEN_RANGE,
                  [&](EVP_PKEY* key, const MemoryOperation& operation) {
                    return SignWith(key, operation, data, size);
                  });
  });
}

CK_RV Decrypt(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* out, CK_ULONG* out_size) {
  return State().Call(kC_Decrypt, {.session = session}, [=] {
    return Finish(State().SessionOf(session).decrypt, session, out, out_size, CKR_ENCRYPTED_DATA_INVALID,
                  [&](EVP_PKEY* key, const MemoryOperation& operation) {
                    return DecryptWith(key, operation, data, size);
                  });
  });
}

// Unwrapped takes the point out of a DER OCTET STRING, where it is in one.
std::string Unwrapped(std::string point) {
  if (point.size() > 3 && point[0] == '\x04' && static_cast<unsigned char>(point[1]) == point.size() - 2)
    return point.substr(2);
  if (point.size() > 3 && point[0] == '\x04' && point[1] == '\x81' &&
      static_cast<unsigned char>(point[2]) == point.size() - 3)
    return point.substr(3);
  return point;
}

Output SharedSecret(EVP_PKEY* key, const std::string& point) {
  const OpenSslPtr<EVP_PKEY> peer(EVP_PKEY_new());
  if (EVP_PKEY_copy_parameters(peer.get(), key) != 1 ||
      EVP_PKEY_set1_encoded_public_key(peer.get(), reinterpret_cast<const unsigned char*>(point.data()),
                                       point.size()) != 1)
    return std::nullopt;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(State().library(), key, nullptr));
  std::string secret(72, '\0');  // the largest curve is sect571
  std::size_t size = secret.size();
  if (EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.data()), &size) != 1)
    return std::nullopt;
  secret.resize(size);
  return secret;
}

CK_RV DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE base,
                CK_ATTRIBUTE* parts, CK_ULONG count, CK_OBJECT_HANDLE* made) {
  return State().Call(kC_DeriveKey, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    const MemoryObject* const object = State().ObjectOf(session, base);
    if (object == nullptr || object->key == nullptr) return CKR_KEY_HANDLE_INVALID;
    State().call().key = object->Bytes(CKA_ID);
    if (!State().Sees(on, session, *object)) return CKR_USER_NOT_LOGGED_IN;
    if (mechanism->mechanism != CKM_ECDH1_DERIVE || !EVP_PKEY_is_a(object->key.get(), "EC"))
      return CKR_KEY_TYPE_INCONSISTENT;
    const auto* params = static_cast<const CK_ECDH1_DERIVE_PARAMS*>(mechanism->pParameter);
    const std::string point(reinterpret_cast<const char*>(params->pPublicData), params->ulPublicDataLen);
    const Output secret = SharedSecret(object->key.get(), Unwrapped(point));
    if (!secret) return CKR_MECHANISM_PARAM_INVALID;
    MemoryAttributes attributes;
    for (const CK_ATTRIBUTE* part = parts; part != parts + count; ++part)
      attributes[part->type] = std::string(static_cast<const char*>(part->pValue), part->ulValueLen);
    attributes[CKA_VALUE] = *secret;
    *made = State().Store(*on.token, std::move(attributes), nullptr, session).handle;
    return CKR_OK;
  });
}

}  // namespace

void FillKeyFunctions(CK_FUNCTION_LIST& list) {
  list.C_SignInit = &SignInit;
  list.C_Sign = &Sign;
  list.C_DecryptInit = &DecryptInit;
  list.C_Decrypt = &Decrypt;
  list.C_DeriveKey = &DeriveKey;
  FillAbsentFunctions(list);
}

CK_FUNCTION_LIST& MemoryFunctions() {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST made{};
    made.version = {2, 40};
    made.C_GetFunctionList = &C_GetFunctionList;
    FillTokenFunctions(made);
    FillObjectFunctions(made);
    FillKeyFunctions(made);
    return made;
  }();
  return functions;
}

}  // namespace signet::testing

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  *list = &signet::testing::MemoryFunctions();
  return CKR_OK;
}

extern "C" __attribute__((visibility("default"))) signet::testing::MemoryControl*
signet_testing_memory_control() {
  return &signet::testing::MemoryState::Get();
}
