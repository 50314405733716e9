#pragma once

#include "pkcs11/objects/attributes.h"

#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// ObjectTemplate says which objects are looked for: all that is set must match.
struct ObjectTemplate {
  std::optional<CK_OBJECT_CLASS> object_class;
  std::optional<Bytes> id;
  std::optional<std::string> label;
  std::optional<Bytes> subject;  // DER Name of a certificate
};

// FindHandles lets the token search, until it gives no more; each object once. Throws Error, also where a
// search does not end.
std::vector<CK_OBJECT_HANDLE> FindHandles(Token::Lease& lease, const ObjectTemplate& wanted);
// FindObjects is the same with the attributes of each.
std::vector<StoredObject> FindObjects(Token::Lease& lease, const ObjectTemplate& wanted);

}  // namespace signet::inline pkcs11
