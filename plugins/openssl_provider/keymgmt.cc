#include "openssl_provider/keymgmt.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "openssl_provider/dispatch.h"
#include "openssl_provider/keymgmt_generation.h"
#include "openssl_provider/private_key.h"
#include "openssl_provider/signature.h"

#include <memory>
#include <string_view>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

// Load takes over the key that our store offers by reference: a pointer to the pointer that owns it.
template <KeyType kType>
void* Load(const void* reference, std::size_t size) noexcept {
  if (reference == nullptr || size != sizeof(KeyReference*)) return nullptr;
  auto* const slot = static_cast<KeyReference**>(const_cast<void*>(reference));
  if (*slot == nullptr || (*slot)->data()->public_key.type() != kType) return nullptr;
  return std::exchange(*slot, nullptr);
}

void Free(void* keydata) noexcept {
  const std::unique_ptr<KeyReference> owned(static_cast<KeyReference*>(keydata));
}

int Has(const KeyReference& key, int selection) {
  const auto wanted = [selection](int part) { return (selection & part) != 0; };
  if (wanted(OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !key.has_private()) return 0;
  return wanted(OSSL_KEYMGMT_SELECT_PUBLIC_KEY) && !key.has_public() ? 0 : 1;
}

// MatchClaimed compares a key without a public part: any key of its type and curve may be its own until a
// signature shows which one is. Two of them are equal only where they are the same key on the same token.
bool MatchClaimed(const KeyReference& key, const KeyReference& other) {
  if (other.has_public()) return key.data()->claimed.Claim(PublicKey::FromNative(other.native()));
  const std::string uri = key.data()->private_key->uri();
  return key.data() == other.data() || (!uri.empty() && uri == other.data()->private_key->uri());
}

int Match(const KeyReference& key, const void* other, int selection) {
  if (other == nullptr) return 0;
  const auto& second = *static_cast<const KeyReference*>(other);
  EVP_PKEY* const a = key.native();
  EVP_PKEY* const b = second.native();
  const bool curve_alone = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0;
  // Equal public keys mean equal private keys.
  if (!curve_alone && key.has_public() && second.has_public()) return EVP_PKEY_eq(a, b) == 1 ? 1 : 0;
  if (EVP_PKEY_parameters_eq(a, b) != 1) return 0;
  if (curve_alone) return 1;
  return (key.has_public() ? MatchClaimed(second, key) : MatchClaimed(key, second)) ? 1 : 0;
}

int Export(const KeyReference& key, int selection, OSSL_CALLBACK* callback, void* argument) {
  if (!key.generated() && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    // libcrypto tries this whenever it looks for another provider for the operation: no exception, no text.
    key.errors().Raise(kReasonPrivateKeyStays);
    return 0;
  }
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !key.has_public()) return 0;
  return EVP_PKEY_export(key.native(), selection, callback, argument);
}

bool IsPublicPart(std::string_view name) noexcept {
  return name == OSSL_PKEY_PARAM_PUB_KEY || name == OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY ||
         name == OSSL_PKEY_PARAM_EC_PUB_X || name == OSSL_PKEY_PARAM_EC_PUB_Y;
}

int GetParams(const KeyReference& key, OSSL_PARAM params[]) {
  for (const OSSL_PARAM* param = params; !key.has_public() && param->key != nullptr; ++param) {
    if (IsPublicPart(param->key)) throw UnknownPublicKey(*key.data());
  }
  return EVP_PKEY_get_params(key.native(), params);
}

// What may be set on a key that we own: how its public part is written, not what it is.
bool IsAboutForm(std::string_view name) noexcept {
  return name == OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT || name == OSSL_PKEY_PARAM_EC_ENCODING ||
         name == OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC;
}

// SetParams serves the peer's key in a handshake, which begins as a curve, and programs that choose how a
// public key is written (`openssl ec -conv_form`).
int SetParams(KeyReference& key, const OSSL_PARAM params[]) {
  auto* const writable = const_cast<OSSL_PARAM*>(params);
  if (key.generated()) return EVP_PKEY_set_params(key.native(), writable);
  for (const OSSL_PARAM* param = params; param != nullptr && param->key != nullptr; ++param) {
    if (!IsAboutForm(param->key)) return 0;
  }
  return key.SetForm(writable) ? 1 : 0;
}

std::unique_ptr<KeyReference> DupGenerated(const KeyReference& key, int selection) {
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0) {
    OpenSslPtr<EVP_PKEY> copy(CheckOpenSsl(EVP_PKEY_dup(key.native()), "EVP_PKEY_dup"));
    return std::make_unique<KeyReference>(key.provider(), std::move(copy), key.has_private());
  }
  OpenSslPtr<EVP_PKEY> parameters(CheckOpenSsl(EVP_PKEY_new(), "EVP_PKEY_new"));
  CheckOpenSsl(EVP_PKEY_copy_parameters(parameters.get(), key.native()), "EVP_PKEY_copy_parameters");
  return std::make_unique<KeyReference>(key.provider(), std::move(parameters), false);
}

