#include "openssl_provider/key_exchange.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "openssl_provider/async_job.h"
#include "openssl_provider/dispatch.h"
#include "openssl_provider/private_key.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

[[noreturn]] void Refuse(ErrorCode code, std::string detail) {
  throw Error({.code = code, .detail = std::move(detail)});
}

void CheckTaken(bool taken) {
  if (!taken) Refuse(ErrorCode::kBadArgument, "a parameter has the wrong type");
}

// PointOf gives the public key as an uncompressed point (SEC 1 section 2.3.3), for every input format.
std::vector<std::uint8_t> PointOf(EVP_PKEY* key) {
  unsigned char* encoded = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &encoded);
  const OpenSslPtr<unsigned char> owned(encoded);
  CheckOpenSsl(size != 0, "EVP_PKEY_get1_encoded_public_key");
  return {encoded, encoded + size};
}

// ExchangeContext is one derivation.
class ExchangeContext {
 public:
  explicit ExchangeContext(ProviderContext& provider) : provider_(provider) {}
  ExchangeContext(const ExchangeContext&) = default;
  ExchangeContext& operator=(const ExchangeContext&) = delete;

  const ErrorQueue& errors() const noexcept { return provider_.errors(); }

  void Begin(const KeyReference& key);
  void SetPeer(const KeyReference& peer);
  void SetParams(const OSSL_PARAM params[]);
  void GetParams(OSSL_PARAM params[]) const;
  // Derive gives how much was written; without `out`, the size to expect.
  std::size_t Derive(std::uint8_t* out, std::size_t room) const;

 private:
  std::size_t field_size() const;
  void SetKdfType(std::string_view name);
  void ApplyKdf(const Secret& agreed, std::span<std::uint8_t> out) const;

  ProviderContext& provider_;
  std::shared_ptr<const KeyData> key_;
  std::vector<std::uint8_t> peer_point_;
  bool x963_ = false;
  Hash kdf_hash_ = Hash::kNone;
  std::size_t kdf_size_ = 0;
  std::vector<std::uint8_t> ukm_;
};

void ExchangeContext::Begin(const KeyReference& key) {
  if (!key.has_private()) Refuse(ErrorCode::kBadArgument, "a public key cannot agree on a secret");
  key_ = key.data();
  peer_point_.clear();
  x963_ = false;
}

std::size_t ExchangeContext::field_size() const {
  if (key_ == nullptr) Refuse(ErrorCode::kBadArgument, "the derivation was not initialised");
  return key_->public_key.field_size();
}

void ExchangeContext::SetPeer(const KeyReference& peer) {
  field_size();
  if (EVP_PKEY_parameters_eq(peer.native(), key_->public_key.native()) != 1)
    Refuse(ErrorCode::kBadArgument, "the peer's key is on another curve");
  peer_point_ = PointOf(peer.native());
}

void ExchangeContext::SetKdfType(std::string_view name) {
  if (!name.empty() && name != OSSL_KDF_NAME_X963KDF)
    Refuse(ErrorCode::kUnsupported, "ECDH does not support this key derivation");
  x963_ = !name.empty();
}

void ExchangeContext::SetParams(const OSSL_PARAM params[]) {
  if (params == nullptr || params->key == nullptr) return;
  const auto find = [params](const char* name) { return OSSL_PARAM_locate_const(params, name); };
  const char* text = nullptr;
  if (const OSSL_PARAM* type = find(OSSL_EXCHANGE_PARAM_KDF_TYPE)) {
    CheckTaken(OSSL_PARAM_get_utf8_string_ptr(type, &text) == 1 && text != nullptr);
    SetKdfType(text);
  }
  if (const OSSL_PARAM* hash = find(OSSL_EXCHANGE_PARAM_KDF_DIGEST)) {
    CheckTaken(OSSL_PARAM_get_utf8_string_ptr(hash, &text) == 1 && text != nullptr);
    const auto known = HashFromName(text);
    if (!known) Refuse(ErrorCode::kUnsupported, "key derivation with this hash is not supported");
    kdf_hash_ = *known;
  }
  if (const OSSL_PARAM* size = find(OSSL_EXCHANGE_PARAM_KDF_OUTLEN))
    CheckTaken(OSSL_PARAM_get_size_t(size, &kdf_size_) == 1);
  if (const OSSL_PARAM* ukm = find(OSSL_EXCHANGE_PARAM_KDF_UKM)) {
    CheckTaken(ukm->data_type == OSSL_PARAM_OCTET_STRING);
    const auto* bytes = static_cast<const std::uint8_t*>(ukm->data);
    ukm_.assign(bytes, bytes + ukm->data_size);
  }
  // On curves whose cofactor is 1, which are all that we know, both modes are the same.
  int cofactor = 0;
  if (const OSSL_PARAM* mode = find(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE))
    CheckTaken(OSSL_PARAM_get_int(mode, &cofactor) == 1 && cofactor >= -1 && cofactor <= 1);
}

void ExchangeContext::GetParams(OSSL_PARAM params[]) const {
  if (params == nullptr) return;
  const auto find = [params](const char* name) { return OSSL_PARAM_locate(params, name); };
  if (OSSL_PARAM* type = find(OSSL_EXCHANGE_PARAM_KDF_TYPE))
    CheckTaken(OSSL_PARAM_set_utf8_string(type, x963_ ? OSSL_KDF_NAME_X963KDF : "") == 1);
  if (OSSL_PARAM* hash = find(OSSL_EXCHANGE_PARAM_KDF_DIGEST))
    CheckTaken(OSSL_PARAM_set_utf8_string(hash, kdf_hash_ != Hash::kNone ? RowOf(kdf_hash_).name : "") == 1);
  if (OSSL_PARAM* size = find(OSSL_EXCHANGE_PARAM_KDF_OUTLEN))
    CheckTaken(OSSL_PARAM_set_size_t(size, kdf_size_) == 1);
  if (OSSL_PARAM* ukm = find(OSSL_EXCHANGE_PARAM_KDF_UKM))
    CheckTaken(OSSL_PARAM_set_octet_ptr(ukm, ukm_.data(), ukm_.size()) == 1);
  if (OSSL_PARAM* mode = find(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE))
    CheckTaken(OSSL_PARAM_set_int(mode, 0) == 1);
}

