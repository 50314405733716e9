#pragma once

#include "testing/module/module.h"

namespace signet::testing {

// EcdsaHash is a mechanism that the wrapper makes of CKM_ECDSA if ModuleBehaviour::ecdsa_hashes is set.
struct EcdsaHash {
  CK_MECHANISM_TYPE mechanism;
  const char* hash;  // OpenSSL's name
};
inline constexpr EcdsaHash kEcdsaHashes[] = {
    {CKM_ECDSA_SHA1, "SHA1"},     {CKM_ECDSA_SHA224, "SHA224"}, {CKM_ECDSA_SHA256, "SHA256"},
    {CKM_ECDSA_SHA384, "SHA384"}, {CKM_ECDSA_SHA512, "SHA512"},
};

// Override names the functions that differ from the real module's: each does its call under the rules in
// force.
template <std::size_t kFunction>
struct Override {};

CK_RV Initialize(Module&, const Rules&, void* arguments);
CK_RV Finalize(Module&, const Rules&, void* reserved);
CK_RV GetSlotList(Module&, const Rules&, CK_BBOOL present, CK_SLOT_ID* slots, CK_ULONG* count);
CK_RV GetSlotInfo(Module&, const Rules&, CK_SLOT_ID slot, CK_SLOT_INFO* info);
CK_RV GetTokenInfo(Module&, const Rules&, CK_SLOT_ID slot, CK_TOKEN_INFO* info);
CK_RV GetMechanismList(Module&, const Rules&, CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count);
CK_RV GetMechanismInfo(Module&, const Rules&, CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
                       CK_MECHANISM_INFO* info);
CK_RV OpenSession(Module&, const Rules&, CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                  CK_SESSION_HANDLE* session);
CK_RV CloseSession(Module&, const Rules&, CK_SESSION_HANDLE session);
CK_RV CloseAllSessions(Module&, const Rules&, CK_SLOT_ID slot);
CK_RV Login(Module&, const Rules&, CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin,
            CK_ULONG size);
CK_RV CreateObject(Module&, const Rules&, CK_SESSION_HANDLE session, CK_ATTRIBUTE* parts, CK_ULONG count,
                   CK_OBJECT_HANDLE* object);
CK_RV DestroyObject(Module&, const Rules&, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
CK_RV GetAttributeValue(Module&, const Rules&, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE* parts, CK_ULONG count);
CK_RV FindObjects(Module&, const Rules&, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG max,
                  CK_ULONG* count);
CK_RV GenerateKeyPair(Module&, const Rules&, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                      CK_ATTRIBUTE* public_parts, CK_ULONG public_count, CK_ATTRIBUTE* private_parts,
                      CK_ULONG private_count, CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key);
CK_RV DeriveKey(Module&, const Rules&, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                CK_OBJECT_HANDLE key, CK_ATTRIBUTE* parts, CK_ULONG count, CK_OBJECT_HANDLE* derived);
CK_RV SignInit(Module&, const Rules&, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
               CK_OBJECT_HANDLE key);
CK_RV Sign(Module&, const Rules&, CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size,
           unsigned char* signature, CK_ULONG* length);
CK_RV SignFinal(Module&, const Rules&, CK_SESSION_HANDLE session, unsigned char* signature, CK_ULONG* length);
CK_RV DecryptInit(Module&, const Rules&, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                  CK_OBJECT_HANDLE key);
CK_RV Decrypt(Module&, const Rules&, CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size,
              unsigned char* clear, CK_ULONG* length);

#define SIGNET_OVERRIDE(name)               \
  template <>                               \
  struct Override<kC_##name> {              \
    static constexpr auto kInstead = &name; \
  };
SIGNET_OVERRIDE(Initialize)
SIGNET_OVERRIDE(Finalize)
SIGNET_OVERRIDE(GetSlotList)
SIGNET_OVERRIDE(GetSlotInfo)
SIGNET_OVERRIDE(GetTokenInfo)
SIGNET_OVERRIDE(GetMechanismList)
SIGNET_OVERRIDE(GetMechanismInfo)
SIGNET_OVERRIDE(OpenSession)
SIGNET_OVERRIDE(CloseSession)
SIGNET_OVERRIDE(CloseAllSessions)
SIGNET_OVERRIDE(Login)
SIGNET_OVERRIDE(CreateObject)
SIGNET_OVERRIDE(DestroyObject)
SIGNET_OVERRIDE(GetAttributeValue)
SIGNET_OVERRIDE(FindObjects)
SIGNET_OVERRIDE(GenerateKeyPair)
SIGNET_OVERRIDE(DeriveKey)
SIGNET_OVERRIDE(SignInit)
SIGNET_OVERRIDE(Sign)
SIGNET_OVERRIDE(SignFinal)
SIGNET_OVERRIDE(DecryptInit)
SIGNET_OVERRIDE(Decrypt)
#undef SIGNET_OVERRIDE

}  // namespace signet::testing