// Dup gives a curve alone too, on which a peer's key is then built: CMS does so with the recipient's.
void* Dup(const KeyReference& key, int selection) {
  const bool curve_alone =
      (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 && EVP_PKEY_is_a(key.native(), "EC") == 1;
  if (key.generated() || curve_alone) return DupGenerated(key, selection).release();
  const bool with_private = key.has_private() && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  auto copy = std::make_unique<KeyReference>(key.provider(), key.data(), with_private);
  copy->SetFormOf(key);
  return copy.release();
}

int SetTemplate(Generation& generation, void* other) {
  if (other != nullptr) generation.SetTemplate(*static_cast<const KeyReference*>(other));
  return 1;
}

int SetGenerationParams(Generation& generation, const OSSL_PARAM params[]) {
  generation.SetParams(params);
  return 1;
}

const OSSL_PARAM* SettableGenerationParams(Generation& generation, void*) {
  return generation.settable_params();
}

void* Generate(Generation& generation, OSSL_CALLBACK*, void*) { return generation.Make().release(); }

void CleanUpGeneration(void* generation) noexcept {
  const std::unique_ptr<Generation> owned(static_cast<Generation*>(generation));
}

const OSSL_PARAM kRsaPublic[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
                                 OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0), OSSL_PARAM_END};
const OSSL_PARAM kEcPublic[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
const OSSL_PARAM kEdwardsPublic[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                     OSSL_PARAM_END};

// KeyTypeColumns is what the keymgmt knows of one key type beside the core's KeyTypes().
struct KeyTypeColumns {
  const char* name;
  const char* signature;  // the algorithm that signs with it
  const char* exchange;   // the algorithm that derives with it, or null
  const OSSL_PARAM* exported;
};

template <KeyType kType>
constexpr KeyTypeColumns kColumns{};
template <>
constexpr KeyTypeColumns kColumns<KeyType::kRsa> = {"RSA", OwnName(Family::kRsa), nullptr, kRsaPublic};
template <>
constexpr KeyTypeColumns kColumns<KeyType::kRsaPss> = {"RSA-PSS", OwnName(Family::kRsa), nullptr, kRsaPublic};
template <>
constexpr KeyTypeColumns kColumns<KeyType::kEc> = {"EC", OwnName(Family::kEcdsa), "ECDH", kEcPublic};
template <>
constexpr KeyTypeColumns kColumns<KeyType::kEd25519> = {"ED25519", OwnName(Family::kEd25519), nullptr,
                                                        kEdwardsPublic};
template <>
constexpr KeyTypeColumns kColumns<KeyType::kEd448> = {"ED448", OwnName(Family::kEd448), nullptr,
                                                      kEdwardsPublic};

template <KeyType kType>
const char* QueryOperationName(int operation) noexcept {
  if (operation == OSSL_OP_SIGNATURE) return kColumns<kType>.signature;
  return operation == OSSL_OP_KEYEXCH ? kColumns<kType>.exchange : kColumns<kType>.name;
}

template <KeyType kType>
const OSSL_PARAM* ExportTypes(int selection) noexcept {
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ? kColumns<kType>.exported : nullptr;
}

// Software is the keymgmt that works for ours. It is kept as long as our own library context: permanently.
template <KeyType kType>
const EVP_KEYMGMT* Software() {
  static const EVP_KEYMGMT* const keymgmt = EVP_KEYMGMT_fetch(OwnContext(), kColumns<kType>.name, nullptr);
  return keymgmt;
}

template <KeyType kType>
const OSSL_PARAM* Gettable(const ProviderContext&) {
  const EVP_KEYMGMT* const software = Software<kType>();
  return software != nullptr ? EVP_KEYMGMT_gettable_params(software) : nullptr;
}

template <KeyType kType>
const OSSL_PARAM* Settable(const ProviderContext&) {
  const EVP_KEYMGMT* const software = Software<kType>();
  return software != nullptr ? EVP_KEYMGMT_settable_params(software) : nullptr;
}

template <KeyType kType>
void* InitGeneration(ProviderContext& provider, int selection, const OSSL_PARAM params[]) {
  return std::make_unique<Generation>(provider, kColumns<kType>.name, selection, params).release();
}

void* New(ProviderContext& provider) { return std::make_unique<KeyReference>(provider).release(); }

// Building begins a key of this type that is made of numbers, in our own library context.
OpenSslPtr<EVP_PKEY_CTX> Building(const char* type) {
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(OwnContext(), type, nullptr));
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  return context;
}

bool HoldsPrivateKey(const OSSL_PARAM params[]) {
  return OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != nullptr ||
         OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != nullptr;
}

