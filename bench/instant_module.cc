// signet-bench-instant-pkcs11.so: a PKCS#11 module (version 2.40) that answers at once, so that what is left
// is the software in front of it. It has one token with one P-256 key pair. A digest's signature is real, and
// is given again for as long as the digest stays the same. For one thread.
#include "base/openssl_ptr.h"
#include "testing/module/absent_functions.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>

namespace signet::bench {
namespace {

constexpr CK_SLOT_ID kSlot = 1;
constexpr CK_ULONG kSignatureSize = 64;
constexpr CK_OBJECT_HANDLE kPrivateKey = 1;

template <class T>
std::string BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

using Attributes = std::map<CK_ATTRIBUTE_TYPE, std::string>;

// Token is all that the module has. Made when the module is initialised, and never destroyed.
struct Token {
  OpenSslPtr<OSSL_LIB_CTX> library{OSSL_LIB_CTX_new()};
  OpenSslPtr<EVP_PKEY> key{EVP_PKEY_Q_keygen(library.get(), nullptr, "EC", "P-256")};
  std::vector<Attributes> objects;  // handle - 1
  std::vector<CK_OBJECT_HANDLE> found;
  std::size_t next_found = 0;
  CK_SESSION_HANDLE last_session = 0;
  bool logged_in = false;
  std::array<CK_BYTE, 32> digest{};
  std::array<CK_BYTE, kSignatureSize> signature{};

  Token() {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    const OpenSslPtr<unsigned char> owned(der);
    const std::string spki(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    const std::string point = "\x04\x41" + spki.substr(spki.size() - 65);  // a DER OCTET STRING
    const CK_BBOOL yes = CK_TRUE;
    const CK_BBOOL no = CK_FALSE;
    const Attributes both = {
        {CKA_KEY_TYPE, BytesOf(CK_KEY_TYPE{CKK_EC})},
        {CKA_TOKEN, BytesOf(yes)},
        {CKA_ID, "\x01"},
        {CKA_LABEL, "bench"},
        {CKA_EC_PARAMS, std::string("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")},
        {CKA_EC_POINT, point},
        {CKA_PUBLIC_KEY_INFO, spki},
    };
    Attributes private_key = both;
    private_key.erase(CKA_EC_POINT);
    private_key.merge(Attributes{{CKA_CLASS, BytesOf(CK_OBJECT_CLASS{CKO_PRIVATE_KEY})},
                                 {CKA_PRIVATE, BytesOf(yes)},
                                 {CKA_SENSITIVE, BytesOf(yes)},
                                 {CKA_EXTRACTABLE, BytesOf(no)},
                                 {CKA_SIGN, BytesOf(yes)},
                                 {CKA_ALWAYS_AUTHENTICATE, BytesOf(no)}});
    Attributes public_key = both;
    public_key.merge(Attributes{{CKA_CLASS, BytesOf(CK_OBJECT_CLASS{CKO_PUBLIC_KEY})},
                                {CKA_PRIVATE, BytesOf(no)},
                                {CKA_VERIFY, BytesOf(yes)}});
    objects = {private_key, public_key};
    SignDigest();
  }

  // SignDigest makes the signature of `digest` that is given from now on.
  void SignDigest() {
    std::array<unsigned char, 80> der;
    std::size_t size = der.size();
    const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(library.get(), key.get(), nullptr));
    EVP_PKEY_sign_init(context.get());
    EVP_PKEY_sign(context.get(), der.data(), &size, digest.data(), digest.size());
    const unsigned char* position = der.data();
    const OpenSslPtr<ECDSA_SIG> parts(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(size)));
    BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), signature.data(), kSignatureSize / 2);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), signature.data() + kSignatureSize / 2, kSignatureSize / 2);
  }
};

Token* the_token = nullptr;  // a module's functions take no context

CK_RV Initialize(void*) {
  if (the_token != nullptr) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  the_token = std::make_unique<Token>().release();
  return CKR_OK;
}
// The token stays: calls may still come while the process exits.
CK_RV Finalize(void*) { return CKR_OK; }

template <std::size_t N>
void Pad(unsigned char (&field)[N], const char* text) {
  std::memset(field, ' ', N);
  std::memcpy(field, text, std::min(N, std::strlen(text)));
}

CK_RV GetInfo(CK_INFO* info) {
  *info = {};
  info->cryptokiVersion = {2, 40};
  Pad(info->manufacturerID, "Signet");
  Pad(info->libraryDescription, "answers at once");
  return CKR_OK;
}
CK_RV GetSlotList(CK_BBOOL, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (slots != nullptr && *count < 1) return CKR_BUFFER_TOO_SMALL;
  if (slots != nullptr) slots[0] = kSlot;
  *count = 1;
  return CKR_OK;
}
CK_RV GetSlotInfo(CK_SLOT_ID, CK_SLOT_INFO* info) {
  *info = {};
  Pad(info->slotDescription, "bench");
  Pad(info->manufacturerID, "Signet");
  info->flags = CKF_TOKEN_PRESENT;
  return CKR_OK;
}
CK_RV GetTokenInfo(CK_SLOT_ID, CK_TOKEN_INFO* info) {
  *info = {};
  Pad(info->label, "bench");
  Pad(info->manufacturerID, "Signet");
  Pad(info->model, "instant");
  Pad(info->serialNumber, "1");
  info->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG;
  info->ulMaxPinLen = 32;
  return CKR_OK;
}
CK_RV GetMechanismList(CK_SLOT_ID, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  if (list != nullptr && *count < 1) return CKR_BUFFER_TOO_SMALL;
  if (list != nullptr) list[0] = CKM_ECDSA;
  *count = 1;
  return CKR_OK;
}
CK_RV GetMechanismInfo(CK_SLOT_ID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  if (type != CKM_ECDSA) return CKR_MECHANISM_INVALID;
  *info = {256, 256, CKF_SIGN | CKF_HW};
  return CKR_OK;
}

