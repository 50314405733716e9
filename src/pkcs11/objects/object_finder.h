#pragma once

#include "pkcs11/objects/attributes.h"

#include <optional>
#include <string>
#include <vector>

namespace signet {

// ObjectTemplate says which objects are looked for: all that is set must match.
struct ObjectTemplate {
  std::optional<CK_OBJECT_CLASS> object_class;
  std::optional<Bytes> id;
  std::optional<std::string> label;
  std::optional<Bytes> subject;  // DER Name of a certificate
};

// FindHandles lets the token search: what it costs does not depend on how many objects there are.
std::vector<CK_OBJECT_HANDLE> FindHandles(Token::Lease& lease, const ObjectTemplate& wanted);
// FindObjects is the same with the attributes of each.
std::vector<StoredObject> FindObjects(Token::Lease& lease, const ObjectTemplate& wanted);

}  // namespace signet
