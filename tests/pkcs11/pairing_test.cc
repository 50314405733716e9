// Which certificate belongs to which key, and what modules write for one and the same key.
#include "pkcs11/objects/pairing.h"

#include "base/openssl_context.h"
#include "base/openssl_ptr.h"
#include "identity/der.h"
#include "pkcs11/objects/key_encoding.h"
#include "pkcs11/objects/public_part.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet {
namespace {

ObjectFacts Facts(std::string id, std::string label, std::string material, std::string kind = {}) {
  return {.id = {id.begin(), id.end()},
          .label = std::move(label),
          .material = std::move(material),
          .kind = std::move(kind)};
}

struct PairingCase {
  const char* name;
  TokenFacts facts;
  std::vector<int> expected;  // for each certificate: index of its key, -1 none, -2 mismatch
};

class PairingRules : public ::testing::TestWithParam<PairingCase> {};

INSTANTIATE_TEST_SUITE_P(
    All, PairingRules,
    ::testing::Values(
        PairingCase{"ById", {{Facts("1", "a", ""), Facts("2", "b", "")}, {}, {Facts("2", "c", "K")}}, {1}},
        PairingCase{"ByIdWithTheSameKey", {{Facts("1", "", "K")}, {}, {Facts("1", "", "K")}}, {0}},
        PairingCase{"ByIdButAnotherKey", {{Facts("1", "", "X")}, {}, {Facts("1", "", "K")}}, {-2}},
        PairingCase{"ByKeyWhereIdsDiffer", {{Facts("1", "", "K")}, {}, {Facts("9", "", "K")}}, {0}},
        PairingCase{
            "ByKeyWithoutIds", {{Facts("", "", "X"), Facts("", "", "K")}, {}, {Facts("", "", "K")}}, {1}},
        PairingCase{"ByThePublicKeyObjectBeside",
                    {{Facts("7", "", "")}, {Facts("7", "", "K")}, {Facts("8", "", "K")}},
                    {0}},
        PairingCase{"ByThePublicKeyObjectOfTheSameLabel",
                    {{Facts("", "key", "")}, {Facts("", "key", "K")}, {Facts("", "cert", "K")}},
                    {0}},
        PairingCase{"TheOtherKeyWithTheIdIsPassedOver",
                    {{Facts("1", "", "X"), Facts("1", "", "K")}, {}, {Facts("1", "", "K")}},
                    {1}},
        PairingCase{"AKnownKeyPrecedesAnUnknownOneWithTheId",
                    {{Facts("1", "", ""), Facts("5", "", "K")}, {}, {Facts("1", "", "K")}},
                    {1}},
        PairingCase{"ByAUniqueLabel", {{Facts("", "alice", "")}, {}, {Facts("3", "alice", "K")}}, {0}},
        PairingCase{"NotByALabelThatTwoKeysHave",
                    {{Facts("", "a", ""), Facts("", "a", "")}, {}, {Facts("", "a", "K")}},
                    {-1}},
        PairingCase{"NotByALabelThatTwoCertificatesHave",
                    {{Facts("", "a", "")}, {}, {Facts("", "a", "K"), Facts("", "a", "L")}},
                    {-1, -1}},
        PairingCase{
            "NotByLabelWhereTheKeyIsKnownToDiffer", {{Facts("", "a", "X")}, {}, {Facts("", "a", "K")}}, {-1}},
        PairingCase{"NotByLabelWhereTheKeyBelongsToAnother",
                    {{Facts("1", "a", "")}, {}, {Facts("1", "x", "K"), Facts("", "a", "L")}},
                    {0, -1}},
        PairingCase{"ARenewedCertificateBesideTheOldOne",
                    {{Facts("1", "", "K")}, {}, {Facts("1", "", "K"), Facts("2", "", "K")}},
                    {0, 0}},
        PairingCase{"OfTwoSilentKeysWithOneIdByTheirPublicKeyObjectsLabels",
                    {{Facts("1", "a", ""), Facts("1", "b", "")},
                     {Facts("1", "a", "K"), Facts("1", "b", "L")},
                     {Facts("1", "x", "L"), Facts("1", "y", "K")}},
                    {1, 0}},
        PairingCase{"OfTwoSilentKeysWithOneIdByTheCertificatesLabel",
                    {{Facts("1", "a", ""), Facts("1", "b", "")}, {}, {Facts("1", "b", "K")}},
                    {1}},
        PairingCase{
            "TwoSilentKeysWithOneIdGoToTwoCertificates",
            {{Facts("1", "", ""), Facts("1", "", "")}, {}, {Facts("1", "", "K"), Facts("1", "", "L")}},
            {0, 1}},
        PairingCase{"TheSilentKeyOfTwoWithOneIdGetsThePublicKeyThatTheOtherDoesNotReveal",
                    {{Facts("1", "", "K"), Facts("1", "", "")},
                     {Facts("1", "", "K"), Facts("1", "", "L")},
                     {Facts("2", "", "L")}},
                    {1}},
        PairingCase{"OfTwoSilentKeysWithOneIdByKind",
                    {{Facts("1", "", "", "prime256v1"), Facts("1", "", "", "ED25519")},
                     {},
                     {Facts("1", "", "K", "ED25519")}},
                    {1}},
        PairingCase{"NotByIdWhereTheKindDiffers",
                    {{Facts("1", "", "", "prime256v1")}, {}, {Facts("1", "", "K", "ED25519")}},
                    {-2}},
        PairingCase{"NotByLabelWhereTheKindDiffers",
                    {{Facts("", "a", "", "prime256v1")}, {}, {Facts("", "a", "K", "secp384r1")}},
                    {-1}},
        PairingCase{
            "OnePublicKeyObjectForTwoSilentKeysWithItsIdSaysNothing",
            {{Facts("1", "a", ""), Facts("1", "b", "")}, {Facts("1", "", "K")}, {Facts("9", "", "K")}},
            {-1}},
        PairingCase{"ThePublicKeyObjectTwice",
                    {{Facts("1", "", "")}, {Facts("1", "", "K"), Facts("1", "", "K")}, {Facts("9", "", "K")}},
                    {0}},
        PairingCase{"NothingSpeaksForIt", {{Facts("1", "a", "")}, {}, {Facts("2", "b", "K")}}, {-1}}),
    [](const auto& one) { return one.param.name; });

TEST_P(PairingRules, FindTheKey) {
  TokenFacts facts = GetParam().facts;
  CompletePrivateKeys(facts);
  std::vector<int> found;
  for (const CertificateKey& pair : PairCertificates(facts)) {
    found.push_back(pair.mismatch ? -2 : pair.private_key ? static_cast<int>(*pair.private_key) : -1);
  }
  EXPECT_EQ(found, GetParam().expected);
}

// Completed gives what a private key is taken to be that reveals no public key itself.
std::string Completed(std::vector<ObjectFacts> private_keys, std::vector<ObjectFacts> public_keys) {
  TokenFacts facts{
      .private_keys = std::move(private_keys), .public_keys = std::move(public_keys), .certificates = {}};
  CompletePrivateKeys(facts);
  return facts.private_keys.front().material;
}

TEST(Pairing, APublicKeyWithTheIdOfAnotherPrivateKeyIsNotTakenByLabel) {
  const ObjectFacts alone{.id = {2}, .label = "key", .material = ""};
  const ObjectFacts another{.id = {1}, .label = "other", .material = ""};
  const ObjectFacts public_key{.id = {1}, .label = "key", .material = "point"};
  EXPECT_EQ(Completed({alone, another}, {public_key}), "");
  EXPECT_EQ(Completed({alone}, {public_key}), "point") << "the IDs differ, and nobody else has this one";
  EXPECT_EQ(Completed({another, alone}, {public_key}), "point") << "by its ID";
}

Bytes OidOf(int nid) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
  const OpenSslPtr<unsigned char> owned(der);
  return size > 0 ? Bytes(der, der + size) : Bytes();
}

