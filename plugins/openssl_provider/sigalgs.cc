// Signature algorithms that bring their hash and padding: what OpenSSL 3.4 added (provider-signature(7)).
#include "openssl_provider/dispatch.h"
#include "openssl_provider/keymgmt.h"
#include "openssl_provider/signature_functions.h"

#include <openssl/core_names.h>
#include <openssl/opensslv.h>

namespace signet::provider {

#if OPENSSL_VERSION_PREREQ(3, 4)

namespace {

using Operation = SignatureContext::Operation;
using Input = SignatureContext::Input;
using Kind = SigningAlgorithm::Kind;

template <Family kFamily, Kind kKind, Hash kHash>
void* NewContext(ProviderContext& provider, const char*) {
  auto context = std::make_unique<SignatureContext>(provider, kFamily);
  if constexpr (kHash != Hash::kNone) context->FixAlgorithm(kKind, kHash);
  return context.release();
}

template <Operation kOperation, Input kInput>
int Init(SignatureContext& context, void* key, const OSSL_PARAM params[]) {
  context.Begin(kOperation, kInput, static_cast<const KeyReference*>(key));
  context.SetParams(params);
  return 1;
}

int VerifyMessageFinal(SignatureContext& context) {
  return context.Verify(std::nullopt, context.expected_signature()) ? 1 : 0;
}

template <Family kFamily>
const char** KeyTypes() noexcept {
  static const char* rsa[] = {"RSA", nullptr};
  static const char* ec[] = {"EC", nullptr};
  static const char* ed25519[] = {"ED25519", nullptr};
  static const char* ed448[] = {"ED448", nullptr};
  static const char** const names[] = {rsa, ec, ed25519, ed448};
  return names[static_cast<std::size_t>(kFamily)];
}

template <Family kFamily, Kind kKind, Hash kHash>
const OSSL_DISPATCH* Functions() {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_SIGNATURE_NEWCTX, OSSL_FUNC_signature_newctx_fn, NewContext<kFamily, kKind, kHash>>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_FREECTX, OSSL_FUNC_signature_freectx_fn, FreeContext>(),
      Entry<OSSL_FUNC_SIGNATURE_DUPCTX, OSSL_FUNC_signature_dupctx_fn, DupContext>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_QUERY_KEY_TYPES, OSSL_FUNC_signature_query_key_types_fn,
                 KeyTypes<kFamily>>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN_INIT, OSSL_FUNC_signature_sign_init_fn,
            Init<Operation::kSign, Input::kDigest>>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY_INIT, OSSL_FUNC_signature_verify_init_fn,
            Init<Operation::kVerify, Input::kDigest>>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, OSSL_FUNC_signature_sign_message_init_fn,
            Init<Operation::kSign, Input::kMessage>>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_UPDATE, OSSL_FUNC_signature_sign_message_update_fn, Update>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_FINAL, OSSL_FUNC_signature_sign_message_final_fn, SignFinal>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, Sign>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, OSSL_FUNC_signature_verify_message_init_fn,
            Init<Operation::kVerify, Input::kMessage>>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_UPDATE, OSSL_FUNC_signature_verify_message_update_fn,
            Update>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_FINAL, OSSL_FUNC_signature_verify_message_final_fn,
            VerifyMessageFinal>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, Verify>(),
      Entry<OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, OSSL_FUNC_signature_get_ctx_params_fn, GetContextParams>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, OSSL_FUNC_signature_gettable_ctx_params_fn,
                 ContextParams<kFamily>>(),
      Entry<OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, OSSL_FUNC_signature_set_ctx_params_fn, SetContextParams>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, OSSL_FUNC_signature_settable_ctx_params_fn,
                 ContextParams<kFamily>>(),
      kEndOfTable,
  };
  return table;
}

template <Hash kHash>
const OSSL_DISPATCH* Rsa() {
  return Functions<Family::kRsa, Kind::kRsaPkcs1, kHash>();
}

template <Hash kHash>
const OSSL_DISPATCH* Ecdsa() {
  return Functions<Family::kEcdsa, Kind::kEcdsa, kHash>();
}

struct SigalgTable {
  Table table;
  const OSSL_DISPATCH* (*functions)();
};

constexpr SigalgTable kSigalgTables[] = {
    {Table::kRsaSha1, Rsa<Hash::kSha1>},
    {Table::kRsaSha224, Rsa<Hash::kSha224>},
    {Table::kRsaSha256, Rsa<Hash::kSha256>},
    {Table::kRsaSha384, Rsa<Hash::kSha384>},
    {Table::kRsaSha512, Rsa<Hash::kSha512>},
    {Table::kRsaSha3_224, Rsa<Hash::kSha3_224>},
    {Table::kRsaSha3_256, Rsa<Hash::kSha3_256>},
    {Table::kRsaSha3_384, Rsa<Hash::kSha3_384>},
    {Table::kRsaSha3_512, Rsa<Hash::kSha3_512>},
    {Table::kEcdsaSha1, Ecdsa<Hash::kSha1>},
    {Table::kEcdsaSha224, Ecdsa<Hash::kSha224>},
    {Table::kEcdsaSha256, Ecdsa<Hash::kSha256>},
    {Table::kEcdsaSha384, Ecdsa<Hash::kSha384>},
    {Table::kEcdsaSha512, Ecdsa<Hash::kSha512>},
    {Table::kEcdsaSha3_224, Ecdsa<Hash::kSha3_224>},
    {Table::kEcdsaSha3_256, Ecdsa<Hash::kSha3_256>},
    {Table::kEcdsaSha3_384, Ecdsa<Hash::kSha3_384>},
    {Table::kEcdsaSha3_512, Ecdsa<Hash::kSha3_512>},
};

template <Family kFamily>
std::vector<OSSL_DISPATCH> MessageRows() {
  return {
      PlainEntry<OSSL_FUNC_SIGNATURE_QUERY_KEY_TYPES, OSSL_FUNC_signature_query_key_types_fn,
                 KeyTypes<kFamily>>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, OSSL_FUNC_signature_sign_message_init_fn,
            Init<Operation::kSign, Input::kMessage>>(),
      Entry<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, Sign>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, OSSL_FUNC_signature_verify_message_init_fn,
            Init<Operation::kVerify, Input::kMessage>>(),
      Entry<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, Verify>(),
  };
}

}  // namespace

std::vector<OSSL_DISPATCH> EdwardsMessageRows(Family family) {
  return family == Family::kEd25519 ? MessageRows<Family::kEd25519>() : MessageRows<Family::kEd448>();
}

const OSSL_DISPATCH* SigalgFunctions(Table table) {
  for (const SigalgTable& row : kSigalgTables) {
    if (row.table == table) return row.functions();
  }
  return nullptr;
}

#else

std::vector<OSSL_DISPATCH> EdwardsMessageRows(Family) { return {}; }
const OSSL_DISPATCH* SigalgFunctions(Table) { return nullptr; }

#endif

}  // namespace signet::provider
