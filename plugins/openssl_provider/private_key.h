#pragma once

#include "identity/public_key.h"
#include "openssl_provider/claimed_keys.h"
#include "openssl_provider/provider_context.h"
#include <signet/error.h>
#include <signet/private_key.h>

#include <memory>
#include <optional>

namespace signet::provider {

// PssRestriction is what the parameters of an id-RSASSA-PSS key allow (RFC 4055 section 3.1).
struct PssRestriction {
  Hash hash;
  Hash mgf1_hash;
  int minimum_salt;
};

// KeyData is the provider's key object: the private operation, and the public key in software.
// Immutable but for the claims, shared by every EVP_PKEY and context that uses it.
struct KeyData {
  // KeyData throws Error kUnsupported for a public key that OpenSSL does not know.
  explicit KeyData(std::shared_ptr<PrivateKey> key);

  const std::shared_ptr<PrivateKey> private_key;
  const PublicKey public_key;
  const std::size_t max_signature_size;
  const std::optional<PssRestriction> pss_restriction;
  // What programs take for the public part where public_key is not known().
  mutable ClaimedKeys claimed;
};

// UnknownPublicKey is the error of an operation that needs the public part of a key that has none.
Error UnknownPublicKey(const KeyData& key);

// KeyReference is the `keydata` that libcrypto holds a pointer to: a key that we own, or one in software that
// was generated or imported because libcrypto asked us (see keymgmt_generation.h).
class KeyReference {
 public:
  // KeyReference with `has_private` false shows the public part alone.
  KeyReference(ProviderContext& provider, std::shared_ptr<const KeyData> data, bool has_private)
      : provider_(provider), data_(std::move(data)), has_private_(has_private) {}
  KeyReference(ProviderContext& provider, OpenSslPtr<EVP_PKEY> generated, bool has_private)
      : provider_(provider), generated_(std::move(generated)), has_private_(has_private) {}

  // KeyReference without a key is what a key in software is imported into; see keymgmt.cc.
  explicit KeyReference(ProviderContext& provider) : provider_(provider) {}
  void Import(OpenSslPtr<EVP_PKEY> key, bool has_private) {
    generated_ = std::move(key);
    has_private_ = has_private;
  }

  ProviderContext& provider() const noexcept { return provider_; }
  const ErrorQueue& errors() const noexcept { return provider_.errors(); }
  // data is what signatures work with; it is put together for a generated key.
  std::shared_ptr<const KeyData> data() const;
  // native is the public part, or the whole of a generated key, in our own library context.
  EVP_PKEY* native() const noexcept {
    if (written_ != nullptr) return written_.get();
    return data_ != nullptr ? data_->public_key.native() : generated_.get();
  }
  // SetForm sets how the public part of a key that we own is written, for this reference alone; it tells
  // whether that worked. SetFormOf takes the form that was set on another reference to the same key.
  bool SetForm(OSSL_PARAM params[]);
  void SetFormOf(const KeyReference& other);
  bool generated() const noexcept { return data_ == nullptr; }
  // has_public: a token may hold a private key of which nothing but type and curve are known.
  bool has_public() const noexcept { return generated() || data_->public_key.known(); }
  bool has_private() const noexcept { return has_private_; }

 private:
  ProviderContext& provider_;
  const std::shared_ptr<const KeyData> data_;
  OpenSslPtr<EVP_PKEY> generated_;
  OpenSslPtr<EVP_PKEY> written_;  // the public part in the format to write; null: the original format
  bool has_private_ = false;
};

}  // namespace signet::provider
