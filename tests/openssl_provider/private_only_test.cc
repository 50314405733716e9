// Keys that a token holds without a public key object or certificate.
#include "openssl_provider/token_pem.h"

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/ssl.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::TestIdentity;

OpenSslPtr<X509> ReadCertificate(const std::string& pem) {
  const auto bio = Memory(pem);
  return OpenSslPtr<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// Verifies tells whether `key` makes a signature that verifies with the public key of `certificate`.
bool SignsFor(OSSL_LIB_CTX* library, EVP_PKEY* key, X509* certificate) {
  const bool hashes = EVP_PKEY_is_a(key, "EC") == 1;
  const char* digest = hashes ? "SHA256" : nullptr;
  const unsigned char message[] = "message";
  std::array<unsigned char, 256> signature;
  std::size_t size = signature.size();
  const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
  if (EVP_DigestSignInit_ex(signing.get(), nullptr, digest, library, nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(signing.get(), signature.data(), &size, message, sizeof message) != 1) {
    return false;
  }
  const OpenSslPtr<EVP_MD_CTX> verifying(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit_ex(verifying.get(), nullptr, digest, nullptr, nullptr,
                                 X509_get0_pubkey(certificate), nullptr) == 1 &&
         EVP_DigestVerify(verifying.get(), signature.data(), size, message, sizeof message) == 1;
}

// PrivateOnly has a private key on a token and its certificate in the program's hands.
class PrivateOnly : public ::testing::TestWithParam<const char*> {
 protected:
  PrivateOnly() : identity_(pki_.Issue({.key = GetParam()})), module_(token_) {
    token_.ImportKey(identity_, {.id = "\x07", .label = "alice", .public_object = false});
    setenv("PKCS11_PROVIDER_MODULE", module_.path().c_str(), 1);
    context_.emplace();
    certificate_ = ReadCertificate(identity_.CertificatePem());
  }
  ~PrivateOnly() override { unsetenv("PKCS11_PROVIDER_MODULE"); }

  OSSL_LIB_CTX* library() const { return context_->get(); }
  OpenSslPtr<EVP_PKEY> Key() const {
    return ReadKey(library(), provider::UriPem(token_.ObjectUri("\x07", true)).view());
  }

  const testing::TestPki pki_;
  const TestIdentity identity_;
  testing::SoftHsm token_;
  testing::WrappedModule module_;
  std::optional<LibraryContext> context_;
  OpenSslPtr<X509> certificate_;
};

std::string Named(const ::testing::TestParamInfo<const char*>& one) {
  std::string name;
  for (const char c : std::string_view(one.param))
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Keys, PrivateOnly,
                         ::testing::Values("ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448"), Named);

TEST_P(PrivateOnly, LoadsAndSignsWithTheSizesOfItsCurve) {
  const auto key = Key();
  ASSERT_NE(key, nullptr) << TakeErrors();
  const auto* software = X509_get0_pubkey(certificate_.get());
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), EVP_PKEY_get_bits(software));
  EXPECT_EQ(EVP_PKEY_get_size(key.get()), EVP_PKEY_get_size(software));
  EXPECT_TRUE(SignsFor(library(), key.get(), certificate_.get())) << TakeErrors();
}

TEST_P(PrivateOnly, SslTakesItWithTheCertificateInEitherOrder) {
  const OpenSslPtr<SSL_CTX> certificate_first(SSL_CTX_new_ex(library(), nullptr, TLS_method()));
  EXPECT_EQ(SSL_CTX_use_certificate(certificate_first.get(), certificate_.get()), 1) << TakeErrors();
  EXPECT_EQ(SSL_CTX_use_PrivateKey(certificate_first.get(), Key().get()), 1) << TakeErrors();
  EXPECT_EQ(SSL_CTX_check_private_key(certificate_first.get()), 1) << TakeErrors();
  const OpenSslPtr<SSL_CTX> key_first(SSL_CTX_new_ex(library(), nullptr, TLS_method()));
  EXPECT_EQ(SSL_CTX_use_PrivateKey(key_first.get(), Key().get()), 1) << TakeErrors();
  EXPECT_EQ(SSL_CTX_use_certificate(key_first.get(), certificate_.get()), 1) << TakeErrors();
  EXPECT_EQ(SSL_CTX_check_private_key(key_first.get()), 1) << TakeErrors();
}

TEST_P(PrivateOnly, ItsFirstSignatureIsVerifiedWithItsCertificate) {
  const auto key = Key();
  const auto other = ReadCertificate(pki_.Issue({.key = GetParam()}).CertificatePem());
  ASSERT_EQ(X509_check_private_key(other.get(), key.get()), 1) << "any key of the curve may be its own";
  EXPECT_FALSE(SignsFor(library(), key.get(), certificate_.get()));
  EXPECT_THAT(TakeErrors(), HasSubstr("does not verify with the certificate"));
  ASSERT_EQ(X509_check_private_key(certificate_.get(), key.get()), 1);
  EXPECT_TRUE(SignsFor(library(), key.get(), certificate_.get())) << TakeErrors();
  EXPECT_EQ(X509_check_private_key(certificate_.get(), key.get()), 1) << TakeErrors();
  EXPECT_EQ(X509_check_private_key(other.get(), key.get()), 0) << "the signature told which key it is";
}

TEST_P(PrivateOnly, ACertificateOfAnotherTypeOrCurveDoesNotMatch) {
  const auto key = Key();
  for (const char* const type : {"ec:P-256", "ec:P-384", "ed25519", "ed448", "rsa:2048"}) {
    if (std::string_view(type) == GetParam()) continue;
    const auto other = ReadCertificate(pki_.Issue({.key = type}).CertificatePem());
    EXPECT_EQ(X509_check_private_key(other.get(), key.get()), 0) << type;
  }
}

TEST_P(PrivateOnly, WhatNeedsThePublicPartSaysThatItIsUnknown) {
  const auto key = Key();
  const auto memory = Memory("");
  EXPECT_EQ(PEM_write_bio_PUBKEY(memory.get(), key.get()), 0);
  EXPECT_THAT(TakeErrors(), HasSubstr("cannot determine the public key"));
  std::array<unsigned char, 200> point;
  std::size_t size = 0;
  EXPECT_EQ(
      EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size),
      0);
  EXPECT_THAT(TakeErrors(), HasSubstr("cannot determine the public key"));
  const OpenSslPtr<EVP_MD_CTX> verifying(EVP_MD_CTX_new());
  EXPECT_EQ(EVP_DigestVerifyInit_ex(verifying.get(), nullptr,
                                    EVP_PKEY_is_a(key.get(), "EC") == 1 ? "SHA256" : nullptr, library(),
                                    nullptr, key.get(), nullptr),
            0);
  EXPECT_THAT(TakeErrors(), HasSubstr("cannot determine the public key"));
  EXPECT_TRUE(SignsFor(library(), key.get(), certificate_.get())) << "nothing was lost: " << TakeErrors();
}

TEST_P(PrivateOnly, ItDiffersFromOtherKeysOfItsCurveAndEqualsItself) {
  const auto stranger = pki_.Issue({.key = GetParam()});
  token_.ImportKey(stranger, {.id = "\x08", .label = "bob", .public_object = false});
  const auto bob = ReadKey(library(), provider::UriPem(token_.ObjectUri("\x08", true)).view());
  ASSERT_NE(bob, nullptr) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_eq(Key().get(), Key().get()), 1);
  EXPECT_NE(EVP_PKEY_eq(Key().get(), bob.get()), 1);
}

}  // namespace
}  // namespace signet
