// Objects: search, attributes, making and destroying.
#include "testing/memory_token/entries.h"
#include "testing/memory_token/key_material.h"
#include "testing/memory_token/state.h"

#include <algorithm>
#include <cstring>

namespace signet::testing {
namespace {

MemoryState& State() { return MemoryState::Get(); }

MemoryAttributes Copy(const CK_ATTRIBUTE* parts, CK_ULONG count) {
  MemoryAttributes attributes;
  for (const CK_ATTRIBUTE* part = parts; part != parts + count; ++part) {
    attributes[part->type] = part->pValue == nullptr
                                 ? std::string()
                                 : std::string(static_cast<const char*>(part->pValue), part->ulValueLen);
  }
  return attributes;
}

bool Matches(const MemoryObject& object, const MemoryAttributes& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& part) {
    const auto has = object.attributes.find(part.first);
    return has != object.attributes.end() && has->second == part.second;
  });
}

CK_RV FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE* parts, CK_ULONG count) {
  return State().Call(kC_FindObjectsInit, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    if (on.search) return CKR_OPERATION_ACTIVE;
    const MemoryAttributes wanted = Copy(parts, count);
    std::vector<CK_OBJECT_HANDLE> found;
    for (const auto& object : on.token->objects) {
      if (State().Sees(on, session, *object) && Matches(*object, wanted)) found.push_back(object->handle);
    }
    if (const auto& shuffle = State().behaviour().shuffle) {
      const auto place = [&](CK_OBJECT_HANDLE handle) { return (handle + *shuffle) * 0x9e3779b97f4a7c15U; };
      std::ranges::sort(found, {}, place);
    }
    on.search.emplace(std::move(found), 0);
    return CKR_OK;
  });
}

CK_RV FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG max, CK_ULONG* count) {
  return State().Call(kC_FindObjects, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    if (!on.search) return CKR_OPERATION_NOT_INITIALIZED;
    auto& [found, next] = *on.search;
    const CK_ULONG at_most = State().behaviour().find_at_most;
    const CK_ULONG room = at_most == 0 ? max : std::min(max, at_most);
    if (State().behaviour().find_repeats && next == found.size()) next = 0;
    for (*count = 0; *count < room && next < found.size(); ++*count) objects[*count] = found[next++];
    return CKR_OK;
  });
}

CK_RV FindObjectsFinal(CK_SESSION_HANDLE session) {
  return State().Call(kC_FindObjectsFinal, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    if (!on.search) return CKR_OPERATION_NOT_INITIALIZED;
    on.search.reset();
    return CKR_OK;
  });
}

bool IsSecret(const MemoryObject& object, CK_ATTRIBUTE_TYPE type) {
  const CK_ULONG object_class = object.Number(CKA_CLASS, CKO_DATA);
  if (object_class == CKO_SECRET_KEY) return type == CKA_VALUE && object.Is(CKA_SENSITIVE);
  if (object_class != CKO_PRIVATE_KEY) return false;
  return type == CKA_VALUE || (type >= CKA_PRIVATE_EXPONENT && type <= CKA_COEFFICIENT);
}

// GetOne fills one attribute in, and gives what it adds to the call's result.
CK_RV GetOne(const MemoryObject& object, CK_ATTRIBUTE& part) {
  if (IsSecret(object, part.type)) {
    part.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_ATTRIBUTE_SENSITIVE;
  }
  const auto has = object.attributes.find(part.type);
  if (has == object.attributes.end() && State().behaviour().missing_is_empty) {
    part.ulValueLen = 0;
    return CKR_OK;
  }
  if (has == object.attributes.end()) {
    part.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    const CK_RV missing = State().behaviour().missing_attribute;
    return missing == 0 ? CKR_ATTRIBUTE_TYPE_INVALID : missing;
  }
  const std::string& value = has->second;
  if (part.pValue != nullptr && part.ulValueLen < value.size()) {
    part.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_BUFFER_TOO_SMALL;
  }
  part.ulValueLen = value.size();
  if (part.pValue != nullptr) std::memcpy(part.pValue, value.data(), value.size());
  return CKR_OK;
}

CK_RV GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE* parts,
                        CK_ULONG count) {
  const CallOn on{.session = session, .attributes = parts, .attribute_count = count};
  return State().Call(kC_GetAttributeValue, on, [=]() -> CK_RV {
    const MemoryObject* const object = State().ObjectOf(session, handle);
    if (object == nullptr || !State().Sees(State().SessionOf(session), session, *object))
      return CKR_OBJECT_HANDLE_INVALID;
    CK_RV rv = CKR_OK;
    for (CK_ATTRIBUTE* part = parts; part != parts + count; ++part) {
      if (const CK_RV one = GetOne(*object, *part); one != CKR_OK) rv = one;
    }
    return rv;
  });
}

