#include "identity/plain_spki.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/spki_algorithms.h"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/objects.h>

namespace signet::inline identity {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kObjectIdentifier = 0x06;
constexpr std::uint8_t kSequence = 0x30;

struct EdwardsRow {
  std::array<std::uint8_t, 5> algorithm;
  const char* name;
};
constexpr EdwardsRow kEdwards[] = {
    {kEd25519Algorithm, "ED25519"},
    {kEd448Algorithm, "ED448"},
};

// Take takes one element with `tag` off the front of `rest` and gives its content; nothing if there is
// none, or where its length is not encoded as DER wants it.
std::optional<Bytes> Take(Bytes& rest, std::uint8_t tag) {
  if (rest.size() < 2 || rest[0] != tag) return std::nullopt;
  std::size_t length = rest[1];
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    if (count == 0 || count > 3 || rest.size() < 2 + count || rest[2] == 0) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | rest[2 + i];
    if (length < 0x80) return std::nullopt;
    header += count;
  }
  if (rest.size() - header < length) return std::nullopt;
  const Bytes content = rest.subspan(header, length);
  rest = rest.subspan(header + length);
  return content;
}

OpenSslPtr<BIGNUM> TakePositive(Bytes& rest) {
  const auto content = Take(rest, kInteger);
  if (!content || content->empty() || (*content)[0] >= 0x80) return nullptr;
  const bool padded = (*content)[0] == 0;
  if (padded && (content->size() < 2 || (*content)[1] < 0x80)) return nullptr;
  return OpenSslPtr<BIGNUM>(BN_bin2bn(content->data(), static_cast<int>(content->size()), nullptr));
}

OpenSslPtr<EVP_PKEY> FromParameters(const char* type, OSSL_PARAM_BLD* parts) {
  const OpenSslPtr<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(parts));
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(OwnContext(), type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return OpenSslPtr<EVP_PKEY>(key);
}

OpenSslPtr<EVP_PKEY> Rsa(Bytes key) {
  const auto numbers = Take(key, kSequence);
  if (!numbers || !key.empty()) return nullptr;
  Bytes rest = *numbers;
  const auto modulus = TakePositive(rest);
  const auto exponent = TakePositive(rest);
  const OpenSslPtr<OSSL_PARAM_BLD> parts(OSSL_PARAM_BLD_new());
  if (modulus == nullptr || exponent == nullptr || !rest.empty() || parts == nullptr ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return FromParameters("RSA", parts.get());
}

OpenSslPtr<EVP_PKEY> Ec(Bytes curve, Bytes point) {
  const unsigned char* position = curve.data();
  Bytes rest = curve;
  if (!Take(rest, kObjectIdentifier) || !rest.empty() || point.empty() || point[0] != 0x04) return nullptr;
  const OpenSslPtr<ASN1_OBJECT> object(d2i_ASN1_OBJECT(nullptr, &position, static_cast<long>(curve.size())));
  const int nid = object != nullptr ? OBJ_obj2nid(object.get()) : NID_undef;
  if (nid == NID_undef || nid == NID_sm2) return nullptr;
  const OpenSslPtr<OSSL_PARAM_BLD> parts(OSSL_PARAM_BLD_new());
  if (parts == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return nullptr;
  }
  return FromParameters("EC", parts.get());
}

}  // namespace

OpenSslPtr<EVP_PKEY> ReadPlainSpki(Bytes der) {
  const OpenSslErrorMark mark;
  const auto outer = Take(der, kSequence);
  if (!outer || !der.empty()) return nullptr;
  Bytes rest = *outer;
  const auto algorithm = Take(rest, kSequence);
  const auto bits = Take(rest, kBitString);
  if (!algorithm || !bits || !rest.empty() || bits->empty() || (*bits)[0] != 0) return nullptr;
  const Bytes key = bits->subspan(1);
  if (std::ranges::equal(*algorithm, kRsaAlgorithm)) return Rsa(key);
  if (algorithm->size() > kEcAlgorithm.size() &&
      std::ranges::equal(algorithm->first(kEcAlgorithm.size()), kEcAlgorithm)) {
    return Ec(algorithm->subspan(kEcAlgorithm.size()), key);
  }
  for (const EdwardsRow& row : kEdwards) {
    if (!std::ranges::equal(*algorithm, row.algorithm)) continue;
    return OpenSslPtr<EVP_PKEY>(
        EVP_PKEY_new_raw_public_key_ex(OwnContext(), row.name, nullptr, key.data(), key.size()));
  }
  return nullptr;
}

}  // namespace signet::inline identity
