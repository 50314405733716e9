#include "openssl_provider/encoder.h"

#include "base/openssl_error.h"
#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/dispatch.h"
#include "openssl_provider/pem_uri.h"
#include "openssl_provider/private_key.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <openssl/core_names.h>

namespace signet::provider {
namespace {

// EncoderContext is one OSSL_ENCODER_CTX: where it writes from, and the cipher that a key made in software is
// wrapped with.
class EncoderContext {
 public:
  explicit EncoderContext(ProviderContext& provider) : provider_(provider) {}

  ProviderContext& provider() const noexcept { return provider_; }
  const ErrorQueue& errors() const noexcept { return provider_.errors(); }

  void SetParams(const OSSL_PARAM params[]) {
    const OSSL_PARAM* cipher = OSSL_PARAM_locate_const(params, OSSL_ENCODER_PARAM_CIPHER);
    const char* name = nullptr;
    if (cipher != nullptr && OSSL_PARAM_get_utf8_string_ptr(cipher, &name) == 1)
      cipher_ = name != nullptr ? name : "";
  }
  const std::string& cipher() const noexcept { return cipher_; }

 private:
  ProviderContext& provider_;
  std::string cipher_;
};

struct Passphrase {
  OSSL_PASSPHRASE_CALLBACK* callback;
  void* argument;
};

std::string_view Content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

OpenSslPtr<BIO> NewMemory() { return OpenSslPtr<BIO>(CheckOpenSsl(BIO_new(BIO_s_secmem()), "BIO_new")); }

// WriteInSoftware writes a key that was generated here, as `default` does.
void WriteInSoftware(const EncoderContext& context, OSSL_CORE_BIO* out, const KeyReference& key,
                     int selection, const char* type, const char* structure, const Passphrase& passphrase) {
  const OpenSslPtr<OSSL_ENCODER_CTX> encoder(
      CheckOpenSsl(OSSL_ENCODER_CTX_new_for_pkey(key.native(), selection, type, structure, nullptr),
                   "OSSL_ENCODER_CTX_new_for_pkey"));
  if (!context.cipher().empty()) {
    CheckOpenSsl(OSSL_ENCODER_CTX_set_cipher(encoder.get(), context.cipher().c_str(), nullptr),
                 "OSSL_ENCODER_CTX_set_cipher");
    CheckOpenSsl(OSSL_ENCODER_CTX_set_passphrase_cb(encoder.get(), passphrase.callback, passphrase.argument),
                 "OSSL_ENCODER_CTX_set_passphrase_cb");
  }
  const auto memory = NewMemory();
  CheckOpenSsl(OSSL_ENCODER_to_bio(encoder.get(), memory.get()), "OSSL_ENCODER_to_bio");
  context.provider().core_bio().Write(out, Content(memory.get()));
}

[[noreturn]] void ThrowStays(const KeyReference& key) {
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = "the private key cannot be exported",
               .uri = key.data()->private_key->uri(),
               .hint = "Write a PEM file that points to it: signet pem URI, or set "
                       "pkcs11-module-encode-provider-uri-to-pem = true."});
}

void WritePem(const EncoderContext& context, OSSL_CORE_BIO* out, const KeyReference& key) {
  const std::string uri = key.data()->private_key->uri();
  if (uri.empty() || !context.provider().settings().encode_provider_uri_to_pem) ThrowStays(key);
  context.provider().core_bio().Write(out, UriPem(uri).view());
}

void WriteText(const EncoderContext& context, OSSL_CORE_BIO* out, const KeyReference& key) {
  const auto data = key.data();
  const auto memory = NewMemory();
  if (key.has_public()) {
    CheckOpenSsl(EVP_PKEY_print_public(memory.get(), key.native(), 0, nullptr), "EVP_PKEY_print_public");
  } else {
    BIO_puts(memory.get(), "The token does not show the public key.\n");
  }
  const std::string uri = data->private_key->uri();
  context.provider().core_bio().Write(
      out, fmt::format("{} private key on a token\n{}{}{}{}", Description(data->public_key),
                       uri.empty() ? "" : "URI: ", uri, uri.empty() ? "" : "\n", Content(memory.get())));
}

void WritePublic(const EncoderContext& context, OSSL_CORE_BIO* out, const KeyReference& key, int selection,
                 const char* type, const char* structure) {
  if (!key.has_public()) throw UnknownPublicKey(*key.data());
  WriteInSoftware(context, out, key, selection, type, structure, {nullptr, nullptr});
}

enum class Form { kPem, kDer, kText };

