// What programs learn of a key in a token: as text, in PEM, by its parameters.
#include "openssl_provider/token_pem.h"

#include <gmock/gmock.h>
#include <openssl/core_names.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr unsigned long kPublicKeyInfo = 0x129;  // CKA_PUBLIC_KEY_INFO
constexpr unsigned long kEcParams = 0x180;       // CKA_EC_PARAMS
constexpr unsigned long kEcPoint = 0x181;        // CKA_EC_POINT

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

class TokenKeyWritten : public TokenPem {
 protected:
  std::string WritePrivate(OSSL_LIB_CTX* context, EVP_PKEY* written) const {
    const auto bio = Memory("");
    const int done = PEM_write_bio_PrivateKey_ex(bio.get(), written, nullptr, nullptr, 0, nullptr, nullptr,
                                                 context, nullptr);
    return done == 1 ? TextOf(bio.get()) : "";
  }
};

TEST_F(TokenKeyWritten, PrivatePartIsRefusedWithTheHint) {
  const auto token_key = key();
  ERR_clear_error();
  EXPECT_EQ(WritePrivate(library(), token_key.get()), "");
  EXPECT_THAT(TakeErrors(),
              ::testing::AllOf(HasSubstr("the private key cannot be exported"), HasSubstr("signet pem URI")));
  unsigned char* der = nullptr;
  EXPECT_LE(i2d_PrivateKey(token_key.get(), &der), 0);
  ERR_clear_error();
}

TEST_F(TokenKeyWritten, SettingMakesItAPemFileThatPointsToTheKey) {
  const std::string configuration = directory_.Write(
      "openssl.cnf",
      "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = theirs\nsignet = ours\n[theirs]\n"
      "activate = 1\n[ours]\nactivate = 1\npkcs11-module-encode-provider-uri-to-pem = true\n");
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  OSSL_PROVIDER_set_default_search_path(context.get(), ModulesDirectory());
  ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
  const auto token_key = ReadKey(context.get(), Pem());
  const std::string pem = WritePrivate(context.get(), token_key.get());
  EXPECT_THAT(pem, HasSubstr("BEGIN PKCS#11 PROVIDER URI")) << TakeErrors();
  // The PIN is not in it: the token is logged in to already.
  const auto again = ReadKey(context.get(), pem);
  ASSERT_NE(again, nullptr) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_eq(again.get(), token_key.get()), 1);
}

TEST_F(TokenKeyWritten, TextNamesTheKeyAndShowsThePublicPart) {
  const auto bio = Memory("");
  ASSERT_EQ(EVP_PKEY_print_private(bio.get(), key().get(), 0, nullptr), 1) << TakeErrors();
  const std::string text = TextOf(bio.get());
  EXPECT_THAT(text, HasSubstr("EC P-256 private key"));
  EXPECT_THAT(text, HasSubstr("URI: pkcs11:"));
  EXPECT_THAT(text, HasSubstr("id=%07"));
  EXPECT_THAT(text, HasSubstr("ASN1 OID: prime256v1"));
  EXPECT_THAT(text, Not(HasSubstr("1234")));
}

TEST_F(TokenKeyWritten, PublicPartNamesItsCurve) {
  const auto bio = Memory("");
  ASSERT_EQ(PEM_write_bio_PUBKEY(bio.get(), key().get()), 1) << TakeErrors();
  const auto plain = Memory("");
  ASSERT_EQ(PEM_write_bio_PUBKEY(plain.get(), software().get()), 1);
  EXPECT_EQ(TextOf(bio.get()), TextOf(plain.get()));
}

TEST_F(TokenKeyWritten, ListedFirstKeysMadeInSoftwareAreWrittenWholeAndEncrypted) {
  const LibraryContext context({"signet", "default"});
  const OpenSslPtr<EVP_PKEY> made(EVP_PKEY_Q_keygen(context.get(), nullptr, "EC", "P-256"));
  EXPECT_THAT(WritePrivate(context.get(), made.get()), HasSubstr("BEGIN PRIVATE KEY")) << TakeErrors();
  const auto bio = Memory("");
  const OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(context.get(), "AES-256-CBC", nullptr));
  const unsigned char password[] = "secret";
  ASSERT_EQ(PEM_write_bio_PrivateKey_ex(bio.get(), made.get(), cipher.get(), password, 6, nullptr, nullptr,
                                        context.get(), nullptr),
            1)
      << TakeErrors();
  EXPECT_THAT(TextOf(bio.get()), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  const auto text = Memory("");
  EXPECT_EQ(EVP_PKEY_print_private(text.get(), made.get(), 0, nullptr), 1) << TakeErrors();
  EXPECT_THAT(TextOf(text.get()), HasSubstr("priv:"));
}

// A key that lies alone on its token, with its certificate elsewhere.
class TokenKeyAlone : public TokenPem {
 protected:
  explicit TokenKeyAlone(const char* kind = "rsa:2048") : TokenPem(kind) {
    token_.Remove({.id = "\x07", .label = ""});
    token_.ImportKey(identity_, {.id = "\x07", .label = "alone", .public_object = false});
  }
};

TEST_F(TokenKeyAlone, OfRsaBelongsToItsCertificate) {
  const auto token_key = key();
  ASSERT_NE(token_key, nullptr) << TakeErrors();
  EXPECT_EQ(X509_check_private_key(identity_.certificate.native(), token_key.get()), 1) << TakeErrors();
}