CK_RV OpenSession(CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
  *session = ++the_token->last_session;
  return CKR_OK;
}
CK_RV CloseSession(CK_SESSION_HANDLE) { return CKR_OK; }
CK_RV CloseAllSessions(CK_SLOT_ID) { return CKR_OK; }
CK_RV GetSessionInfo(CK_SESSION_HANDLE, CK_SESSION_INFO* info) {
  *info = {kSlot, CK_STATE{the_token->logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION},
           CKF_SERIAL_SESSION, 0};
  return CKR_OK;
}
CK_RV Login(CK_SESSION_HANDLE, CK_USER_TYPE, CK_BYTE*, CK_ULONG) {
  if (the_token->logged_in) return CKR_USER_ALREADY_LOGGED_IN;
  the_token->logged_in = true;
  return CKR_OK;
}

CK_RV FindObjectsInit(CK_SESSION_HANDLE, CK_ATTRIBUTE* wanted, CK_ULONG count) {
  the_token->found.clear();
  the_token->next_found = 0;
  for (std::size_t i = 0; i < the_token->objects.size(); ++i) {
    const Attributes& object = the_token->objects[i];
    const bool matches = std::all_of(wanted, wanted + count, [&](const CK_ATTRIBUTE& part) {
      const auto has = object.find(part.type);
      return has != object.end() &&
             has->second == std::string_view(static_cast<const char*>(part.pValue), part.ulValueLen);
    });
    if (matches) the_token->found.push_back(i + 1);
  }
  return CKR_OK;
}
CK_RV FindObjects(CK_SESSION_HANDLE, CK_OBJECT_HANDLE* objects, CK_ULONG max, CK_ULONG* count) {
  for (*count = 0; *count < max && the_token->next_found < the_token->found.size(); ++*count) {
    objects[*count] = the_token->found[the_token->next_found++];
  }
  return CKR_OK;
}
CK_RV FindObjectsFinal(CK_SESSION_HANDLE) { return CKR_OK; }

CK_RV GetAttributeValue(CK_SESSION_HANDLE, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE* parts, CK_ULONG count) {
  if (handle < 1 || handle > the_token->objects.size()) return CKR_OBJECT_HANDLE_INVALID;
  const Attributes& object = the_token->objects[handle - 1];
  CK_RV rv = CKR_OK;
  for (CK_ATTRIBUTE* part = parts; part != parts + count; ++part) {
    const auto has = object.find(part->type);
    if (has == object.end()) {
      part->ulValueLen = CK_UNAVAILABLE_INFORMATION;
      rv = CKR_ATTRIBUTE_TYPE_INVALID;
    } else if (part->pValue == nullptr) {
      part->ulValueLen = has->second.size();
    } else if (part->ulValueLen < has->second.size()) {
      part->ulValueLen = CK_UNAVAILABLE_INFORMATION;
      rv = CKR_BUFFER_TOO_SMALL;
    } else {
      std::memcpy(part->pValue, has->second.data(), has->second.size());
      part->ulValueLen = has->second.size();
    }
  }
  return rv;
}

CK_RV SignInit(CK_SESSION_HANDLE, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  if (mechanism->mechanism != CKM_ECDSA) return CKR_MECHANISM_INVALID;
  return key == kPrivateKey ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}
CK_RV Sign(CK_SESSION_HANDLE, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature, CK_ULONG* length) {
  const bool fits = signature != nullptr && *length >= kSignatureSize;
  *length = kSignatureSize;
  if (!fits) return signature == nullptr ? CKR_OK : CKR_BUFFER_TOO_SMALL;
  if (size != the_token->digest.size()) return CKR_DATA_LEN_RANGE;
  if (std::memcmp(data, the_token->digest.data(), size) != 0) {
    std::memcpy(the_token->digest.data(), data, size);
    the_token->SignDigest();
  }
  std::memcpy(signature, the_token->signature.data(), kSignatureSize);
  return CKR_OK;
}

}  // namespace
}  // namespace signet::bench

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  using namespace signet::bench;
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST made{};
    made.version = {2, 40};
    made.C_GetFunctionList = &C_GetFunctionList;
    made.C_Initialize = &Initialize;
    made.C_Finalize = &Finalize;
    made.C_GetInfo = &GetInfo;
    made.C_GetSlotList = &GetSlotList;
    made.C_GetSlotInfo = &GetSlotInfo;
    made.C_GetTokenInfo = &GetTokenInfo;
    made.C_GetMechanismList = &GetMechanismList;
    made.C_GetMechanismInfo = &GetMechanismInfo;
    made.C_OpenSession = &OpenSession;
    made.C_CloseSession = &CloseSession;
    made.C_CloseAllSessions = &CloseAllSessions;
    made.C_GetSessionInfo = &GetSessionInfo;
    made.C_Login = &Login;
    made.C_FindObjectsInit = &FindObjectsInit;
    made.C_FindObjects = &FindObjects;
    made.C_FindObjectsFinal = &FindObjectsFinal;
    made.C_GetAttributeValue = &GetAttributeValue;
    made.C_SignInit = &SignInit;
    made.C_Sign = &Sign;
    signet::testing::FillAbsentFunctions(made);
    return made;
  }();
  *list = &functions;
  return CKR_OK;
}
