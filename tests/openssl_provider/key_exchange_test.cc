#include "openssl_provider/token_pem.h"
#include <signet/identity_source.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <openssl/core_names.h>

namespace signet {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Octets = std::vector<unsigned char>;

OpenSslPtr<EVP_PKEY_CTX> BeginDerivation(OSSL_LIB_CTX* library, EVP_PKEY* key) {
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(library, key, nullptr));
  EXPECT_EQ(EVP_PKEY_derive_init(context.get()), 1) << TakeErrors();
  return context;
}

Octets Derive(EVP_PKEY_CTX* context) {
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_derive(context, nullptr, &size), 1) << TakeErrors();
  Octets secret(size);
  EXPECT_EQ(EVP_PKEY_derive(context, secret.data(), &size), 1) << TakeErrors();
  secret.resize(size);
  return secret;
}

Octets Agree(OSSL_LIB_CTX* library, EVP_PKEY* key, const EVP_PKEY* whole_peer,
             const OSSL_PARAM* params = nullptr) {
  const auto public_peer = PublicOf(library, whole_peer);
  EVP_PKEY* const peer = public_peer.get();
  const auto context = BeginDerivation(library, key);
  if (params != nullptr) {
    EXPECT_EQ(EVP_PKEY_CTX_set_params(context.get(), params), 1) << TakeErrors();
  }
  EXPECT_EQ(EVP_PKEY_derive_set_peer(context.get(), peer), 1) << TakeErrors();
  return Derive(context.get());
}

OpenSslPtr<EVP_PKEY> Generate(OSSL_LIB_CTX* library, const char* curve) {
  return OpenSslPtr<EVP_PKEY>(EVP_PKEY_Q_keygen(library, nullptr, "EC", curve));
}

struct Curve {
  const char* key;
  const char* name;
};

class TokenDerivation : public TokenPem, public ::testing::WithParamInterface<Curve> {
 protected:
  TokenDerivation() : TokenPem(GetParam().key) {}
};

TEST_P(TokenDerivation, AgreesWithAPeerOfDefault) {
  const auto token_key = key();
  const auto peer = Generate(library(), GetParam().name);
  const Octets agreed = Agree(library(), token_key.get(), peer.get());
  EXPECT_EQ(agreed, Agree(library(), peer.get(), software().get()));
  EXPECT_EQ(agreed, Agree(library(), peer.get(), token_key.get()))
      << "the other side has the token's public key";
}

TEST_P(TokenDerivation, AShortBufferGetsTheFirstBytes) {
  const auto token_key = key();
  const auto peer = Generate(library(), GetParam().name);
  const Octets agreed = Agree(library(), token_key.get(), peer.get());
  const auto context = BeginDerivation(library(), token_key.get());
  ASSERT_EQ(EVP_PKEY_derive_set_peer(context.get(), peer.get()), 1) << TakeErrors();
  Octets part(16);
  std::size_t size = part.size();
  ASSERT_EQ(EVP_PKEY_derive(context.get(), part.data(), &size), 1) << TakeErrors();
  EXPECT_EQ(size, 16u);
  EXPECT_TRUE(std::ranges::equal(part, std::span(agreed).first(16)));
}

// Read from a certificate or file, a peer may be compressed, and a program may pass its whole key pair.
TEST_P(TokenDerivation, TakesAPeerInAnyForm) {
  const auto token_key = key();
  const auto peer = Generate(library(), GetParam().name);
  const Octets agreed = Agree(library(), token_key.get(), peer.get());
  const auto whole = BeginDerivation(library(), token_key.get());
  ASSERT_EQ(EVP_PKEY_derive_set_peer(whole.get(), peer.get()), 1) << TakeErrors();
  EXPECT_EQ(Derive(whole.get()), agreed);
  ASSERT_EQ(
      EVP_PKEY_set_utf8_string_param(peer.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
      1);
  EXPECT_EQ(Agree(library(), token_key.get(), peer.get()), agreed);
}

TEST_P(TokenDerivation, KeyDerivationIsOpenSslsOwn) {
  const auto peer = Generate(library(), GetParam().name);
  std::size_t size = 40;
  Octets ukm = {1, 2, 3};
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, const_cast<char*>("X963KDF"), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, &size),
      OSSL_PARAM_construct_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, ukm.data(), ukm.size()),
      OSSL_PARAM_construct_end()};
  const Octets agreed = Agree(library(), key().get(), peer.get(), params);
  EXPECT_EQ(agreed.size(), size);
  EXPECT_EQ(agreed, Agree(library(), software().get(), peer.get(), params));
}