Bytes TextParams(std::uint8_t tag, std::string_view text) {
  return DerWrap(tag, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Bytes BitString(std::span<const std::uint8_t> content) {
  Bytes bits{0};
  bits.insert(bits.end(), content.begin(), content.end());
  return DerWrap(0x03, bits);
}

StoredObject EcKey(CK_KEY_TYPE type, Bytes params, Bytes point) {
  StoredObject object{.object_class = CKO_PUBLIC_KEY};
  Bytes type_bytes(sizeof type);
  std::memcpy(type_bytes.data(), &type, sizeof type);
  object.attributes.Set(CKA_KEY_TYPE, type_bytes);
  object.attributes.Set(CKA_EC_PARAMS, std::move(params));
  object.attributes.Set(CKA_EC_POINT, std::move(point));
  return object;
}

Bytes PointOf(EVP_PKEY* key, const char* form) {
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form);
  Bytes point(300);
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size);
  point.resize(size);
  return point;
}

TEST(KeyEncoding, EveryCurveIsReadInEveryForm) {
  std::vector<EC_builtin_curve> curves(EC_get_builtin_curves(nullptr, 0));
  EC_get_builtin_curves(curves.data(), curves.size());
  int read = 0;
  for (const EC_builtin_curve& curve : curves) {
    const char* name = OBJ_nid2sn(curve.nid);
    SCOPED_TRACE(name);
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", name));
    if (key == nullptr || curve.nid == NID_sm2 || OidOf(curve.nid).empty()) continue;  // no encoding
    const OpenSslPtr<EC_GROUP> group(EC_GROUP_new_by_curve_name(curve.nid));
    EC_GROUP_set_asn1_flag(group.get(), OPENSSL_EC_EXPLICIT_CURVE);
    unsigned char* der = nullptr;
    const int size = i2d_ECPKParameters(group.get(), &der);
    const OpenSslPtr<unsigned char> owned(der);
    std::vector<Bytes> params{OidOf(curve.nid), TextParams(0x13, name), TextParams(0x0c, name)};
    const std::string from_explicit = CurveOf(Bytes(der, der + size));
    EXPECT_FALSE(from_explicit.empty());
    EXPECT_EQ(EVP_PKEY_get_bits(key.get()), EC_GROUP_order_bits(group.get()));
    for (const char* form : {"uncompressed", "compressed", "hybrid"}) {
      const Bytes point = PointOf(key.get(), form);
      for (const Bytes& written : {point, DerWrap(0x04, point), BitString(point)}) {
        for (const Bytes& named : params) {
          const auto public_key = PublicPartOf(EcKey(CKK_EC, named, written));
          ASSERT_TRUE(public_key) << form;
          EXPECT_EQ(EVP_PKEY_eq(public_key->native(), key.get()), 1) << form;
          EXPECT_EQ(OBJ_sn2nid(public_key->curve().c_str()), curve.nid) << "named, never explicit";
        }
      }
    }
    ++read;
  }
  EXPECT_GT(read, 20);
}

