#pragma once

#include "pkcs11/token/token.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

using Bytes = std::vector<std::uint8_t>;

// Attributes are those of one object that the token reveals. One that is missing, hidden or of a nonsensical
// length is absent.
class Attributes {
 public:
  void Set(CK_ATTRIBUTE_TYPE type, Bytes value) { values_.push_back({type, std::move(value)}); }
  const Bytes* Find(CK_ATTRIBUTE_TYPE type) const noexcept;
  // BytesOf gives the value, or an empty one.
  const Bytes& BytesOf(CK_ATTRIBUTE_TYPE type) const noexcept;
  std::string TextOf(CK_ATTRIBUTE_TYPE type) const;
  std::optional<CK_ULONG> NumberOf(CK_ATTRIBUTE_TYPE type) const noexcept;
  std::optional<bool> FlagOf(CK_ATTRIBUTE_TYPE type) const noexcept;

 private:
  struct Value {
    CK_ATTRIBUTE_TYPE type;
    Bytes bytes;
  };
  std::vector<Value> values_;
};

// StoredObject is an object on the token: its handle is good for one epoch.
struct StoredObject {
  CK_OBJECT_HANDLE handle = 0;
  CK_OBJECT_CLASS object_class = CK_UNAVAILABLE_INFORMATION;
  bool partial = false;  // a certificate whose value was not asked for
  Attributes attributes;

  const Bytes& id() const noexcept { return attributes.BytesOf(CKA_ID); }
  std::string label() const { return attributes.TextOf(CKA_LABEL); }
};

// ReadAttributes gets all that we want to know of an object in one C_GetAttributeValue, and one more where a
// value was longer than expected. Modules that fail as a whole, or stop at the first attribute that the
// object does not have, are asked again, one by one. `object_class` is what the object is known to be; a
// certificate that was not known to be one is partial.
StoredObject ReadAttributes(Token::Lease& lease, CK_OBJECT_HANDLE object,
                            std::optional<CK_OBJECT_CLASS> object_class);

}  // namespace signet::inline pkcs11
