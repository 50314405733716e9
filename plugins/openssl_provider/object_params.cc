#include "openssl_provider/object_params.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {

bool OfferDer(const ObjectKind& object, std::span<const std::uint8_t> der, OSSL_CALLBACK* callback,
              void* argument) {
  int kind = object.kind;
  OSSL_PARAM params[5];
  OSSL_PARAM* next = params;
  const auto add_text = [&next](const char* name, const char* text) {
    if (text != nullptr) *next++ = OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(text), 0);
  };
  *next++ = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &kind);
  add_text(OSSL_OBJECT_PARAM_DATA_TYPE, object.type);
  add_text(OSSL_OBJECT_PARAM_DATA_STRUCTURE, object.structure);
  *next++ = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, const_cast<std::uint8_t*>(der.data()),
                                              der.size());
  *next = OSSL_PARAM_construct_end();
  return callback(params, argument) == 1;
}

bool OfferReference(std::unique_ptr<KeyReference> key, OSSL_CALLBACK* callback, void* argument) {
  int kind = OSSL_OBJECT_PKEY;
  const std::string type = key->data()->public_key.algorithm();
  KeyReference* slot = key.release();
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &kind),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, const_cast<char*>(type.c_str()), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &slot, sizeof slot),
      OSSL_PARAM_construct_end(),
  };
  const bool taken = callback(params, argument) == 1;
  key.reset(slot);  // null if the keymgmt took it
  return taken;
}

}  // namespace signet::provider
