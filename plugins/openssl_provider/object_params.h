#pragma once

#include "openssl_provider/private_key.h"

#include <cstdint>
#include <memory>
#include <span>

#include <openssl/core.h>
#include <openssl/core_object.h>

// How stores and decoders hand an object to libcrypto (provider-object(7)). Each tells whether it was taken.
namespace signet::provider {

// ObjectKind describes DER; what is null is left for libcrypto to find out.
struct ObjectKind {
  int kind = OSSL_OBJECT_PKEY;
  const char* type = nullptr;
  const char* structure = nullptr;
};

bool OfferDer(const ObjectKind& object, std::span<const std::uint8_t> der, OSSL_CALLBACK* callback,
              void* argument);

// OfferReference hands over a key of our own keymgmt, which takes it out of `key`.
bool OfferReference(std::unique_ptr<KeyReference> key, OSSL_CALLBACK* callback, void* argument);

}  // namespace signet::provider
