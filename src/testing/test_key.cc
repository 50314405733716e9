#include "testing/test_key.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"

#include <algorithm>
#include <array>
#include <string>

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace signet::testing {
namespace {

struct KindRow {
  std::string_view prefix;
  const char* algorithm;
};

constexpr KindRow kKinds[] = {
    {"rsa", "RSA"},
    {"rsa-pss", "RSA-PSS"},
    {"ec", "EC"},
    {"ed25519", "ED25519"},
    {"ed448", "ED448"},
    {"dsa", "DSA"},
    {"ml-dsa-44", "ML-DSA-44"},
    {"ml-dsa-65", "ML-DSA-65"},
    {"ml-dsa-87", "ML-DSA-87"},
};

OpenSslPtr<EVP_PKEY_CTX> NewContext(const char* algorithm) {
  return OpenSslPtr<EVP_PKEY_CTX>(EVP_PKEY_CTX_new_from_name(OwnContext(), algorithm, nullptr));
}

// DsaParameters makes the domain parameters that a DSA key needs first.
OpenSslPtr<EVP_PKEY> DsaParameters(int bits) {
  const auto context = NewContext("DSA");
  EVP_PKEY* parameters = nullptr;
  CheckOpenSsl(EVP_PKEY_paramgen_init(context.get()), "EVP_PKEY_paramgen_init");
  CheckOpenSsl(EVP_PKEY_CTX_set_dsa_paramgen_bits(context.get(), bits), "EVP_PKEY_CTX_set_dsa_paramgen_bits");
  CheckOpenSsl(EVP_PKEY_paramgen(context.get(), &parameters), "EVP_PKEY_paramgen");
  return OpenSslPtr<EVP_PKEY>(parameters);
}

// RestrictPss binds the key to a hash, for MGF1 too, and to salts of its length at least (RFC 4055).
void RestrictPss(EVP_PKEY_CTX* context, const std::string& hash) {
  const OpenSslPtr<EVP_MD> digest(
      CheckOpenSsl(EVP_MD_fetch(OwnContext(), hash.c_str(), nullptr), "EVP_MD_fetch"));
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, hash.c_str(), nullptr),
               "EVP_PKEY_CTX_set_rsa_pss_keygen_md_name");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, hash.c_str()),
               "EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context, EVP_MD_get_size(digest.get())),
               "EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen");
}

}  // namespace

OpenSslPtr<EVP_PKEY> MakeKey(const std::string& kind) {
  const OpenSslErrorMark mark;
  const std::size_t colon = std::min(kind.find(':'), kind.size());
  const std::string detail = kind.substr(std::min(colon + 1, kind.size()));
  const auto* row = std::ranges::find(kKinds, std::string_view(kind).substr(0, colon), &KindRow::prefix);
  if (row == std::end(kKinds)) return nullptr;
  const std::string_view algorithm = row->algorithm;
  OpenSslPtr<EVP_PKEY_CTX> context = NewContext(row->algorithm);
  if (algorithm == "DSA") {
    const auto parameters = DsaParameters(std::stoi(detail));
    context.reset(EVP_PKEY_CTX_new_from_pkey(OwnContext(), parameters.get(), nullptr));
  }
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1) return nullptr;
  if (algorithm.starts_with("RSA")) {
    CheckOpenSsl(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), std::stoi(detail)),
                 "EVP_PKEY_CTX_set_rsa_keygen_bits");
    const std::size_t hash = detail.find(':');
    if (hash != std::string::npos) RestrictPss(context.get(), detail.substr(hash + 1));
  } else if (algorithm == "EC") {
    CheckOpenSsl(EVP_PKEY_CTX_set_group_name(context.get(), detail.c_str()), "EVP_PKEY_CTX_set_group_name");
  }
  EVP_PKEY* key = nullptr;
  CheckOpenSsl(EVP_PKEY_generate(context.get(), &key), "EVP_PKEY_generate");
  return OpenSslPtr<EVP_PKEY>(key);
}

OpenSslPtr<EVP_PKEY> ReadPkcs8(std::span<const std::uint8_t> der) {
  const unsigned char* position = der.data();
  return OpenSslPtr<EVP_PKEY>(CheckOpenSsl(
      d2i_AutoPrivateKey_ex(nullptr, &position, static_cast<long>(der.size()), OwnContext(), nullptr),
      "d2i_AutoPrivateKey_ex"));
}

std::vector<std::uint8_t> Pkcs8Of(EVP_PKEY* key) {
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(CheckOpenSsl(EVP_PKEY2PKCS8(key), "EVP_PKEY2PKCS8"));
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  CheckOpenSsl(size, "i2d_PKCS8_PRIV_KEY_INFO");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

}  // namespace signet::testing