TEST_P(TokenDerivation, LeavesNothingOnTheToken) {
  const auto token_key = key();
  const auto peer = Generate(library(), GetParam().name);
  Agree(library(), token_key.get(), peer.get());
  module_.Reset();
  Agree(library(), token_key.get(), peer.get());
  EXPECT_THAT(module_.Counts(), UnorderedElementsAre(Pair("C_DeriveKey", 1), Pair("C_GetAttributeValue", 1),
                                                     Pair("C_DestroyObject", 1)));
}

INSTANTIATE_TEST_SUITE_P(Curves, TokenDerivation,
                         ::testing::Values(Curve{"ec:P-256", "P-256"}, Curve{"ec:P-384", "P-384"},
                                           Curve{"ec:P-521", "P-521"}),
                         [](const auto& row) { return std::string("P") + (row.param.name + 2); });

TEST(FileDerivation, KeyFromPkcs12AgreesAsDefaultDoes) {
  const LibraryContext context({"default"});
  for (const char* const curve : {"P-256", "secp160r1", "sect163r2", "sect283r1"}) {
    SCOPED_TRACE(curve);
    const testing::TestIdentity identity = testing::TestPki().Issue({.key = std::string("ec:") + curve});
    const testing::TemporaryDirectory directory;
    const std::string file = directory.Write("alice.p12", testing::MakePkcs12(identity));
    const auto file_key = IdentitySource().Open("pkcs12:" + file + "?pin-value=secret").key();
    const auto peer = Generate(context.get(), curve);
    unsigned char* point = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(peer.get(), &point);
    const OpenSslPtr<unsigned char> owned(point);
    EXPECT_TRUE(file_key->can_derive());
    const Secret agreed = file_key->Derive({point, size});
    const Octets expected =
        Agree(context.get(), peer.get(), ReadKey(context.get(), identity.PrivateKeyPem()).get());
    EXPECT_TRUE(std::ranges::equal(
        agreed.view(), expected, [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }));
    EXPECT_THROW(file_key->Derive({point, size - 1}), Error);
  }
}

// The provider says how long the secret is before it is there.
TEST(FileDerivation, SecretIsAsLongAsTheFieldOfAnyCurve) {
  const LibraryContext context;
  const testing::TemporaryDirectory directory;
  for (const char* const curve : {"secp160r1", "sect163r2", "sect283r1"}) {
    SCOPED_TRACE(curve);
    const auto identity = testing::TestPki().Issue({.key = std::string("ec:") + curve});
    const std::string file = directory.Write("alice.p12", testing::MakePkcs12(identity));
    const auto key = ReadKey(context.get(), provider::UriPem("pkcs12:" + file + "?pin-value=secret").view());
    ASSERT_NE(key, nullptr) << TakeErrors();
    const auto plain = ReadKey(context.get(), identity.PrivateKeyPem());
    const auto peer = Generate(context.get(), curve);
    EXPECT_EQ(Agree(context.get(), key.get(), peer.get()), Agree(context.get(), plain.get(), peer.get()));
  }
}

class TokenDerivationOnP256 : public TokenPem {};

TEST_F(TokenDerivationOnP256, PeerOnAnotherCurveIsRefused) {
  const auto context = BeginDerivation(library(), key().get());
  const auto peer = Generate(library(), "P-384");
  EXPECT_NE(EVP_PKEY_derive_set_peer(context.get(), peer.get()), 1);
  ERR_clear_error();
}

// Listed first, the provider's ECDH and its import of public keys are tried before those of default.
TEST_F(TokenDerivationOnP256, ListedFirstKeysOfDefaultAgreeAndVerify) {
  const LibraryContext context({"signet", "default"});
  const auto plain = ReadKey(context.get(), identity_.PrivateKeyPem());
  const auto token_key = ReadKey(context.get(), Pem());
  const auto peer = Generate(context.get(), "P-256");
  EXPECT_EQ(Agree(context.get(), plain.get(), peer.get()), Agree(context.get(), token_key.get(), peer.get()));
  EXPECT_TRUE(Signs(context.get(), plain.get())) << TakeErrors();
  const OpenSslPtr<X509_STORE> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), const_cast<X509*>(identity_.issuers.back().native()));
  const OpenSslPtr<X509_STORE_CTX> verifying(X509_STORE_CTX_new_ex(context.get(), nullptr));
  ASSERT_EQ(X509_STORE_CTX_init(verifying.get(), store.get(),
                                const_cast<X509*>(identity_.certificate.native()), nullptr),
            1);
  EXPECT_EQ(X509_verify_cert(verifying.get()), 1) << TakeErrors();
}

}  // namespace
}  // namespace signet