CK_RV MayWrite(const MemorySession& on, bool token_object, bool hidden) {
  if (token_object && (on.flags & CKF_RW_SESSION) == 0) return CKR_SESSION_READ_ONLY;
  return hidden && on.token->user != CKU_USER ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

CK_RV SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE* parts,
                        CK_ULONG count) {
  return State().Call(kC_SetAttributeValue, {.session = session}, [=]() -> CK_RV {
    MemoryObject* const object = State().ObjectOf(session, handle);
    if (object == nullptr) return CKR_OBJECT_HANDLE_INVALID;
    const CK_RV rv = MayWrite(State().SessionOf(session), object->owner == 0, object->Is(CKA_PRIVATE));
    if (rv != CKR_OK) return rv;
    for (auto& [type, value] : Copy(parts, count)) object->attributes[type] = value;
    return CKR_OK;
  });
}

CK_RV CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE* parts, CK_ULONG count, CK_OBJECT_HANDLE* made) {
  return State().Call(kC_CreateObject, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    MemoryObject fresh;
    fresh.attributes = Copy(parts, count);
    const bool on_token = fresh.Is(CKA_TOKEN);
    const CK_RV rv = MayWrite(on, on_token, fresh.Is(CKA_PRIVATE));
    if (rv != CKR_OK) return rv;
    std::shared_ptr<EVP_PKEY> key;
    if (fresh.Number(CKA_CLASS, CKO_DATA) == CKO_PRIVATE_KEY) {
      key = KeyFromAttributes(fresh, State().library());
      if (key == nullptr) return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    *made = State().Store(*on.token, fresh.attributes, key, on_token ? 0 : session).handle;
    return CKR_OK;
  });
}

CK_RV DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
  return State().Call(kC_DestroyObject, {.session = session}, [=]() -> CK_RV {
    MemorySession& on = State().SessionOf(session);
    const MemoryObject* const object = State().ObjectOf(session, handle);
    if (object == nullptr) return CKR_OBJECT_HANDLE_INVALID;
    const CK_RV rv = MayWrite(on, object->owner == 0, object->Is(CKA_PRIVATE));
    if (rv == CKR_OK) State().Destroy(*on.token, handle);
    return rv;
  });
}

CK_RV GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ULONG* size) {
  return State().Call(kC_GetObjectSize, {.session = session}, [=]() -> CK_RV {
    const MemoryObject* const object = State().ObjectOf(session, handle);
    if (object == nullptr) return CKR_OBJECT_HANDLE_INVALID;
    *size = 0;
    for (const auto& [type, value] : object->attributes) *size += value.size();
    return CKR_OK;
  });
}

// MakeOne stores one half of a fresh key pair.
CK_OBJECT_HANDLE MakeOne(CK_SESSION_HANDLE session, MemoryAttributes attributes, CK_OBJECT_CLASS object_class,
                         const std::shared_ptr<EVP_PKEY>& key) {
  attributes.merge(PublicAttributes(key.get()));
  attributes[CKA_CLASS] = BytesOf(object_class);
  const bool hidden = object_class == CKO_PRIVATE_KEY;
  attributes.try_emplace(CKA_PRIVATE, std::string(1, hidden ? '\x01' : '\0'));
  MemoryObject fresh;
  fresh.attributes = std::move(attributes);
  const CK_SESSION_HANDLE owner = fresh.Is(CKA_TOKEN) ? 0 : session;
  return State()
      .Store(*State().SessionOf(session).token, fresh.attributes, hidden ? key : nullptr, owner)
      .handle;
}

CK_RV GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* public_parts,
                      CK_ULONG public_count, CK_ATTRIBUTE* private_parts, CK_ULONG private_count,
                      CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  return State().Call(kC_GenerateKeyPair, {.session = session}, [=]() -> CK_RV {
    MemoryObject wanted;
    wanted.attributes = Copy(public_parts, public_count);
    const CK_RV rv = MayWrite(State().SessionOf(session), wanted.Is(CKA_TOKEN), true);
    if (rv != CKR_OK) return rv;
    const auto kind = GeneratedKind(mechanism->mechanism, wanted.Bytes(CKA_EC_PARAMS));
    if (!kind) return CKR_MECHANISM_INVALID;
    const auto key = State().PooledKey(kind->type, kind->curve);
    *public_key = MakeOne(session, wanted.attributes, CKO_PUBLIC_KEY, key);
    *private_key = MakeOne(session, Copy(private_parts, private_count), CKO_PRIVATE_KEY, key);
    return CKR_OK;
  });
}

}  // namespace

void FillObjectFunctions(CK_FUNCTION_LIST& list) {
  list.C_FindObjectsInit = &FindObjectsInit;
  list.C_FindObjects = &FindObjects;
  list.C_FindObjectsFinal = &FindObjectsFinal;
  list.C_GetAttributeValue = &GetAttributeValue;
  list.C_SetAttributeValue = &SetAttributeValue;
  list.C_CreateObject = &CreateObject;
  list.C_DestroyObject = &DestroyObject;
  list.C_GetObjectSize = &GetObjectSize;
  list.C_GenerateKeyPair = &GenerateKeyPair;
}

}  // namespace signet::testing
