#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/key_tools.h>
#include <signet/testing/test_pki.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace signet {
namespace {

using ::testing::ElementsAreArray;
using testing::TestIdentity;
using testing::TestPki;

std::string PublicPem(EVP_PKEY* key) {
  const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

TEST(KeyTools, APublicKeyComesFromPemCertificateAndNativeKey) {
  for (const char* kind : {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ed25519"}) {
    const TestIdentity identity = TestPki().Issue({.key = kind});
    const auto spki = identity.certificate.subject_public_key_info();
    const PublicKey key = PublicKey::FromSpki(spki);
    EXPECT_THAT(SpkiFromPem(identity.CertificatePem()), ElementsAreArray(spki)) << kind;
    EXPECT_THAT(SpkiFromPem(PublicPem(key.native())), ElementsAreArray(spki)) << kind;
    EXPECT_THAT(SpkiFromNative(key.native()), ElementsAreArray(spki)) << kind;
    EXPECT_EQ(KeyTypeOf(spki), key.type());
    EXPECT_EQ(MaxSignatureSize(spki), key.max_signature_size());
    const auto bound = SchemesFor(key.type(), key.curve(), key.bits());
    const auto all = SchemesFor(spki);
    ASSERT_GE(all.size(), bound.size());
    EXPECT_TRUE(std::ranges::equal(std::span(all).first(bound.size()), bound));
    EXPECT_EQ(all.size(), key.type() == KeyType::kEc ? 5u : bound.size());
  }
  EXPECT_THROW(SpkiFromPem("nothing"), Error);
  EXPECT_THROW(SpkiFromNative(nullptr), Error);
  EXPECT_THROW(KeyTypeOf({}), Error);
}

TEST(KeyTools, SchemeAndAlgorithmNameEachOther) {
  for (const SchemeRow& row : SignatureSchemes()) {
    EXPECT_EQ(AlgorithmOf(row.scheme), row.algorithm) << row.name;
    EXPECT_EQ(SchemeOf(row.key, row.algorithm), row.scheme) << row.name;
    SigningAlgorithm other = row.algorithm;
    other.salt_length = 7;
    EXPECT_EQ(SchemeOf(row.key, other), std::nullopt) << row.name;
    EXPECT_EQ(SchemeOf(KeyType::kOther, row.algorithm), std::nullopt) << row.name;
  }
  EXPECT_THROW(AlgorithmOf(SignatureScheme{0x1234}), Error);
}

TEST(KeyTools, ADigestInfoNamesItsHashAndHoldsItsDigest) {
  for (const HashRow& row : Hashes()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(DigestSize(row.hash), row.size);
    const auto digest = Digest(row.hash, {});
    const auto info = DigestInfo(row.hash, digest);
    EXPECT_EQ(info[1], info.size() - 2) << "the sequence is all of it";
    const auto read = ReadDigestInfo(info);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->hash, row.hash);
    EXPECT_THAT(read->digest, ElementsAreArray(digest));
    EXPECT_FALSE(ReadDigestInfo(std::span(info).first(info.size() - 1)));
    EXPECT_THROW(DigestInfo(row.hash, std::span(digest).first(3)), Error);
  }
  EXPECT_FALSE(ReadDigestInfo({}));
  EXPECT_THROW(DigestSize(Hash::kNone), Error);
}

TEST(KeyTools, EcdsaSignaturesGoFromOneFormToTheOther) {
  for (const std::size_t size : {32u, 48u, 66u}) {
    std::vector<std::uint8_t> raw(2 * size, 0x80);
    EXPECT_EQ(EcdsaFromDer(EcdsaToDer(raw), size), raw);
    raw[0] = 0;
    raw[size] = 0x01;
    EXPECT_EQ(EcdsaFromDer(EcdsaToDer(raw), size), raw);
    EXPECT_THROW(EcdsaFromDer(EcdsaToDer(raw), size - 2), Error) << "the numbers do not fit";
  }
  EXPECT_THROW(EcdsaToDer({}), Error);
  EXPECT_THROW(EcdsaToDer(std::vector<std::uint8_t>(63, 1)), Error);
  EXPECT_THROW(EcdsaToDer(std::vector<std::uint8_t>(64)), Error) << "no number of a signature is zero";
  EXPECT_THROW(EcdsaFromDer({}, 32), Error);
  EXPECT_THROW(EcdsaFromDer(std::vector<std::uint8_t>{0x30, 0x03, 0x02, 0x01, 0x01}, 32), Error);
}

}  // namespace
}  // namespace signet
