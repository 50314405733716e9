#include "openssl_provider/algorithms.h"

#include "openssl_provider/asym_cipher.h"
#include "openssl_provider/decoder.h"
#include "openssl_provider/encoder.h"
#include "openssl_provider/key_exchange.h"
#include "openssl_provider/keymgmt.h"
#include "openssl_provider/signature.h"
#include "openssl_provider/store.h"

#include <fmt/format.h>
#include <openssl/core_dispatch.h>

namespace signet::provider {

const OSSL_DISPATCH* FunctionsOf(Table table) {
  switch (table) {
    case Table::kRsaKeymgmt:
      return KeymgmtFunctions(KeyType::kRsa);
    case Table::kRsaPssKeymgmt:
      return KeymgmtFunctions(KeyType::kRsaPss);
    case Table::kEcKeymgmt:
      return KeymgmtFunctions(KeyType::kEc);
    case Table::kEd25519Keymgmt:
      return KeymgmtFunctions(KeyType::kEd25519);
    case Table::kEd448Keymgmt:
      return KeymgmtFunctions(KeyType::kEd448);
    case Table::kRsaDecoder:
      return KeyDecoderFunctions(KeyType::kRsa);
    case Table::kRsaPssDecoder:
      return KeyDecoderFunctions(KeyType::kRsaPss);
    case Table::kEcDecoder:
      return KeyDecoderFunctions(KeyType::kEc);
    case Table::kEd25519Decoder:
      return KeyDecoderFunctions(KeyType::kEd25519);
    case Table::kEd448Decoder:
      return KeyDecoderFunctions(KeyType::kEd448);
    case Table::kRsaSignature:
      return SignatureFunctions(Family::kRsa);
    case Table::kEcdsaSignature:
      return SignatureFunctions(Family::kEcdsa);
    case Table::kEd25519Signature:
      return SignatureFunctions(Family::kEd25519);
    case Table::kEd448Signature:
      return SignatureFunctions(Family::kEd448);
    case Table::kRsaCipher:
      return AsymCipherFunctions();
    case Table::kEcdh:
      return KeyExchangeFunctions();
    case Table::kStore:
      return StoreFunctions();
    case Table::kPemDecoder:
      return PemDecoderFunctions();
    case Table::kUriDecoder:
      return UriDecoderFunctions();
    case Table::kTextEncoder:
      return TextEncoderFunctions();
    case Table::kPemEncoder:
      return PemEncoderFunctions();
    case Table::kDerEncoder:
      return DerEncoderFunctions();
    case Table::kPublicPemEncoder:
      return PublicPemEncoderFunctions();
    case Table::kPublicDerEncoder:
      return PublicDerEncoderFunctions();
    default:
      return SigalgFunctions(table);
  }
}

namespace {

std::string PropertyValue(const std::string& name) {
  return IsPlainName(name.c_str()) ? name : fmt::format("'{}'", name);
}

}  // namespace

Algorithms::Algorithms(const std::string& provider_name)
    : properties_(fmt::format("provider={}", PropertyValue(provider_name))) {
  for (const AlgorithmRow& row : kAlgorithmRows) {
    tables_[row.operation].push_back(
        {row.names, PropertiesWith(row.properties), FunctionsOf(row.table), row.description});
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