class TokenEcKeyAlone : public TokenKeyAlone {
 protected:
  TokenEcKeyAlone() : TokenKeyAlone("ec:P-256") {}
};

TEST_F(TokenEcKeyAlone, IsRefusedWithTheHintWhereTheTokenTellsNeitherItsPublicPartNorItsCurve) {
  module_.Set({.failing_attributes = {kPublicKeyInfo, kEcPoint, kEcParams}});
  EXPECT_EQ(key(), nullptr);
  EXPECT_THAT(TakeErrors(),
              ::testing::AllOf(HasSubstr("cannot determine the public key of the key alone"),
                               HasSubstr("Store its public key or its certificate on the token")));
}

struct Expected {
  const char* key;
  const char* group;   // or null
  const char* digest;  // of EVP_PKEY_get_default_digest_name
  const char* heading;
};

class TokenKeyAsked : public TokenPem, public ::testing::WithParamInterface<Expected> {
 protected:
  TokenKeyAsked() : TokenPem(GetParam().key, false) {}
};

TEST_P(TokenKeyAsked, AnswersAsTheSameKeyInSoftware) {
  const auto a = key();
  const auto b = software();
  EXPECT_EQ(EVP_PKEY_get_bits(a.get()), EVP_PKEY_get_bits(b.get()));
  EXPECT_EQ(EVP_PKEY_get_security_bits(a.get()), EVP_PKEY_get_security_bits(b.get()));
  EXPECT_EQ(EVP_PKEY_get_size(a.get()), EVP_PKEY_get_size(b.get()));
  EXPECT_EQ(EVP_PKEY_get_base_id(a.get()), EVP_PKEY_get_base_id(b.get()));
  char digest[64] = "";
  char expected_digest[64] = "";
  EXPECT_EQ(EVP_PKEY_get_default_digest_name(a.get(), digest, sizeof digest),
            EVP_PKEY_get_default_digest_name(b.get(), expected_digest, sizeof expected_digest));
  EXPECT_STREQ(digest, expected_digest);
  EXPECT_STREQ(digest, GetParam().digest);
  char group[64] = "";
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_get_group_name(a.get(), group, sizeof group, &size),
            GetParam().group != nullptr ? 1 : 0);
  EXPECT_STREQ(group, GetParam().group != nullptr ? GetParam().group : "");
  ERR_clear_error();
}

TEST_P(TokenKeyAsked, EqualsItsCertificatesKeyWithoutAPublicKeyObject) {
  const auto token_key = key();
  EXPECT_EQ(EVP_PKEY_eq(token_key.get(), X509_get0_pubkey(identity_.certificate.native())), 1)
      << TakeErrors();
  EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(identity_.certificate.native()), token_key.get()), 1)
      << TakeErrors();
  EXPECT_EQ(X509_check_private_key(identity_.certificate.native(), token_key.get()), 1) << TakeErrors();
  EXPECT_EQ(TakeErrors(), "") << "nothing of what was tried on the way";
  const auto other = pki_.Issue({.key = GetParam().key});
  EXPECT_NE(X509_check_private_key(other.certificate.native(), token_key.get()), 1);
  ERR_clear_error();
}

TEST_P(TokenKeyAsked, IsWrittenAsTheSameKeyInSoftware) {
  const auto a = key();
  const auto b = software();
  const auto written = [](EVP_PKEY* one, auto write) {
    const auto bio = Memory("");
    EXPECT_EQ(write(bio.get(), one), 1) << TakeErrors();
    return TextOf(bio.get());
  };
  const auto spki = [](BIO* bio, EVP_PKEY* one) { return PEM_write_bio_PUBKEY(bio, one); };
  EXPECT_EQ(written(a.get(), spki), written(b.get(), spki));
  const auto public_text = [](BIO* bio, EVP_PKEY* one) {
    return EVP_PKEY_print_public(bio, one, 0, nullptr);
  };
  const std::string expected = written(b.get(), public_text);
  EXPECT_EQ(written(a.get(), public_text), expected);
  const std::string text =
      written(a.get(), [](BIO* bio, EVP_PKEY* one) { return EVP_PKEY_print_private(bio, one, 0, nullptr); });
  EXPECT_THAT(text, ::testing::StartsWith(GetParam().heading));
  EXPECT_THAT(text, HasSubstr("URI: pkcs11:"));
  EXPECT_THAT(text, ::testing::EndsWith(expected));
  EXPECT_THAT(text, Not(HasSubstr("Field Type"))) << "the curve by its name";
}

INSTANTIATE_TEST_SUITE_P(
    Types, TokenKeyAsked,
    ::testing::Values(Expected{"rsa:2048", nullptr, "SHA256", "RSA 2048 bit private key"},
                      Expected{"rsa-pss:2048", nullptr, "SHA256", "RSA-PSS"},
                      Expected{"ec:P-256", "prime256v1", "SHA256", "EC P-256 private key"},
                      Expected{"ec:P-384", "secp384r1", "SHA256", "EC P-384 private key"},
                      Expected{"ec:P-521", "secp521r1", "SHA256", "EC P-521 private key"},
                      Expected{"ed25519", nullptr, "UNDEF", "Ed25519 private key"},
                      Expected{"ed448", nullptr, "UNDEF", "Ed448 private key"}),
    [](const auto& row) {
      std::string name = row.param.key;
      std::erase_if(name, [](char c) { return std::isalnum(c) == 0; });
      return name;
    });

}  // namespace
}  // namespace signet
