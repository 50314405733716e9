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
const OSSL_DISPATCH* Table() {
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
  return Table<Family::kRsa, Kind::kRsaPkcs1, kHash>();
}

template <Hash kHash>
const OSSL_DISPATCH* Ecdsa() {
  return Table<Family::kEcdsa, Kind::kEcdsa, kHash>();
}

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

std::vector<SigalgEntry> SigalgEntries() {
  return {
      {"RSA-SHA1:RSA-SHA-1:sha1WithRSAEncryption:1.2.840.113549.1.1.5", Rsa<Hash::kSha1>()},
      {"RSA-SHA2-224:RSA-SHA224:sha224WithRSAEncryption:1.2.840.113549.1.1.14", Rsa<Hash::kSha224>()},
      {"RSA-SHA2-256:RSA-SHA256:sha256WithRSAEncryption:1.2.840.113549.1.1.11", Rsa<Hash::kSha256>()},
      {"RSA-SHA2-384:RSA-SHA384:sha384WithRSAEncryption:1.2.840.113549.1.1.12", Rsa<Hash::kSha384>()},
      {"RSA-SHA2-512:RSA-SHA512:sha512WithRSAEncryption:1.2.840.113549.1.1.13", Rsa<Hash::kSha512>()},
      {"RSA-SHA3-224:id-rsassa-pkcs1-v1_5-with-sha3-224:2.16.840.1.101.3.4.3.13", Rsa<Hash::kSha3_224>()},
      {"RSA-SHA3-256:id-rsassa-pkcs1-v1_5-with-sha3-256:2.16.840.1.101.3.4.3.14", Rsa<Hash::kSha3_256>()},
      {"RSA-SHA3-384:id-rsassa-pkcs1-v1_5-with-sha3-384:2.16.840.1.101.3.4.3.15", Rsa<Hash::kSha3_384>()},
      {"RSA-SHA3-512:id-rsassa-pkcs1-v1_5-with-sha3-512:2.16.840.1.101.3.4.3.16", Rsa<Hash::kSha3_512>()},
      {"ECDSA-SHA1:ECDSA-SHA-1:ecdsa-with-SHA1:1.2.840.10045.4.1", Ecdsa<Hash::kSha1>()},
      {"ECDSA-SHA2-224:ECDSA-SHA224:ecdsa-with-SHA224:1.2.840.10045.4.3.1", Ecdsa<Hash::kSha224>()},
      {"ECDSA-SHA2-256:ECDSA-SHA256:ecdsa-with-SHA256:1.2.840.10045.4.3.2", Ecdsa<Hash::kSha256>()},
      {"ECDSA-SHA2-384:ECDSA-SHA384:ecdsa-with-SHA384:1.2.840.10045.4.3.3", Ecdsa<Hash::kSha384>()},
      {"ECDSA-SHA2-512:ECDSA-SHA512:ecdsa-with-SHA512:1.2.840.10045.4.3.4", Ecdsa<Hash::kSha512>()},
      {"ECDSA-SHA3-224:ecdsa_with_SHA3-224:id-ecdsa-with-sha3-224:2.16.840.1.101.3.4.3.9",
       Ecdsa<Hash::kSha3_224>()},
      {"ECDSA-SHA3-256:ecdsa_with_SHA3-256:id-ecdsa-with-sha3-256:2.16.840.1.101.3.4.3.10",
       Ecdsa<Hash::kSha3_256>()},
      {"ECDSA-SHA3-384:ecdsa_with_SHA3-384:id-ecdsa-with-sha3-384:2.16.840.1.101.3.4.3.11",
       Ecdsa<Hash::kSha3_384>()},
      {"ECDSA-SHA3-512:ecdsa_with_SHA3-512:id-ecdsa-with-sha3-512:2.16.840.1.101.3.4.3.12",
       Ecdsa<Hash::kSha3_512>()},
  };
}

#else

std::vector<OSSL_DISPATCH> EdwardsMessageRows(Family) { return {}; }
std::vector<SigalgEntry> SigalgEntries() { return {}; }

#endif

}  // namespace signet::provider