// TakeIn makes a key in software from libcrypto's data: the public key of the peer in a key agreement with a
// token's EC key, and, if we precede `default` or are preferred, every key that a program builds.
bool TakeIn(KeyReference& key, const char* type, int selection, const OSSL_PARAM params[]) {
  if (!key.generated()) return false;
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_PKEY_CTX> context = Building(type);
  EVP_PKEY* made = nullptr;
  if (context == nullptr ||
      EVP_PKEY_fromdata(context.get(), &made, selection, const_cast<OSSL_PARAM*>(params)) != 1)
    return false;
  OpenSslPtr<EVP_PKEY> imported(made);
  // Of curves only those that have a name: no others are compared or derived with here.
  if (EVP_PKEY_is_a(imported.get(), "EC") == 1 &&
      OBJ_sn2nid(PublicKey::FromNative(imported.get()).curve().c_str()) == NID_undef)
    return false;
  key.Import(std::move(imported),
             (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && HoldsPrivateKey(params));
  return true;
}

// Import says why only for a whole key pair: where libcrypto compares public keys, an error would stay in the
// queue.
template <KeyType kType>
int Import(KeyReference& key, int selection, const OSSL_PARAM params[]) {
  if (TakeIn(key, kColumns<kType>.name, selection, params)) return 1;
  if (HoldsPrivateKey(params)) key.errors().Raise(kReasonKeyNotTakenIn);
  return 0;
}

template <KeyType kType>
const OSSL_PARAM* ImportTypes(int selection) noexcept {
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_PKEY_CTX> context = Building(kColumns<kType>.name);
  return context != nullptr ? EVP_PKEY_fromdata_settable(context.get(), selection) : nullptr;
}

template <KeyType kType>
const OSSL_DISPATCH* Functions() noexcept {
  static const OSSL_DISPATCH table[] = {
      PlainEntry<OSSL_FUNC_KEYMGMT_LOAD, OSSL_FUNC_keymgmt_load_fn, Load<kType>>(),
      PlainEntry<OSSL_FUNC_KEYMGMT_FREE, OSSL_FUNC_keymgmt_free_fn, Free>(),
      PlainEntry<OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, OSSL_FUNC_keymgmt_query_operation_name_fn,
                 QueryOperationName<kType>>(),
      PlainEntry<OSSL_FUNC_KEYMGMT_EXPORT_TYPES, OSSL_FUNC_keymgmt_export_types_fn, ExportTypes<kType>>(),
      Entry<OSSL_FUNC_KEYMGMT_HAS, OSSL_FUNC_keymgmt_has_fn, Has>(),
      Entry<OSSL_FUNC_KEYMGMT_MATCH, OSSL_FUNC_keymgmt_match_fn, Match>(),
      Entry<OSSL_FUNC_KEYMGMT_EXPORT, OSSL_FUNC_keymgmt_export_fn, Export>(),
      Entry<OSSL_FUNC_KEYMGMT_GET_PARAMS, OSSL_FUNC_keymgmt_get_params_fn, GetParams>(),
      Entry<OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, OSSL_FUNC_keymgmt_gettable_params_fn, Gettable<kType>>(),
      Entry<OSSL_FUNC_KEYMGMT_SET_PARAMS, OSSL_FUNC_keymgmt_set_params_fn, SetParams>(),
      Entry<OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, OSSL_FUNC_keymgmt_settable_params_fn, Settable<kType>>(),
      Entry<OSSL_FUNC_KEYMGMT_DUP, OSSL_FUNC_keymgmt_dup_fn, Dup>(),
      Entry<OSSL_FUNC_KEYMGMT_GEN_INIT, OSSL_FUNC_keymgmt_gen_init_fn, InitGeneration<kType>>(),
      Entry<OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, OSSL_FUNC_keymgmt_gen_set_template_fn, SetTemplate>(),
      Entry<OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, OSSL_FUNC_keymgmt_gen_set_params_fn, SetGenerationParams>(),
      Entry<OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, OSSL_FUNC_keymgmt_gen_settable_params_fn,
            SettableGenerationParams>(),
      Entry<OSSL_FUNC_KEYMGMT_GEN, OSSL_FUNC_keymgmt_gen_fn, Generate>(),
      PlainEntry<OSSL_FUNC_KEYMGMT_GEN_CLEANUP, OSSL_FUNC_keymgmt_gen_cleanup_fn, CleanUpGeneration>(),
      Entry<OSSL_FUNC_KEYMGMT_NEW, OSSL_FUNC_keymgmt_new_fn, New>(),
      Entry<OSSL_FUNC_KEYMGMT_IMPORT, OSSL_FUNC_keymgmt_import_fn, Import<kType>>(),
      PlainEntry<OSSL_FUNC_KEYMGMT_IMPORT_TYPES, OSSL_FUNC_keymgmt_import_types_fn, ImportTypes<kType>>(),
      kEndOfTable,
  };
  return table;
}

struct TableRow {
  KeyType type;
  const OSSL_DISPATCH* (*table)() noexcept;
};

constexpr TableRow kTables[] = {
    {KeyType::kRsa, Functions<KeyType::kRsa>},     {KeyType::kRsaPss, Functions<KeyType::kRsaPss>},
    {KeyType::kEc, Functions<KeyType::kEc>},       {KeyType::kEd25519, Functions<KeyType::kEd25519>},
    {KeyType::kEd448, Functions<KeyType::kEd448>},
};

}  // namespace

const OSSL_DISPATCH* KeymgmtFunctions(KeyType type) noexcept {
  for (const TableRow& row : kTables) {
    if (row.type == type) return row.table();
  }
  return nullptr;
}

}  // namespace signet::provider
