// A gnutls_privkey_t of an identity, outside of TLS.
#include "c_abi/handles.h"
#include "gnutls/schemes.h"
#include <signet/gnutls.h>
#include <signet/signature_scheme.h>
#include <signet/testing/test_pki.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::TestPki;

TEST(GnuTlsSchemes, EveryAlgorithmHasAKnownCodePoint) {
  for (const gnutls::SignRow& row : gnutls::SignRows()) {
    EXPECT_NE(Name(static_cast<SignatureScheme>(row.scheme)), "unknown")
        << gnutls_sign_get_name(row.algorithm);
  }
  EXPECT_EQ(gnutls::SchemeOf(GNUTLS_SIGN_RSA_MD5), 0);
}

TEST(GnuTlsPrivateKey, SignsWhatTheCertificateVerifies) {
  const TestPki pki;
  for (const char* kind : {"rsa:2048", "ec:P-256", "ed25519"}) {
    const CIdentity identity = FromPem(pki.Issue({.key = kind}));
    gnutls_privkey_t key = nullptr;
    signet_error* error = nullptr;
    ASSERT_TRUE(signet_gnutls_privkey(identity.get(), &key, &error)) << signet_error_message(error);
    gnutls_pubkey_t public_key = nullptr;
    gnutls_pubkey_init(&public_key);
    std::size_t size = 0;
    const auto* der = signet_identity_certificate(identity.get(), 0, &size);
    gnutls_x509_crt_t certificate = nullptr;
    gnutls_x509_crt_init(&certificate);
    const gnutls_datum_t datum{const_cast<unsigned char*>(der), static_cast<unsigned>(size)};
    gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_DER);
    gnutls_pubkey_import_x509(public_key, certificate, 0);
    unsigned char text[] = "a text";
    const gnutls_datum_t message{text, 6};
    gnutls_datum_t signature{};
    const bool edwards = std::string_view(kind) == "ed25519";
    const auto algorithm = edwards                                ? GNUTLS_SIGN_EDDSA_ED25519
                           : std::string_view(kind) == "rsa:2048" ? GNUTLS_SIGN_RSA_SHA256
                                                                  : GNUTLS_SIGN_ECDSA_SHA256;
    EXPECT_EQ(gnutls_privkey_sign_data2(key, algorithm, 0, &message, &signature), 0) << kind;
    EXPECT_GE(gnutls_pubkey_verify_data2(public_key, algorithm, 0, &message, &signature), 0) << kind;
    gnutls_free(signature.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_pubkey_deinit(public_key);
    gnutls_privkey_deinit(key);
  }
}

TEST(GnuTlsPrivateKey, OfNothingIsAnError) {
  gnutls_privkey_t key = nullptr;
  signet_error* error = nullptr;
  EXPECT_FALSE(signet_gnutls_privkey(nullptr, &key, &error));
  const CError owned(error);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT);
}

}  // namespace
}  // namespace signet
