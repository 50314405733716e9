#include "openssl_provider/private_key.h"

#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "openssl_provider/generated_key.h"

#include <algorithm>

#include <openssl/core_names.h>

namespace signet::provider {
namespace {

std::optional<Hash> HashParameter(EVP_PKEY* key, const char* name) {
  char value[64];
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, name, value, sizeof value, &size) != 1) return std::nullopt;
  return HashFromName({value, size});
}

// RestrictionOf reads the parameters back from OpenSSL, which shows a hash only for a key that has some.
std::optional<PssRestriction> RestrictionOf(const PublicKey& key) {
  if (key.type() != KeyType::kRsaPss) return std::nullopt;
  const OpenSslErrorMark mark;
  const auto hash = HashParameter(key.native(), OSSL_PKEY_PARAM_MANDATORY_DIGEST);
  if (!hash) return std::nullopt;
  const auto mgf1_hash = HashParameter(key.native(), OSSL_PKEY_PARAM_MGF1_DIGEST);
  int salt = 20;  // RFC 4055's default, which is not always reported
  EVP_PKEY_get_int_param(key.native(), OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &salt);
  return PssRestriction{*hash, mgf1_hash.value_or(Hash::kSha1), salt};
}

}  // namespace

KeyData::KeyData(std::shared_ptr<PrivateKey> key)
    : private_key(std::move(key)),
      public_key(PublicKey::FromPartialSpki(private_key->subject_public_key_info())),
      max_signature_size(std::max(private_key->max_signature_size(), public_key.max_signature_size())),
      pss_restriction(RestrictionOf(public_key)) {}

Error UnknownPublicKey(const KeyData& key) {
  return Error({.code = ErrorCode::kUnsupported,
                .detail = "cannot determine the public key: the token holds the private key alone",
                .uri = key.private_key->uri(),
                .hint = "Store the public key or the certificate on the token, with the same CKA_ID."});
}

std::shared_ptr<const KeyData> KeyReference::data() const {
  return generated() ? std::make_shared<const KeyData>(std::make_shared<GeneratedKey>(generated_.get()))
                     : data_;
}

bool KeyReference::SetForm(OSSL_PARAM params[]) {
  OpenSslPtr<EVP_PKEY> copy(CheckOpenSsl(EVP_PKEY_dup(native()), "EVP_PKEY_dup"));
  if (EVP_PKEY_set_params(copy.get(), params) != 1) return false;
  written_ = std::move(copy);
  return true;
}

void KeyReference::SetFormOf(const KeyReference& other) {
  if (other.written_ != nullptr)
    written_.reset(CheckOpenSsl(EVP_PKEY_dup(other.written_.get()), "EVP_PKEY_dup"));
}

}  // namespace signet::provider