template <Form kForm>
int Encode(EncoderContext& context, OSSL_CORE_BIO* out, const void* object, const OSSL_PARAM abstract[],
           int selection, OSSL_PASSPHRASE_CALLBACK* callback, void* argument) {
  if (object == nullptr || abstract != nullptr) {
    throw Error({.code = ErrorCode::kBadArgument, .detail = "only a key of the provider can be encoded"});
  }
  const auto& key = *static_cast<const KeyReference*>(object);
  if (key.generated()) {
    constexpr const char* kTypes[] = {"PEM", "DER", "TEXT"};
    WriteInSoftware(context, out, key, selection, kTypes[static_cast<int>(kForm)],
                    kForm == Form::kText ? nullptr : "PrivateKeyInfo", {callback, argument});
  } else if constexpr (kForm == Form::kPem) {
    WritePem(context, out, key);
  } else if constexpr (kForm == Form::kText) {
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
      WriteText(context, out, key);
    } else {
      WritePublic(context, out, key, selection, "TEXT", nullptr);
    }
  } else {
    ThrowStays(key);
  }
  return 1;
}

void* NewContext(ProviderContext& provider) { return std::make_unique<EncoderContext>(provider).release(); }

void FreeContext(void* context) noexcept {
  const std::unique_ptr<EncoderContext> owned(static_cast<EncoderContext*>(context));
}

int SetParams(EncoderContext& context, const OSSL_PARAM params[]) {
  context.SetParams(params);
  return 1;
}

const OSSL_PARAM* SettableParams(void*) noexcept {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, nullptr, 0),
      OSSL_PARAM_END,
  };
  return params;
}

template <Table kTable>
int DoesSelection(void*, int selection) noexcept {
  return WritesSelection(kTable, selection) ? 1 : 0;
}

// A public key is written here: an export to `default` would lose the form that was set on it, and could not
// say that it is unknown.
template <Form kForm>
int EncodePublic(EncoderContext& context, OSSL_CORE_BIO* out, const void* object, const OSSL_PARAM abstract[],
                 int selection, OSSL_PASSPHRASE_CALLBACK*, void*) {
  if (object == nullptr || abstract != nullptr) {
    throw Error({.code = ErrorCode::kBadArgument, .detail = "only a key of the provider can be encoded"});
  }
  WritePublic(context, out, *static_cast<const KeyReference*>(object), selection,
              kForm == Form::kPem ? "PEM" : "DER", "SubjectPublicKeyInfo");
  return 1;
}

template <Form kForm, Table kTable>
const OSSL_DISPATCH* PublicFunctions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_ENCODER_NEWCTX, OSSL_FUNC_encoder_newctx_fn, NewContext>(),
      PlainEntry<OSSL_FUNC_ENCODER_FREECTX, OSSL_FUNC_encoder_freectx_fn, FreeContext>(),
      PlainEntry<OSSL_FUNC_ENCODER_DOES_SELECTION, OSSL_FUNC_encoder_does_selection_fn,
                 DoesSelection<kTable>>(),
      Entry<OSSL_FUNC_ENCODER_ENCODE, OSSL_FUNC_encoder_encode_fn, EncodePublic<kForm>>(),
      kEndOfTable,
  };
  return table;
}

template <Form kForm, Table kTable>
const OSSL_DISPATCH* Functions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_ENCODER_NEWCTX, OSSL_FUNC_encoder_newctx_fn, NewContext>(),
      PlainEntry<OSSL_FUNC_ENCODER_FREECTX, OSSL_FUNC_encoder_freectx_fn, FreeContext>(),
      PlainEntry<OSSL_FUNC_ENCODER_DOES_SELECTION, OSSL_FUNC_encoder_does_selection_fn,
                 DoesSelection<kTable>>(),
      Entry<OSSL_FUNC_ENCODER_SET_CTX_PARAMS, OSSL_FUNC_encoder_set_ctx_params_fn, SetParams>(),
      PlainEntry<OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, OSSL_FUNC_encoder_settable_ctx_params_fn,
                 SettableParams>(),
      Entry<OSSL_FUNC_ENCODER_ENCODE, OSSL_FUNC_encoder_encode_fn, Encode<kForm>>(),
      kEndOfTable,
  };
  return table;
}

}  // namespace

const OSSL_DISPATCH* TextEncoderFunctions() noexcept { return Functions<Form::kText, Table::kTextEncoder>(); }
const OSSL_DISPATCH* PemEncoderFunctions() noexcept { return Functions<Form::kPem, Table::kPemEncoder>(); }
const OSSL_DISPATCH* PublicPemEncoderFunctions() noexcept {
  return PublicFunctions<Form::kPem, Table::kPublicPemEncoder>();
}
const OSSL_DISPATCH* PublicDerEncoderFunctions() noexcept {
  return PublicFunctions<Form::kDer, Table::kPublicDerEncoder>();
}
const OSSL_DISPATCH* DerEncoderFunctions() noexcept { return Functions<Form::kDer, Table::kDerEncoder>(); }

}  // namespace signet::provider
