// What a key object reveals of its public key, and how much of it is believed.
#include "base/openssl_context.h"
#include "base/openssl_ptr.h"
#include "pkcs11/objects/key_parts.h"
#include "pkcs11/objects/key_shape.h"
#include "pkcs11/objects/public_part.h"
#include <signet/testing/test_pki.h>

#include <cstring>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

namespace signet {
namespace {

template <class Number>
Bytes NumberBytes(Number number) {
  Bytes bytes(sizeof number);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

StoredObject Key(CK_KEY_TYPE type) {
  StoredObject object{.object_class = CKO_PRIVATE_KEY};
  object.attributes.Set(CKA_KEY_TYPE, NumberBytes(type));
  return object;
}

// Made is a fresh key: its SubjectPublicKeyInfo and its parts.
struct Made {
  explicit Made(std::string_view kind)
      : certificate(testing::TestPki::IssueFrom(Pki().root(), {.key = std::string(kind)}).certificate),
        spki(certificate.subject_public_key_info().begin(), certificate.subject_public_key_info().end()),
        key(PublicKey::FromSpki(spki)) {
    if (auto read = PartsOfSpki(spki)) parts = *std::move(read);
  }
  static const testing::TestPki& Pki() {
    static const testing::TestPki pki;
    return pki;
  }
  Certificate certificate;
  Bytes spki;
  PublicKey key;
  KeyParts parts;
};

StoredObject RsaKey(const Made& made, bool modulus, bool exponent) {
  StoredObject object = Key(CKK_RSA);
  if (modulus) object.attributes.Set(CKA_MODULUS, made.parts.value);
  if (exponent) object.attributes.Set(CKA_PUBLIC_EXPONENT, made.parts.exponent);
  return object;
}

StoredObject Beside(StoredObject object, Bytes public_key_info) {
  object.attributes.Set(CKA_PUBLIC_KEY_INFO, std::move(public_key_info));
  return object;
}

const Bytes kP256 = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

StoredObject EcKey(const Bytes& params, const Bytes& point = {}) {
  StoredObject object = Key(CKK_EC);
  object.attributes.Set(CKA_EC_PARAMS, params);
  if (!point.empty()) object.attributes.Set(CKA_EC_POINT, point);
  return object;
}

TEST(PublicPart, OfEveryKindGoesIntoPartsAndBack) {
  for (const char* kind :
       {"rsa:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ec:brainpoolP256r1", "ed25519", "ed448"}) {
    const Made made(kind);
    EXPECT_EQ(SpkiOfParts(made.parts), made.spki) << kind;
    EXPECT_EQ(MaterialOf(made.spki),
              made.parts.kind + ":" + std::string(made.parts.value.begin(), made.parts.value.end()));
  }
  EXPECT_FALSE(PartsOfSpki(Bytes{}));
  EXPECT_FALSE(PartsOfSpki(Bytes{0x30, 0x02, 0x30, 0x00}));
}

TEST(PublicPart, RsaNumbersMayHaveZerosInFront) {
  const Made made("rsa:2048");
  StoredObject padded = Key(CKK_RSA);
  Bytes modulus(3, 0);
  modulus.insert(modulus.end(), made.parts.value.begin(), made.parts.value.end());
  padded.attributes.Set(CKA_MODULUS, modulus);
  padded.attributes.Set(CKA_PUBLIC_EXPONENT,
                        NumberBytes<std::uint64_t>(0x0100010000000000));  // 00 .. 01 00 01
  const auto read = PublicPartOf(padded);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, made.key);
}

TEST(PublicPart, ARsaKeyThatRevealsItsModulusAloneIsComparedByIt) {
  const Made made("rsa:2048");
  const Made other("rsa:2048");
  const StoredObject object = RsaKey(made, true, false);
  EXPECT_FALSE(PublicPartOf(object)) << "the exponent is not known";
  EXPECT_EQ(MaterialOf(object), MaterialOf(made.spki));
  EXPECT_EQ(SameKey(object, other.key), false);
  EXPECT_EQ(SameKey(object, made.key), std::nullopt) << "the first signature shows it";
  EXPECT_EQ(SameKey(RsaKey(made, true, true), made.key), true);
  EXPECT_EQ(SameKey(RsaKey(made, true, true), other.key), false);
  EXPECT_EQ(SameKey(RsaKey(made, false, false), made.key), std::nullopt);
  StoredObject odd = RsaKey(made, true, false);
  odd.attributes.Set(CKA_PUBLIC_EXPONENT, {3});
  EXPECT_EQ(SameKey(odd, made.key), false) << "another exponent is another key";
  const auto completed = PublicPartOf(Beside(object, made.spki));
  ASSERT_TRUE(completed);
  EXPECT_EQ(*completed, made.key);
}

TEST(PublicPart, PublicKeyInfoIsNotBelievedAgainstTheNumbers) {
  const Made made("rsa:2048");
  const Made other("rsa:2048");
  EXPECT_EQ(*PublicPartOf(Beside(RsaKey(made, true, true), other.spki)), made.key);
  EXPECT_FALSE(PublicPartOf(Beside(RsaKey(made, true, false), other.spki)));
  EXPECT_EQ(*PublicPartOf(Beside(RsaKey(made, true, true), {})), made.key);
  EXPECT_EQ(*PublicPartOf(Beside(RsaKey(made, true, true), {1, 2, 3})), made.key);
  const Made ec("ec:P-256");
  EXPECT_EQ(*PublicPartOf(Beside(EcKey(kP256), ec.spki)), ec.key) << "all that there is";
  EXPECT_FALSE(PublicPartOf(Beside(EcKey(kP256), made.spki))) << "another kind of key";
  EXPECT_FALSE(PublicPartOf(Beside(EcKey(kP256), Made("ec:P-384").spki))) << "another curve";
  EXPECT_FALSE(PublicPartOf(Beside(EcKey(kP256), {})));
  EXPECT_FALSE(PublicPartOf(Beside(EcKey(kP256), {0x30, 0x00})));
}

TEST(PublicPart, PublicKeyInfoTellsThatAnRsaKeyIsForPss) {
  const Made plain("rsa:2048");
  const Bytes pss_spki = [&] {
    const PublicKey pss = RsaPssOf(plain.key);
    return Bytes(pss.spki().begin(), pss.spki().end());
  }();
  EXPECT_EQ(PublicPartOf(Beside(RsaKey(plain, true, true), pss_spki))->type(), KeyType::kRsaPss);
  EXPECT_EQ(PublicPartOf(Beside(RsaKey(plain, true, true), plain.spki))->type(), KeyType::kRsa);
  EXPECT_EQ(MaterialOf(pss_spki), MaterialOf(plain.spki));
}

TEST(PublicPart, ExplicitParametersInPublicKeyInfoBecomeTheNamedCurve) {
  const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", "P-256"));
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), "encoding", "explicit"), 1);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  ASSERT_GT(size, 200) << "not explicit";
  const Bytes explicit_spki(der, der + size);
  const auto read = PublicPartOf(Beside(EcKey(kP256), explicit_spki));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->spki().size(), 91u) << "named";
  EXPECT_EQ(EVP_PKEY_eq(read->native(), key.get()), 1);
  EXPECT_EQ(FromCertified(explicit_spki).spki().size(), 91u);
}

