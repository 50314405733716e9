#include "selection/certificate_facts.h"

#include "base/openssl_error.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"

#include <algorithm>
#include <array>

namespace signet::inline selection {
namespace {

template <class T>
OpenSslPtr<T> Extension(const Certificate& certificate, int nid) {
  return OpenSslPtr<T>(static_cast<T*>(X509_get_ext_d2i(certificate.native(), nid, nullptr, nullptr)));
}

std::string LowerCase(const ASN1_STRING* string) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  std::string text(data, static_cast<std::size_t>(ASN1_STRING_length(string)));
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return text;
}

}  // namespace

std::vector<std::string> DnsNames(const Certificate& certificate) {
  const OpenSslErrorMark mark;
  const auto names = Extension<GENERAL_NAMES>(certificate, NID_subject_alt_name);
  std::vector<std::string> hosts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) hosts.push_back(LowerCase(name->d.dNSName));
  }
  return hosts;
}

std::vector<std::string> OidsIn(const EXTENDED_KEY_USAGE& usage) {
  std::vector<std::string> oids;
  for (int i = 0; i < sk_ASN1_OBJECT_num(&usage); ++i) {
    std::array<char, 128> text{};
    OBJ_obj2txt(text.data(), text.size(), sk_ASN1_OBJECT_value(&usage, i), 1);
    oids.emplace_back(text.data());
  }
  return oids;
}

std::optional<std::vector<std::string>> Purposes(const Certificate& certificate) {
  const OpenSslErrorMark mark;
  const auto usage = Extension<EXTENDED_KEY_USAGE>(certificate, NID_ext_key_usage);
  if (usage != nullptr) return OidsIn(*usage);
  // An extension that cannot be read allows nothing.
  if (X509_get_ext_by_NID(certificate.native(), NID_ext_key_usage, -1) >= 0)
    return std::vector<std::string>{};
  return std::nullopt;
}

std::vector<SignatureScheme> PossibleSchemes(const Certificate& certificate) {
  const OpenSslErrorMark mark;
  // Borrowed from the certificate, which has it decoded: far cheaper than PublicKey.
  const EVP_PKEY* key = X509_get0_pubkey(certificate.native());
  if (key == nullptr) return {};
  for (const KeyTypeRow& row : KeyTypes()) {
    if (EVP_PKEY_is_a(key, row.openssl_name) != 1) continue;
    std::array<char, 80> curve{};
    if (row.type == KeyType::kEc) EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr);
    return SchemesFor(row.type, curve.data(), EVP_PKEY_get_bits(key));
  }
  return {};
}

}  // namespace signet::inline selection