TEST(KeyEncoding, ExplicitParametersOfANamedCurveAreThatCurve) {
  for (const int nid : {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1, NID_brainpoolP256r1}) {
    const OpenSslPtr<EC_GROUP> group(EC_GROUP_new_by_curve_name(nid));
    EC_GROUP_set_asn1_flag(group.get(), OPENSSL_EC_EXPLICIT_CURVE);
    unsigned char* der = nullptr;
    const int size = i2d_ECPKParameters(group.get(), &der);
    const OpenSslPtr<unsigned char> owned(der);
    EXPECT_EQ(CurveOf(Bytes(der, der + size)), OBJ_nid2sn(nid));
  }
  EXPECT_EQ(CurveOf(Bytes{0x05, 0x00}), "") << "implicitCurve names none";
  EXPECT_EQ(CurveOf(Bytes{0x30, 0x03, 0x02, 0x01, 0x01}), "");
}

// The point of this key begins as a DER OCTET STRING of its own length would.
TEST(KeyEncoding, APointThatLooksLikeAnOctetStringIsReadByItsLength) {
  for (int i = 0; i < 4000; ++i) {
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", "P-256"));
    const Bytes point = PointOf(key.get(), "uncompressed");
    if (point[1] != point.size() - 2) continue;
    const auto read = PublicPartOf(EcKey(CKK_EC, OidOf(NID_X9_62_prime256v1), point));
    ASSERT_TRUE(read);
    EXPECT_EQ(EVP_PKEY_eq(read->native(), key.get()), 1);
    return;
  }
}

TEST(KeyEncoding, EdwardsKeysAreReadInEveryForm) {
  struct Row {
    const char* type;
    int nid;
    const char* name;
  };
  for (const Row& row :
       {Row{"ED25519", NID_ED25519, "edwards25519"}, Row{"ED448", NID_ED448, "edwards448"}}) {
    const OpenSslPtr<EVP_PKEY> key(EVP_PKEY_Q_keygen(OwnContext(), nullptr, row.type));
    Bytes point(64);
    std::size_t size = point.size();
    EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size);
    point.resize(size);
    for (const Bytes& params : {OidOf(row.nid), TextParams(0x13, row.name), Bytes{}}) {
      for (const Bytes& written : {point, DerWrap(0x04, point), BitString(point)}) {
        const auto read = PublicPartOf(EcKey(CKK_EC_EDWARDS, params, written));
        ASSERT_TRUE(read) << row.type;
        EXPECT_EQ(EVP_PKEY_eq(read->native(), key.get()), 1);
      }
    }
  }
}

TEST(KeyEncoding, WhatIsNoPointIsNoKey) {
  const Bytes params = OidOf(NID_X9_62_prime256v1);
  EXPECT_FALSE(PublicPartOf(EcKey(CKK_EC, params, {})));
  EXPECT_FALSE(PublicPartOf(EcKey(CKK_EC, params, Bytes(65, 0x04)))) << "not on the curve";
  EXPECT_FALSE(PublicPartOf(EcKey(CKK_EC, params, Bytes(66, 0x04))));
  EXPECT_FALSE(PublicPartOf(EcKey(CKK_EC, {}, Bytes(65, 0x04))));
  EXPECT_FALSE(PublicPartOf(EcKey(CKK_EC_EDWARDS, {}, Bytes(31, 1))));
}

TEST(DerSizeOf, IsThatOfTheSequenceAndNotOfWhatFollows) {
  const Bytes der = DerWrap(0x30, Bytes(300, 7));
  Bytes filled = der;
  filled.resize(2048, 0xff);
  EXPECT_EQ(DerSize(filled), der.size());
  EXPECT_EQ(DerSize(std::span(der).first(der.size() - 1)), 0u);
  EXPECT_EQ(DerSize(Bytes{}), 0u);
  EXPECT_EQ(DerSize(Bytes(10, 0)), 0u);
}

}  // namespace
}  // namespace signet
