#include "openssl_provider/counting_key.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

namespace signet {
namespace {

using provider::MakeKey;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

const TestPki& Pki() {
  static const TestPki pki;
  return pki;
}

struct KeyRow {
  const char* key;   // as TestPki makes it
  const char* name;  // OpenSSL's
  int bits;
  const char* digest;  // EVP_PKEY_get_default_digest_name
};

class Keymgmt : public ::testing::TestWithParam<KeyRow> {
 protected:
  const TestIdentity identity_ = Pki().Issue({.key = GetParam().key});
  const std::shared_ptr<CountingKey> token_key_ = std::make_shared<CountingKey>(identity_);
  const LibraryContext context_;
  const OpenSslPtr<EVP_PKEY> key_ = MakeKey(context_.get(), token_key_);
};

TEST_P(Keymgmt, KeyBelongsToTheProviderUnderOpenSslsOwnName) {
  EXPECT_EQ(EVP_PKEY_is_a(key_.get(), GetParam().name), 1);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key_.get())), "signet");
}

TEST_P(Keymgmt, AnswersWhatProgramsAsk) {
  EXPECT_EQ(EVP_PKEY_get_bits(key_.get()), GetParam().bits);
  EXPECT_GT(EVP_PKEY_get_security_bits(key_.get()), 100);
  EXPECT_EQ(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), token_key_->max_signature_size());
  char digest[32] = "";
  const int kind = EVP_PKEY_get_default_digest_name(key_.get(), digest, sizeof digest);
  EXPECT_EQ(kind, std::string_view(GetParam().digest) == "UNDEF" ? 2 : 1);
  EXPECT_STREQ(digest, GetParam().digest);
}

TEST_P(Keymgmt, EqualsTheCertificatesKeyBothWays) {
  const X509* certificate = identity_.certificate.native();
  EVP_PKEY* const software = X509_get0_pubkey(certificate);
  EXPECT_EQ(EVP_PKEY_eq(key_.get(), software), 1);
  EXPECT_EQ(EVP_PKEY_eq(software, key_.get()), 1);
  EXPECT_EQ(X509_check_private_key(certificate, key_.get()), 1);
  const TestIdentity other = Pki().Issue({.key = GetParam().key});
  EXPECT_NE(EVP_PKEY_eq(key_.get(), X509_get0_pubkey(other.certificate.native())), 1);
}

TEST_P(Keymgmt, PublicPartIsWrittenAsTheCertificateHasIt) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  ASSERT_GT(size, 0) << TakeErrors();
  const OpenSslPtr<unsigned char> owned(der);
  EXPECT_TRUE(std::ranges::equal(std::span(der, static_cast<std::size_t>(size)),
                                 identity_.certificate.subject_public_key_info()));
}

TEST_P(Keymgmt, PrivatePartIsRefusedWithWords) {
  ERR_clear_error();
  OSSL_PARAM* params = nullptr;
  EXPECT_NE(EVP_PKEY_todata(key_.get(), EVP_PKEY_KEYPAIR, &params), 1);
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:the private key cannot be exported"));
  EXPECT_EQ(EVP_PKEY_todata(key_.get(), EVP_PKEY_PUBLIC_KEY, &params), 1) << TakeErrors();
  const OpenSslPtr<OSSL_PARAM> owned(params);
}

TEST_P(Keymgmt, CopyIsTheSameKey) {
  const OpenSslPtr<EVP_PKEY> copy(EVP_PKEY_dup(key_.get()));
  ASSERT_NE(copy, nullptr) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_eq(key_.get(), copy.get()), 1);
}

TEST_P(Keymgmt, NoOperationAccessedTheToken) {
  EVP_PKEY_get_size(key_.get());
  EVP_PKEY_eq(key_.get(), X509_get0_pubkey(identity_.certificate.native()));
  EXPECT_EQ(token_key_->signatures, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Types, Keymgmt,
    ::testing::Values(KeyRow{"rsa:2048", "RSA", 2048, "SHA256"},
                      KeyRow{"rsa-pss:2048", "RSA-PSS", 2048, "SHA256"},
                      KeyRow{"ec:P-256", "EC", 256, "SHA256"}, KeyRow{"ec:P-521", "EC", 521, "SHA256"},
                      KeyRow{"ed25519", "ED25519", 256, "UNDEF"}, KeyRow{"ed448", "ED448", 456, "UNDEF"}),
    [](const auto& row) {
      std::string name = row.param.key;
      std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
      return name;
    });

TEST(KeymgmtDetails, EcCurveAndPointAreThere) {
  const LibraryContext context;
  const auto key = MakeKey(context.get(), std::make_shared<CountingKey>(Pki().Issue({.key = "ec:P-384"})));
  char group[32] = "";
  EXPECT_EQ(EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr), 1);
  EXPECT_STREQ(group, "secp384r1");
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key.get(), &point);
  const OpenSslPtr<unsigned char> owned(point);
  EXPECT_EQ(size, 97u);
}

TEST(KeymgmtDetails, RsaModulusAndExponentAreThere) {
  const LibraryContext context;
  const auto key = MakeKey(context.get(), std::make_shared<CountingKey>(Pki().Issue({.key = "rsa:2048"})));
  BIGNUM* n = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &n), 1);
  const OpenSslPtr<BIGNUM> modulus(n);
  EXPECT_EQ(BN_num_bits(modulus.get()), 2048);
}

}  // namespace
}  // namespace signet
