#include "identity/plain_spki.h"

#include "base/openssl_context.h"
#include "identity/public_key.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes SpkiOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const OpenSslPtr<unsigned char> owned(der);
  return size > 0 ? Bytes(der, der + size) : Bytes();
}

// What the plain reader gives must be what OpenSSL's own gives.
void ExpectSameAsOpenSsl(EVP_PKEY* key) {
  const Bytes spki = SpkiOf(key);
  const OpenSslPtr<EVP_PKEY> read = ReadPlainSpki(spki);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(EVP_PKEY_eq(read.get(), key), 1);
  EXPECT_EQ(SpkiOf(read.get()), spki);
  const unsigned char* position = spki.data();
  const OpenSslPtr<EVP_PKEY> other(
      d2i_PUBKEY_ex(nullptr, &position, static_cast<long>(spki.size()), OwnContext(), nullptr));
  EXPECT_STREQ(EVP_PKEY_get0_type_name(read.get()), EVP_PKEY_get0_type_name(other.get()));
  EXPECT_EQ(EVP_PKEY_get_bits(read.get()), EVP_PKEY_get_bits(other.get()));
}

TEST(PlainSpki, ReadsRsaAndEdwardsKeysAsOpenSslDoes) {
  for (const std::size_t bits : {1024u, 2048u, 3072u}) {
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "RSA", bits));
    ExpectSameAsOpenSsl(key.get());
  }
  for (const char* type : {"ED25519", "ED448"}) {
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, type));
    ExpectSameAsOpenSsl(key.get());
  }
}

TEST(PlainSpki, ReadsEveryNamedCurveAsOpenSslDoes) {
  std::vector<EC_builtin_curve> curves(EC_get_builtin_curves(nullptr, 0));
  EC_get_builtin_curves(curves.data(), curves.size());
  ASSERT_FALSE(curves.empty());
  for (const EC_builtin_curve& curve : curves) {
    SCOPED_TRACE(OBJ_nid2sn(curve.nid));
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", OBJ_nid2sn(curve.nid)));
    if (key == nullptr || curve.nid == NID_sm2) continue;  // Oakley's groups have no encoding
    const Bytes spki = SpkiOf(key.get());
    if (ReadPlainSpki(spki) == nullptr) {
      EXPECT_NO_THROW(PublicKey::FromSpki(spki)) << "read by OpenSSL instead";
      continue;
    }
    ExpectSameAsOpenSsl(key.get());
  }
}

TEST(PlainSpki, LeavesWhatIsNotPlainToOpenSsl) {
  const OpenSslPtr<EVP_PKEY> rsa(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "RSA", std::size_t{1024}));
  const OpenSslPtr<EVP_PKEY> ec(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", "P-256"));
  for (EVP_PKEY* key : {rsa.get(), ec.get()}) {
    const Bytes good = SpkiOf(key);
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_EQ(ReadPlainSpki(std::span(good).first(size)), nullptr) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(ReadPlainSpki(longer), nullptr);
    // A damaged byte is refused, or reads as another key; never as this one.
    for (std::size_t i = 0; i < good.size(); ++i) {
      Bytes damaged = good;
      damaged[i] ^= 0x01;
      const OpenSslPtr<EVP_PKEY> read = ReadPlainSpki(damaged);
      if (read != nullptr) {
        EXPECT_NE(EVP_PKEY_eq(read.get(), key), 1) << i;
      }
    }
  }
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(ec.get(), "point-format", "compressed"), 1);
  const Bytes compressed = SpkiOf(ec.get());
  EXPECT_EQ(ReadPlainSpki(compressed), nullptr);
  EXPECT_NO_THROW(PublicKey::FromSpki(compressed));
}

}  // namespace
}  // namespace signet