void ExchangeContext::ApplyKdf(const Secret& agreed, std::span<std::uint8_t> out) const {
  const OpenSslPtr<EVP_KDF> kdf(
      CheckOpenSsl(EVP_KDF_fetch(OwnContext(), OSSL_KDF_NAME_X963KDF, nullptr), "EVP_KDF_fetch"));
  const OpenSslPtr<EVP_KDF_CTX> context(CheckOpenSsl(EVP_KDF_CTX_new(kdf.get()), "EVP_KDF_CTX_new"));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(RowOf(kdf_hash_).name), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(agreed.view().data()),
                                        agreed.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<std::uint8_t*>(ukm_.data()),
                                        ukm_.size()),
      OSSL_PARAM_construct_end(),
  };
  CheckOpenSsl(EVP_KDF_derive(context.get(), out.data(), out.size(), params), "EVP_KDF_derive");
}

std::size_t ExchangeContext::Derive(std::uint8_t* out, std::size_t room) const {
  const std::size_t size = x963_ ? kdf_size_ : field_size();
  if (out == nullptr) return size;
  // As OpenSSL's own ECDH: a short buffer gets the first bytes of the shared point, but never of a KDF.
  if (x963_ && room < size) Refuse(ErrorCode::kBadArgument, "the buffer is too short for the secret");
  if (peer_point_.empty()) Refuse(ErrorCode::kBadArgument, "the peer's key is missing");
  const Secret agreed = RunPausable(
      *key_->private_key, [key = key_->private_key, point = peer_point_] { return key->Derive(point); });
  if (x963_) {
    ApplyKdf(agreed, {out, size});
    return size;
  }
  const std::string_view taken = agreed.view().substr(0, room);
  std::ranges::copy(taken, out);
  return taken.size();
}

void* NewContext(ProviderContext& provider) { return std::make_unique<ExchangeContext>(provider).release(); }
void* DupContext(ExchangeContext& context) { return std::make_unique<ExchangeContext>(context).release(); }

void FreeContext(void* context) noexcept {
  const std::unique_ptr<ExchangeContext> owned(static_cast<ExchangeContext*>(context));
}

int Init(ExchangeContext& context, void* key, const OSSL_PARAM params[]) {
  if (key == nullptr) Refuse(ErrorCode::kBadArgument, "a derivation needs a key");
  context.Begin(*static_cast<const KeyReference*>(key));
  context.SetParams(params);
  return 1;
}

int SetPeer(ExchangeContext& context, void* peer) {
  if (peer == nullptr) Refuse(ErrorCode::kBadArgument, "the peer's key is missing");
  context.SetPeer(*static_cast<const KeyReference*>(peer));
  return 1;
}

int Derive(ExchangeContext& context, unsigned char* out, std::size_t* size, std::size_t room) {
  *size = context.Derive(out, room);
  return 1;
}

int SetParams(ExchangeContext& context, const OSSL_PARAM params[]) {
  context.SetParams(params);
  return 1;
}

int GetParams(ExchangeContext& context, OSSL_PARAM params[]) {
  context.GetParams(params);
  return 1;
}

const OSSL_PARAM* SettableParams(void*, void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
      OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, nullptr, 0),
      OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
      OSSL_PARAM_END,
  };
  return params;
}

const OSSL_PARAM* GettableParams(void*, void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
      OSSL_PARAM_octet_ptr(OSSL_EXCHANGE_PARAM_KDF_UKM, nullptr, 0),
      OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
      OSSL_PARAM_END,
  };
  return params;
}

}  // namespace

const OSSL_DISPATCH* KeyExchangeFunctions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_KEYEXCH_NEWCTX, OSSL_FUNC_keyexch_newctx_fn, NewContext>(),
      PlainEntry<OSSL_FUNC_KEYEXCH_FREECTX, OSSL_FUNC_keyexch_freectx_fn, FreeContext>(),
      Entry<OSSL_FUNC_KEYEXCH_DUPCTX, OSSL_FUNC_keyexch_dupctx_fn, DupContext>(),
      Entry<OSSL_FUNC_KEYEXCH_INIT, OSSL_FUNC_keyexch_init_fn, Init>(),
      Entry<OSSL_FUNC_KEYEXCH_SET_PEER, OSSL_FUNC_keyexch_set_peer_fn, SetPeer>(),
      Entry<OSSL_FUNC_KEYEXCH_DERIVE, OSSL_FUNC_keyexch_derive_fn, Derive>(),
      Entry<OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, OSSL_FUNC_keyexch_set_ctx_params_fn, SetParams>(),
      PlainEntry<OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, OSSL_FUNC_keyexch_settable_ctx_params_fn,
                 SettableParams>(),
      Entry<OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, OSSL_FUNC_keyexch_get_ctx_params_fn, GetParams>(),
      PlainEntry<OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, OSSL_FUNC_keyexch_gettable_ctx_params_fn,
                 GettableParams>(),
      kEndOfTable,
  };
  return table;
}

}  // namespace signet::provider
