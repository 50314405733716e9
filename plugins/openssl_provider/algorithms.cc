#include "openssl_provider/algorithms.h"

#include "openssl_provider/asym_cipher.h"
#include "openssl_provider/decoder.h"
#include "openssl_provider/encoder.h"
#include "openssl_provider/key_exchange.h"
#include "openssl_provider/keymgmt.h"
#include "openssl_provider/signature.h"
#include "openssl_provider/store.h"

#include <cctype>

#include <fmt/format.h>
#include <openssl/core_dispatch.h>

namespace signet::provider {
namespace {

struct Row {
  int operation;
  const char* names;  // OpenSSL's own, object identifiers included: libssl knows a key by them
  const OSSL_DISPATCH* functions;
  const char* description;
  const char* properties = "";  // beside `provider=`
};

struct KeyRow {
  KeyType type;
  const char* names;
  const char* description;
};

constexpr KeyRow kKeys[] = {
    {KeyType::kRsa, kRsaNames, "RSA key in a token"},
    {KeyType::kRsaPss, kRsaPssNames, "RSA-PSS key in a token"},
    {KeyType::kEc, kEcNames, "EC key in a token"},
    {KeyType::kEd25519, kEd25519Names, "Ed25519 key in a token"},
    {KeyType::kEd448, kEd448Names, "Ed448 key in a token"},
};

std::vector<Row> Rows() {
  std::vector<Row> rows = {
      {OSSL_OP_SIGNATURE, kRsaNames, SignatureFunctions(Family::kRsa), "RSA signature by a token"},
      {OSSL_OP_SIGNATURE, "ECDSA", SignatureFunctions(Family::kEcdsa), "ECDSA signature by a token"},
      {OSSL_OP_SIGNATURE, kEd25519Names, SignatureFunctions(Family::kEd25519),
       "Ed25519 signature by a token"},
      {OSSL_OP_SIGNATURE, kEd448Names, SignatureFunctions(Family::kEd448), "Ed448 signature by a token"},
      {OSSL_OP_ASYM_CIPHER, kRsaNames, AsymCipherFunctions(), "RSA decryption by a token"},
      {OSSL_OP_KEYEXCH, "ECDH", KeyExchangeFunctions(), "ECDH by a token"},
      {OSSL_OP_STORE, "pkcs11", StoreFunctions(), "keys and certificates of PKCS#11 tokens"},
      {OSSL_OP_STORE, "pkcs12", StoreFunctions(), "keys and certificates of PKCS#12 files"},
      {OSSL_OP_STORE, "signet", StoreFunctions(), "identities by name"},
      {OSSL_OP_STORE, kHandoverScheme, StoreFunctions(), "keys of this process"},
      {OSSL_OP_DECODER, "DER", PemDecoderFunctions(), "PEM file that points to a key", "input=pem"},
      {OSSL_OP_DECODER, "DER", UriDecoderFunctions(), "key that a PEM file points to",
       "input=der,structure=signet-uri"},
  };
  for (const Family family : {Family::kRsa, Family::kEcdsa, Family::kEd25519, Family::kEd448}) {
    rows.push_back({OSSL_OP_SIGNATURE, OwnName(family), SignatureFunctions(family), "signature by a token"});
  }
  for (const KeyRow& key : kKeys) {
    rows.push_back({OSSL_OP_KEYMGMT, key.names, KeymgmtFunctions(key.type), key.description});
    rows.push_back({OSSL_OP_DECODER, key.names, KeyDecoderFunctions(key.type), key.description,
                    "input=der,structure=signet-key"});
    rows.push_back({OSSL_OP_ENCODER, key.names, TextEncoderFunctions(), key.description, "output=text"});
    rows.push_back({OSSL_OP_ENCODER, key.names, PemEncoderFunctions(), key.description,
                    "output=pem,structure=PrivateKeyInfo"});
    rows.push_back({OSSL_OP_ENCODER, key.names, DerEncoderFunctions(), key.description,
                    "output=der,structure=PrivateKeyInfo"});
  }
  for (const KeyRow& key : kKeys) {
    if (key.type == KeyType::kRsa || key.type == KeyType::kRsaPss) continue;  // always with a public part
    rows.push_back({OSSL_OP_ENCODER, key.names, PublicPemEncoderFunctions(), key.description,
                    "output=pem,structure=SubjectPublicKeyInfo"});
    rows.push_back({OSSL_OP_ENCODER, key.names, PublicDerEncoderFunctions(), key.description,
                    "output=der,structure=SubjectPublicKeyInfo"});
  }
  for (const SigalgEntry& entry : SigalgEntries()) {
    rows.push_back({OSSL_OP_SIGNATURE, entry.names, entry.functions, "signature by a token, hash included"});
  }
  return rows;
}

// PropertyValue quotes a name that a property query could not say otherwise (property(7)).
std::string PropertyValue(std::string_view name) {
  const bool plain = std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
                     name.find_first_of(", \t'\"") == std::string_view::npos;
  return plain ? std::string(name) : fmt::format("'{}'", name);
}

}  // namespace

Algorithms::Algorithms(std::string_view provider_name)
    : properties_(fmt::format("provider={}", PropertyValue(provider_name))) {
  for (const Row& row : Rows()) {
    tables_[row.operation].push_back(
        {row.names, PropertiesWith(row.properties), row.functions, row.description});
  }
  for (auto& [operation, table] : tables_) table.push_back({nullptr, nullptr, nullptr, nullptr});
}

const char* Algorithms::PropertiesWith(const char* more) {
  if (*more == '\0') return properties_.c_str();
  return longer_properties_.try_emplace(more, fmt::format("{},{}", properties_, more)).first->second.c_str();
}

const OSSL_ALGORITHM* Algorithms::Of(int operation) const noexcept {
  const auto found = tables_.find(operation);
  return found != tables_.end() ? found->second.data() : nullptr;
}

}  // namespace signet::provider
