#include "openssl_provider/module/tables.h"

#include "openssl_provider/module/coders.h"
#include "openssl_provider/module/forwarding.h"

namespace signet::provider::module {
namespace {

using KeymgmtRows =
    RowList<Row<OSSL_FUNC_KEYMGMT_LOAD, OSSL_FUNC_keymgmt_load_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_FREE, OSSL_FUNC_keymgmt_free_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, OSSL_FUNC_keymgmt_query_operation_name_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_EXPORT_TYPES, OSSL_FUNC_keymgmt_export_types_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_HAS, OSSL_FUNC_keymgmt_has_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_MATCH, OSSL_FUNC_keymgmt_match_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_EXPORT, OSSL_FUNC_keymgmt_export_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GET_PARAMS, OSSL_FUNC_keymgmt_get_params_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, OSSL_FUNC_keymgmt_gettable_params_fn, OfProvider>,
            Row<OSSL_FUNC_KEYMGMT_SET_PARAMS, OSSL_FUNC_keymgmt_set_params_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, OSSL_FUNC_keymgmt_settable_params_fn, OfProvider>,
            Row<OSSL_FUNC_KEYMGMT_DUP, OSSL_FUNC_keymgmt_dup_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GEN_INIT, OSSL_FUNC_keymgmt_gen_init_fn, OfProvider>,
            Row<OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, OSSL_FUNC_keymgmt_gen_set_template_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, OSSL_FUNC_keymgmt_gen_set_params_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, OSSL_FUNC_keymgmt_gen_settable_params_fn, OfEither>,
            Row<OSSL_FUNC_KEYMGMT_GEN, OSSL_FUNC_keymgmt_gen_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_GEN_CLEANUP, OSSL_FUNC_keymgmt_gen_cleanup_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_NEW, OSSL_FUNC_keymgmt_new_fn, OfProvider>,
            Row<OSSL_FUNC_KEYMGMT_IMPORT, OSSL_FUNC_keymgmt_import_fn, OfObject>,
            Row<OSSL_FUNC_KEYMGMT_IMPORT_TYPES, OSSL_FUNC_keymgmt_import_types_fn, OfObject>>;

// Parts of the lists of signatures, whose order is that of the provider's tables.
using SignatureContextRows = RowList<
    Row<OSSL_FUNC_SIGNATURE_NEWCTX, OSSL_FUNC_signature_newctx_fn, OfProvider>,
    Row<OSSL_FUNC_SIGNATURE_FREECTX, OSSL_FUNC_signature_freectx_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_DUPCTX, OSSL_FUNC_signature_dupctx_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, OSSL_FUNC_signature_get_ctx_params_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, OSSL_FUNC_signature_gettable_ctx_params_fn, OfEither>,
    Row<OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, OSSL_FUNC_signature_set_ctx_params_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, OSSL_FUNC_signature_settable_ctx_params_fn, OfEither>>;
using WholeMessageRows =
    RowList<Row<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, OSSL_FUNC_signature_digest_sign_init_fn, OfObject>,
            Row<OSSL_FUNC_SIGNATURE_DIGEST_SIGN, OSSL_FUNC_signature_digest_sign_fn, OfObject>,
            Row<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, OSSL_FUNC_signature_digest_verify_init_fn, OfObject>,
            Row<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, OSSL_FUNC_signature_digest_verify_fn, OfObject>>;
using DigestRows = RowList<Row<OSSL_FUNC_SIGNATURE_SIGN_INIT, OSSL_FUNC_signature_sign_init_fn, OfObject>,
                           Row<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, OfObject>,
                           Row<OSSL_FUNC_SIGNATURE_VERIFY_INIT, OSSL_FUNC_signature_verify_init_fn, OfObject>,
                           Row<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, OfObject>>;
using MessageInPartsRows = RowList<
    Row<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, OSSL_FUNC_signature_digest_sign_update_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, OSSL_FUNC_signature_digest_sign_final_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, OSSL_FUNC_signature_digest_verify_update_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, OSSL_FUNC_signature_digest_verify_final_fn, OfObject>>;
using RecoverRows = RowList<
    Row<OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, OSSL_FUNC_signature_verify_recover_init_fn, OfObject>,
    Row<OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, OSSL_FUNC_signature_verify_recover_fn, OfObject>>;

using EcdsaSignatureRows = Joined<SignatureContextRows, WholeMessageRows, DigestRows, MessageInPartsRows>;
using RsaSignatureRows = Joined<EcdsaSignatureRows, RecoverRows>;

#if OPENSSL_VERSION_PREREQ(3, 4)
using EdwardsSignatureRows = Joined<
    SignatureContextRows, WholeMessageRows,
    RowList<
        Row<OSSL_FUNC_SIGNATURE_QUERY_KEY_TYPES, OSSL_FUNC_signature_query_key_types_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, OSSL_FUNC_signature_sign_message_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, OSSL_FUNC_signature_verify_message_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, OfObject>>>;

using SigalgRows = Joined<
    SignatureContextRows,
    RowList<
        Row<OSSL_FUNC_SIGNATURE_QUERY_KEY_TYPES, OSSL_FUNC_signature_query_key_types_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN_INIT, OSSL_FUNC_signature_sign_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY_INIT, OSSL_FUNC_signature_verify_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, OSSL_FUNC_signature_sign_message_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_UPDATE, OSSL_FUNC_signature_sign_message_update_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_FINAL, OSSL_FUNC_signature_sign_message_final_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, OSSL_FUNC_signature_verify_message_init_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_UPDATE, OSSL_FUNC_signature_verify_message_update_fn,
            OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_FINAL, OSSL_FUNC_signature_verify_message_final_fn, OfObject>,
        Row<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, OfObject>>>;
#else
using EdwardsSignatureRows = Joined<SignatureContextRows, WholeMessageRows>;
#endif

using CipherRows = RowList<
    Row<OSSL_FUNC_ASYM_CIPHER_NEWCTX, OSSL_FUNC_asym_cipher_newctx_fn, OfProvider>,
    Row<OSSL_FUNC_ASYM_CIPHER_FREECTX, OSSL_FUNC_asym_cipher_freectx_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_DUPCTX, OSSL_FUNC_asym_cipher_dupctx_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, OSSL_FUNC_asym_cipher_encrypt_init_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_ENCRYPT, OSSL_FUNC_asym_cipher_encrypt_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, OSSL_FUNC_asym_cipher_decrypt_init_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_DECRYPT, OSSL_FUNC_asym_cipher_decrypt_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, OSSL_FUNC_asym_cipher_set_ctx_params_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, OSSL_FUNC_asym_cipher_settable_ctx_params_fn, OfEither>,
    Row<OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, OSSL_FUNC_asym_cipher_get_ctx_params_fn, OfObject>,
    Row<OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, OSSL_FUNC_asym_cipher_gettable_ctx_params_fn, OfEither>>;

using ExchangeRows =
    RowList<Row<OSSL_FUNC_KEYEXCH_NEWCTX, OSSL_FUNC_keyexch_newctx_fn, OfProvider>,
            Row<OSSL_FUNC_KEYEXCH_FREECTX, OSSL_FUNC_keyexch_freectx_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_DUPCTX, OSSL_FUNC_keyexch_dupctx_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_INIT, OSSL_FUNC_keyexch_init_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_SET_PEER, OSSL_FUNC_keyexch_set_peer_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_DERIVE, OSSL_FUNC_keyexch_derive_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, OSSL_FUNC_keyexch_set_ctx_params_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, OSSL_FUNC_keyexch_settable_ctx_params_fn, OfEither>,
            Row<OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, OSSL_FUNC_keyexch_get_ctx_params_fn, OfObject>,
            Row<OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, OSSL_FUNC_keyexch_gettable_ctx_params_fn, OfEither>>;

using StoreRows =
    RowList<Row<OSSL_FUNC_STORE_OPEN, OSSL_FUNC_store_open_fn, OfProvider>,
#ifdef OSSL_FUNC_STORE_OPEN_EX
            Row<OSSL_FUNC_STORE_OPEN_EX, OSSL_FUNC_store_open_ex_fn, OfProvider>,
#endif
            Row<OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, OSSL_FUNC_store_settable_ctx_params_fn, OfProvider>,
            Row<OSSL_FUNC_STORE_SET_CTX_PARAMS, OSSL_FUNC_store_set_ctx_params_fn, OfObject>,
            Row<OSSL_FUNC_STORE_LOAD, OSSL_FUNC_store_load_fn, OfObject>,
            Row<OSSL_FUNC_STORE_EOF, OSSL_FUNC_store_eof_fn, OfObject>,
            Row<OSSL_FUNC_STORE_CLOSE, OSSL_FUNC_store_close_fn, OfObject>>;

using DecoderRows =
    RowList<Row<OSSL_FUNC_DECODER_NEWCTX, OSSL_FUNC_decoder_newctx_fn, NewDecoder>,
            Row<OSSL_FUNC_DECODER_FREECTX, OSSL_FUNC_decoder_freectx_fn, FreeDecoder>,
            Row<OSSL_FUNC_DECODER_DOES_SELECTION, OSSL_FUNC_decoder_does_selection_fn, AnySelection>,
            Row<OSSL_FUNC_DECODER_DECODE, OSSL_FUNC_decoder_decode_fn, Decode>,
            Row<OSSL_FUNC_DECODER_EXPORT_OBJECT, OSSL_FUNC_decoder_export_object_fn, ExportDecoded>>;

using PublicEncoderRows =
    RowList<Row<OSSL_FUNC_ENCODER_NEWCTX, OSSL_FUNC_encoder_newctx_fn, NewEncoder>,
            Row<OSSL_FUNC_ENCODER_FREECTX, OSSL_FUNC_encoder_freectx_fn, EndEncoder>,
            Row<OSSL_FUNC_ENCODER_DOES_SELECTION, OSSL_FUNC_encoder_does_selection_fn, WritesIt>,
            Row<OSSL_FUNC_ENCODER_ENCODE, OSSL_FUNC_encoder_encode_fn, Encode>>;

using EncoderRows = Joined<
    PublicEncoderRows,
    RowList<Row<OSSL_FUNC_ENCODER_SET_CTX_PARAMS, OSSL_FUNC_encoder_set_ctx_params_fn, TakeEncoderParams>,
            Row<OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, OSSL_FUNC_encoder_settable_ctx_params_fn, OfObject>>>;

// FunctionsOf chooses the list of a table.
template <Table kTable>
const OSSL_DISPATCH* FunctionsOf() noexcept {
  if constexpr (kTable <= Table::kEd448Keymgmt) {
    return KeymgmtRows::Functions<kTable>();
  } else if constexpr (kTable <= Table::kEd448Decoder || kTable == Table::kPemDecoder ||
                       kTable == Table::kUriDecoder) {
    return DecoderRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kRsaSignature) {
    return RsaSignatureRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kEcdsaSignature) {
    return EcdsaSignatureRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kEd25519Signature || kTable == Table::kEd448Signature) {
    return EdwardsSignatureRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kRsaCipher) {
    return CipherRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kEcdh) {
    return ExchangeRows::Functions<kTable>();
  } else if constexpr (kTable == Table::kStore) {
    return StoreRows::Functions<kTable>();
  } else if constexpr (kTable <= Table::kDerEncoder) {
    return EncoderRows::Functions<kTable>();
  } else if constexpr (kTable <= Table::kPublicDerEncoder) {
    return PublicEncoderRows::Functions<kTable>();
#if OPENSSL_VERSION_PREREQ(3, 4)
  } else {
    return SigalgRows::Functions<kTable>();
#endif
  }
}

template <std::size_t... kIndices>
const OSSL_DISPATCH* Pick(std::size_t index, std::index_sequence<kIndices...>) noexcept {
  static constexpr const OSSL_DISPATCH* (*kAll[])() noexcept = {FunctionsOf<static_cast<Table>(kIndices)>...};
  return kAll[index]();
}

}  // namespace

const OSSL_DISPATCH* ModuleTable(Table table) noexcept {
  return Pick(static_cast<std::size_t>(table), std::make_index_sequence<kTableCount>());
}

}  // namespace signet::provider::module