TEST(PublicPart, AnEdwardsKeyThatSaysItIsAnEcKeyIsRead) {
  const Made made("ed25519");
  const Bytes ed25519 = {0x06, 0x03, 0x2b, 0x65, 0x70};
  const auto read = PublicPartOf(EcKey(ed25519, made.parts.value));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, made.key);
  EXPECT_EQ(KindOf(EcKey(ed25519)), "ED25519");
}

TEST(PublicPart, MontgomeryCurvesAreNamedByEveryIdentifierInUse) {
  const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "X25519"));
  Bytes point(32);
  std::size_t size = point.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size), 1);
  const Bytes standard = {0x06, 0x03, 0x2b, 0x65, 0x6e};
  const Bytes gnu = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01};
  const Bytes text = {0x13, 0x0a, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'};
  for (const Bytes& params : {standard, gnu, text, Bytes{}}) {
    StoredObject object = Key(kCkkEcMontgomery);
    object.attributes.Set(CKA_EC_PARAMS, params);
    object.attributes.Set(CKA_EC_POINT, point);
    const auto read = PublicPartOf(object);
    ASSERT_TRUE(read);
    EXPECT_EQ(EVP_PKEY_eq(read->native(), key.get()), 1);
  }
}

TEST(PublicPart, AnotherTypeOrCurveIsAnotherKeyAlsoWhereThePointIsHidden) {
  const Made p256("ec:P-256");
  EXPECT_EQ(SameKey(EcKey(kP256), p256.key), std::nullopt);
  EXPECT_EQ(SameKey(EcKey(kP256), Made("ec:P-384").key), false);
  EXPECT_EQ(SameKey(EcKey(kP256), Made("ed25519").key), false);
  EXPECT_EQ(SameKey(EcKey(kP256), Made("rsa:2048").key), false);
  EXPECT_EQ(SameKey(Key(CKK_RSA), p256.key), false);
  EXPECT_EQ(SameKey(Key(CKK_EC), p256.key), std::nullopt) << "no curve is told";
  const auto shape = ShapeOf(EcKey(kP256));
  ASSERT_TRUE(shape);
  EXPECT_EQ(SameKey(EcKey(kP256, p256.parts.value), *shape), std::nullopt);
  EXPECT_EQ(SameKey(RsaKey(Made("rsa:2048"), true, true), *shape), false);
}

TEST(PublicPart, APointThatIsNotOnItsCurveIsIgnored) {
  const Made made("ec:P-256");
  const StoredObject damaged = EcKey(kP256, Bytes(65, 0x04));
  EXPECT_EQ(SameKey(damaged, made.key), std::nullopt);
  EXPECT_EQ(SameKey(EcKey(kP256, Made("ec:P-256").parts.value), made.key), false);
}

}  // namespace
}  // namespace signet
