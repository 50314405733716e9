#pragma once

#include "base/openssl_ptr.h"
#include "pkcs11/admin/key_spec.h"
#include "pkcs11/module/cryptoki.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

// Template collects attributes and keeps their values, wiping them when it dies.
class Template {
 public:
  Template() = default;
  ~Template();
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  void Number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  void Flag(CK_ATTRIBUTE_TYPE type, bool value);
  void Bytes(CK_ATTRIBUTE_TYPE type, std::span<const std::uint8_t> value);
  void Text(CK_ATTRIBUTE_TYPE type, std::string_view value);
  // Name adds CKA_ID and CKA_LABEL, as far as they are not empty.
  void Name(const ObjectName& name);

  // attributes gives what a call takes; it points to the values here.
  std::vector<CK_ATTRIBUTE> attributes() const { return attributes_; }

 private:
  std::deque<std::vector<std::uint8_t>> values_;
  std::vector<CK_ATTRIBUTE> attributes_;
};

// EcParams gives CKA_EC_PARAMS of a curve: its OID. Ed25519 and Ed448 by their OIDs of RFC 8410.
std::vector<std::uint8_t> EcParams(const KeySpec& spec);

// AddPublicParts and AddPrivateParts add CKA_KEY_TYPE and what makes up the key; throw Error kUnsupported for
// a key type that PKCS#11 tokens do not hold.
void AddPublicParts(EVP_PKEY* key, Template& to);
void AddPrivateParts(EVP_PKEY* key, Template& to);

}  // namespace signet::inline pkcs11
