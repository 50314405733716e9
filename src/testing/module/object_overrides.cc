#include "testing/module/handles.h"
#include "testing/module/overrides.h"

#include <algorithm>
#include <cstring>

namespace signet::testing {
namespace {

using AlwaysAuthenticate = ModuleBehaviour::AlwaysAuthenticate;

bool UserIsLoggedIn(Module& module, CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info{};
  return module.real().C_GetSessionInfo(session, &info) == CKR_OK &&
         (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

bool Hidden(Module& module, const ModuleBehaviour& behaviour, CK_SESSION_HANDLE session,
            CK_OBJECT_HANDLE object) {
  if (behaviour.hide_before_login && !UserIsLoggedIn(module, session)) return true;
  if (!behaviour.hide_public_keys && !behaviour.hide_certificates) return false;
  CK_OBJECT_CLASS object_class = 0;
  CK_ATTRIBUTE attribute{CKA_CLASS, &object_class, sizeof(object_class)};
  if (module.real().C_GetAttributeValue(session, object, &attribute, 1) != CKR_OK) return false;
  return (object_class == CKO_PUBLIC_KEY && behaviour.hide_public_keys) ||
         (object_class == CKO_CERTIFICATE && behaviour.hide_certificates);
}

bool Fails(const ModuleBehaviour& behaviour, CK_ATTRIBUTE_TYPE type) {
  if (type == CKA_ALWAYS_AUTHENTICATE &&
      behaviour.always_authenticate == AlwaysAuthenticate::kEnforcedAndHidden) {
    return true;
  }
  return std::ranges::find(behaviour.failing_attributes, type) != behaviour.failing_attributes.end();
}

// SaysAlwaysAuthenticate answers for an attribute that the real key has as false.
bool SaysAlwaysAuthenticate(const ModuleBehaviour& behaviour, CK_ATTRIBUTE& attribute) {
  if (attribute.type != CKA_ALWAYS_AUTHENTICATE ||
      behaviour.always_authenticate != AlwaysAuthenticate::kEnforced) {
    return false;
  }
  if (attribute.pValue != nullptr && attribute.ulValueLen >= 1)
    *static_cast<CK_BBOOL*>(attribute.pValue) = CK_TRUE;
  attribute.ulValueLen = 1;
  return true;
}

// SaysAllowedMechanisms answers with the list that every key is said to have.
bool SaysAllowedMechanisms(const ModuleBehaviour& behaviour, CK_ATTRIBUTE& attribute, bool& too_small) {
  const auto& allowed = behaviour.allowed_mechanisms;
  if (attribute.type != CKA_ALLOWED_MECHANISMS || allowed.empty()) return false;
  const CK_ULONG size = allowed.size() * sizeof allowed[0];
  if (attribute.pValue != nullptr && attribute.ulValueLen < size) {
    too_small = true;
    attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return true;
  }
  if (attribute.pValue != nullptr) std::memcpy(attribute.pValue, allowed.data(), size);
  attribute.ulValueLen = size;
  return true;
}

}  // namespace

CK_RV CreateObject(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_ATTRIBUTE* parts,
                   CK_ULONG count, CK_OBJECT_HANDLE* object) {
  const CK_RV result = module.real().C_CreateObject(session, parts, count, object);
  if (result == CKR_OK) *object = Outside(rules, *object);
  return result;
}

CK_RV DestroyObject(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
  return module.real().C_DestroyObject(session, Inside(rules, object));
}

CK_RV GetAttributeValue(Module& module, const Rules& rules, CK_SESSION_HANDLE session,
                        CK_OBJECT_HANDLE object, CK_ATTRIBUTE* parts, CK_ULONG count) {
  if (rules.behaviour.single_attributes && count > 1) {
    for (CK_ULONG i = 0; i < count; ++i) parts[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_ATTRIBUTE_TYPE_INVALID;
  }
  std::vector<CK_ATTRIBUTE> asked;
  std::vector<CK_ULONG> places;
  bool failed = false;
  bool too_small = false;
  for (CK_ULONG i = 0; i < count; ++i) {
    if (Fails(rules.behaviour, parts[i].type)) {
      parts[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
      failed = true;
    } else if (!SaysAlwaysAuthenticate(rules.behaviour, parts[i]) &&
               !SaysAllowedMechanisms(rules.behaviour, parts[i], too_small)) {
      asked.push_back(parts[i]);
      places.push_back(i);
    }
  }
  const CK_OBJECT_HANDLE real = Inside(rules, object);
  // Some modules refuse an empty template, which no program gave.
  const CK_RV result = asked.empty() && count > 0
                           ? CKR_OK
                           : module.real().C_GetAttributeValue(session, real, asked.data(), asked.size());
  const bool beyond = rules.behaviour.signature_length == ModuleBehaviour::SignatureLength::kBeyondBuffer;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (beyond && asked[i].type == CKA_VALUE && asked[i].pValue != nullptr) asked[i].ulValueLen += 16;
    parts[places[i]] = asked[i];
  }
  if (result == CKR_OK && too_small) return CKR_BUFFER_TOO_SMALL;
  return result == CKR_OK && failed ? CKR_ATTRIBUTE_TYPE_INVALID : result;
}

CK_RV FindObjects(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects,
                  CK_ULONG max, CK_ULONG* count) {
  if (rules.behaviour.find_at_most != 0) max = std::min<CK_ULONG>(max, rules.behaviour.find_at_most);
  for (;;) {
    const CK_RV result = module.real().C_FindObjects(session, objects, max, count);
    if (result != CKR_OK || *count == 0) return result;
    CK_OBJECT_HANDLE* end = std::remove_if(objects, objects + *count, [&](CK_OBJECT_HANDLE object) {
      return Hidden(module, rules.behaviour, session, object);
    });
    *count = static_cast<CK_ULONG>(end - objects);
    std::transform(objects, end, objects, [&](CK_OBJECT_HANDLE object) { return Outside(rules, object); });
    if (*count > 0) return CKR_OK;
  }
}

CK_RV GenerateKeyPair(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                      CK_ATTRIBUTE* public_parts, CK_ULONG public_count, CK_ATTRIBUTE* private_parts,
                      CK_ULONG private_count, CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  const CK_RV result = module.real().C_GenerateKeyPair(session, mechanism, public_parts, public_count,
                                                       private_parts, private_count, public_key, private_key);
  if (result != CKR_OK) return result;
  *public_key = Outside(rules, *public_key);
  *private_key = Outside(rules, *private_key);
  return result;
}

CK_RV DeriveKey(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                CK_OBJECT_HANDLE key, CK_ATTRIBUTE* parts, CK_ULONG count, CK_OBJECT_HANDLE* derived) {
  const CK_RV result =
      module.real().C_DeriveKey(session, mechanism, Inside(rules, key), parts, count, derived);
  if (result == CKR_OK) *derived = Outside(rules, *derived);
  return result;
}

}  // namespace signet::testing
