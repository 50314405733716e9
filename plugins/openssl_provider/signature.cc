#include "openssl_provider/signature.h"

#include "openssl_provider/dispatch.h"
#include "openssl_provider/signature_functions.h"

#include <openssl/core_names.h>

namespace signet::provider {
namespace {

using Operation = SignatureContext::Operation;
using Input = SignatureContext::Input;

template <Operation kOperation>
int InitDigest(SignatureContext& context, void* key, const OSSL_PARAM params[]) {
  context.Begin(kOperation, Input::kDigest, static_cast<const KeyReference*>(key));
  context.SetParams(params);
  return 1;
}

template <Operation kOperation>
int InitMessage(SignatureContext& context, const char* digest, void* key, const OSSL_PARAM params[]) {
  context.Begin(kOperation, Input::kMessage, static_cast<const KeyReference*>(key));
  context.SetDigestName(digest);
  context.SetParams(params);
  return 1;
}

int VerifyRecover(SignatureContext& context, unsigned char* recovered, std::size_t* size, std::size_t room,
                  const unsigned char* signature, std::size_t signature_size) {
  *size = context.VerifyRecover({signature, signature_size}, recovered, room);
  return 1;
}

template <Family kFamily>
void* NewContext(ProviderContext& provider, const char*) {
  return std::make_unique<SignatureContext>(provider, kFamily).release();
}

// Settable and gettable parameters by family; Edwards curves have nothing to set.
const OSSL_PARAM kRsaParams[] = {
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, nullptr, 0),
    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
    OSSL_PARAM_octet_string("signature", nullptr, 0),
    OSSL_PARAM_END,
};
const OSSL_PARAM kEcdsaParams[] = {
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, nullptr, 0),
    OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, nullptr),
    OSSL_PARAM_uint("nonce-type", nullptr),
    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
    OSSL_PARAM_octet_string("signature", nullptr, 0),
    OSSL_PARAM_END,
};
const OSSL_PARAM kEdwardsParams[] = {
    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
    OSSL_PARAM_octet_string("signature", nullptr, 0),
    OSSL_PARAM_utf8_string("instance", nullptr, 0),
    OSSL_PARAM_octet_string("context-string", nullptr, 0),
    OSSL_PARAM_END,
};

constexpr Operation kSign = Operation::kSign;
constexpr Operation kVerify = Operation::kVerify;
constexpr Operation kRecover = Operation::kVerifyRecover;

// Common are the rows that every family has.
template <Family kFamily>
std::vector<OSSL_DISPATCH> Common() {
  return {
      Entry<OSSL_FUNC_SIGNATURE_NEWCTX, OSSL_FUNC_signature_newctx_fn, NewContext<kFamily>>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_FREECTX, OSSL_FUNC_signature_freectx_fn, FreeContext>(),
      Entry<OSSL_FUNC_SIGNATURE_DUPCTX, OSSL_FUNC_signature_dupctx_fn, DupContext>(),
      Entry<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, OSSL_FUNC_signature_digest_sign_init_fn,
            InitMessage<kSign>>(),
      Entry<OSSL_FUNC_SIGNATURE_DIGEST_SIGN, OSSL_FUNC_signature_digest_sign_fn, Sign>(),
      Entry<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, OSSL_FUNC_signature_digest_verify_init_fn,
            InitMessage<kVerify>>(),
      Entry<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, OSSL_FUNC_signature_digest_verify_fn, Verify>(),
      Entry<OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, OSSL_FUNC_signature_get_ctx_params_fn, GetContextParams>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, OSSL_FUNC_signature_gettable_ctx_params_fn,
                 ContextParams<kFamily>>(),
      Entry<OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, OSSL_FUNC_signature_set_ctx_params_fn, SetContextParams>(),
      PlainEntry<OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, OSSL_FUNC_signature_settable_ctx_params_fn,
                 ContextParams<kFamily>>(),
  };
}

// Hashing are the rows of families that hash first: digests made elsewhere, and messages in pieces.
std::vector<OSSL_DISPATCH> Hashing(std::vector<OSSL_DISPATCH> rows) {
  rows.insert(
      rows.end(),
      {
          Entry<OSSL_FUNC_SIGNATURE_SIGN_INIT, OSSL_FUNC_signature_sign_init_fn, InitDigest<kSign>>(),
          Entry<OSSL_FUNC_SIGNATURE_SIGN, OSSL_FUNC_signature_sign_fn, Sign>(),
          Entry<OSSL_FUNC_SIGNATURE_VERIFY_INIT, OSSL_FUNC_signature_verify_init_fn, InitDigest<kVerify>>(),
          Entry<OSSL_FUNC_SIGNATURE_VERIFY, OSSL_FUNC_signature_verify_fn, Verify>(),
          Entry<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, OSSL_FUNC_signature_digest_sign_update_fn, Update>(),
          Entry<OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, OSSL_FUNC_signature_digest_sign_final_fn, SignFinal>(),
          Entry<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, OSSL_FUNC_signature_digest_verify_update_fn,
                Update>(),
          Entry<OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, OSSL_FUNC_signature_digest_verify_final_fn,
                VerifyFinal>(),
      });
  return rows;
}

std::vector<OSSL_DISPATCH> Recovering(std::vector<OSSL_DISPATCH> rows) {
  rows.insert(
      rows.end(),
      {
          Entry<OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, OSSL_FUNC_signature_verify_recover_init_fn,
                InitDigest<kRecover>>(),
          Entry<OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, OSSL_FUNC_signature_verify_recover_fn, VerifyRecover>(),
      });
  return rows;
}

template <Family kFamily>
std::vector<OSSL_DISPATCH> Edwards() {
  std::vector<OSSL_DISPATCH> rows = Common<kFamily>();
  const std::vector<OSSL_DISPATCH> more = EdwardsMessageRows(kFamily);
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

std::vector<OSSL_DISPATCH> Ended(std::vector<OSSL_DISPATCH> rows) {
  rows.push_back(kEndOfTable);
  return rows;
}

}  // namespace

const OSSL_PARAM* SignatureParams(Family family) noexcept {
  if (family == Family::kRsa) return kRsaParams;
  return family == Family::kEcdsa ? kEcdsaParams : kEdwardsParams;
}

const OSSL_DISPATCH* SignatureFunctions(Family family) {
  static const std::vector<OSSL_DISPATCH> tables[] = {
      Ended(Recovering(Hashing(Common<Family::kRsa>()))),
      Ended(Hashing(Common<Family::kEcdsa>())),
      Ended(Edwards<Family::kEd25519>()),
      Ended(Edwards<Family::kEd448>()),
  };
  return tables[static_cast<std::size_t>(family)].data();
}

}  // namespace signet::provider
