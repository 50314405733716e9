#include "openssl_provider/token_pem.h"

#include <gmock/gmock.h>
#include <openssl/store.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryDirectory;
using testing::TestIdentity;
using testing::TestPki;

std::string Labelled(std::string_view uri, std::string_view label) {
  std::string pem(provider::UriPem(uri).view());
  for (std::size_t at = 0; (at = pem.find(provider::kPkcs11UriLabel, at)) != std::string::npos; at += label.size()) {
    pem.replace(at, provider::kPkcs11UriLabel.size(), label);
  }
  return pem;
}

class TokenPemOfType : public TokenPem, public ::testing::WithParamInterface<const char*> {
 protected:
  TokenPemOfType() : TokenPem(GetParam()) {}
};

TEST_P(TokenPemOfType, IsReadUnderBothLabelsAndSigns) {
  for (const std::string_view label : {provider::kPkcs11UriLabel, provider::kSignetUriLabel}) {
    const auto key = ReadKey(library(), Labelled(Uri(), label));
    ASSERT_NE(key, nullptr) << TakeErrors();
    EXPECT_STREQ(ProviderOf(key.get()), "signet");
    EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
    EXPECT_EQ(X509_check_private_key(identity_.certificate.native(), key.get()), 1) << TakeErrors();
  }
}

TEST_P(TokenPemOfType, StoreReadsItFromAFile) {
  const std::string path = directory_.Write("key.pem", Pem());
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(path.c_str(), library(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_NE(store, nullptr) << TakeErrors();
  const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
  ASSERT_NE(info, nullptr) << TakeErrors();
  ASSERT_EQ(OSSL_STORE_INFO_get_type(info.get()), OSSL_STORE_INFO_PKEY);
  EXPECT_STREQ(ProviderOf(OSSL_STORE_INFO_get0_PKEY(info.get())), "signet");
}

INSTANTIATE_TEST_SUITE_P(Types, TokenPemOfType,
                         ::testing::Values("rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ed25519",
                                           "ed448"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char c) { return std::isalnum(c) == 0; });
                           return name;
                         });

TEST_F(TokenPem, FileWithoutKeyDoesNotPrompt) {
  EXPECT_EQ(ReadKey(library(), identity_.CertificatePem()), nullptr);
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(TokenPem, KeyAndCertificatesStandInOneFileInAnyOrder) {
  for (const std::string& text : {Pem() + identity_.ChainPem(), identity_.ChainPem() + Pem(),
                                  "Bag Attributes\n\n" + Pem() + "# a remark\n" + identity_.ChainPem()}) {
    const std::string path = directory_.Write("all.pem", text);
    const OpenSslPtr<SSL_CTX> tls(SSL_CTX_new_ex(library(), nullptr, TLS_method()));
    SSL_CTX_set_default_passwd_cb(tls.get(), Nobody);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(tls.get(), path.c_str()), 1) << TakeErrors();
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(tls.get(), path.c_str(), SSL_FILETYPE_PEM), 1) << TakeErrors();
    EXPECT_EQ(SSL_CTX_check_private_key(tls.get()), 1) << TakeErrors();
  }
}

TEST_F(TokenPem, StoreThatExpectsCertificatesDoesNotAccessTheToken) {
  const std::string path = directory_.Write("all.pem", Pem() + identity_.ChainPem());
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(path.c_str(), library(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_CERT), 1);
  int certificates = 0;
  while (OSSL_STORE_eof(store.get()) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    certificates += info != nullptr && OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_CERT ? 1 : 0;
  }
  EXPECT_EQ(certificates, 1);
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(TokenPem, SearchForParametersDoesNotAccessTheToken) {
  const auto parameters = Memory(Pem());
  EXPECT_EQ(PEM_read_bio_Parameters_ex(parameters.get(), nullptr, library(), nullptr), nullptr);
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(TokenPem, SearchForAPublicKeyNeverLogsInAndReadsNoPinSource) {
  for (const char* pin : {"?pin-value=wrong", "?pin-source=fd:997", "?pin-source=/nonexistent", ""}) {
    const auto pem = Memory(provider::UriPem(Uri(false) + pin).view());
    const OpenSslPtr<EVP_PKEY> read(
        PEM_read_bio_PUBKEY_ex(pem.get(), nullptr, Nobody, nullptr, library(), nullptr));
    ASSERT_NE(read, nullptr) << pin << TakeErrors();
    EXPECT_EQ(EVP_PKEY_eq(read.get(), software().get()), 1) << pin;
  }
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

TEST_F(TokenPem, OtherKeysAreStillRead) {
  const auto plain = ReadKey(library(), identity_.PrivateKeyPem());
  ASSERT_NE(plain, nullptr) << TakeErrors();
  EXPECT_STREQ(ProviderOf(plain.get()), "default");
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(TokenPem, RequestedTypeIsKept) {
  for (const char* type : {"RSA", "EC"}) {
    EVP_PKEY* read = nullptr;
    const OpenSslPtr<OSSL_DECODER_CTX> decoder(OSSL_DECODER_CTX_new_for_pkey(
        &read, "PEM", nullptr, type, OSSL_KEYMGMT_SELECT_ALL, library(), nullptr));
    const auto bio = Memory(Pem());
    OSSL_DECODER_from_bio(decoder.get(), bio.get());
    const OpenSslPtr<EVP_PKEY> key(read);
    EXPECT_EQ(key != nullptr, std::string_view(type) == "EC") << TakeErrors();
  }
}

TEST_F(TokenPem, PinIsAskedOfTheCallersCallback) {
  const auto bio = Memory(provider::UriPem(Uri(false)).view());
  const auto answer = [](char* buffer, int, int, void* pin) {
    const std::string_view text = static_cast<const char*>(pin);
    std::ranges::copy(text, buffer);
    return static_cast<int>(text.size());
  };
  const OpenSslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey_ex(
      bio.get(), nullptr, answer, const_cast<char*>(token_.pin().c_str()), library(), nullptr));
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
}

TEST_F(TokenPem, SignatureIsTwoCalls) {
  const auto key = ReadKey(library(), Pem());
  ASSERT_NE(key, nullptr) << TakeErrors();
  ASSERT_TRUE(Signs(library(), key.get()));
  module_.Reset();
  EXPECT_TRUE(Signs(library(), key.get()));
  EXPECT_EQ(module_.Count("C_SignInit"), 1u);
  EXPECT_EQ(module_.Count("*"), 2u);
}

TEST_F(TokenPem, KeyOfAnyTypeIsSearchedOnce) {
  ASSERT_NE(ReadKey(library(), Pem()), nullptr) << TakeErrors();
  EXPECT_EQ(module_.Count("C_Login"), 1u);
  module_.Reset();
  ASSERT_NE(ReadKey(library(), Pem()), nullptr) << TakeErrors();
  const auto calls = module_.Count("C_FindObjectsInit");
  EXPECT_GE(calls, 1u);
  EXPECT_LE(calls, 2u);
}

// What a program finds in the queue when the key cannot be had.
std::string ErrorsOfReading(OSSL_LIB_CTX* library, std::string_view pem) {
  ERR_clear_error();
  EXPECT_EQ(ReadKey(library, pem), nullptr);
  return TakeErrors();
}

// The same through OSSL_STORE, as the openssl command reads files.
std::string ErrorsOfLoading(OSSL_LIB_CTX* library, const std::string& path) {
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(path.c_str(), library, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
  ERR_clear_error();
  std::string errors;
  while (OSSL_STORE_eof(store.get()) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    EXPECT_EQ(info, nullptr);
    errors += TakeErrors();
    if (OSSL_STORE_error(store.get()) == 1) break;
  }
  return errors;
}

TEST_F(TokenPem, TokenThatIsMissingIsNamedInTheQueue) {
  const std::string pem(provider::UriPem("pkcs11:token=elsewhere;object=alice?pin-value=1234").view());
  EXPECT_THAT(ErrorsOfReading(library(), pem), HasSubstr("signet:token-absent:pkcs11:token=elsewhere"));
  EXPECT_THAT(ErrorsOfLoading(library(), directory_.Write("key.pem", pem)),
              HasSubstr("signet:token-absent:pkcs11:token=elsewhere"));
  EXPECT_THAT(ErrorsOfReading(library(), pem), Not(HasSubstr("1234")));
}

TEST_F(TokenPem, KeyThatIsMissingIsNamedInTheQueue) {
  const std::string pem(provider::UriPem(token_.ObjectUri("\x08", true)).view());
  EXPECT_THAT(ErrorsOfReading(library(), pem), HasSubstr("signet:not-found:pkcs11:"));
}

TEST_F(TokenPem, MissingPinIsReportedInTheQueue) {
  EXPECT_THAT(ErrorsOfReading(library(), provider::UriPem(Uri(false)).view()), HasSubstr("signet:pin-needed:"));
}

TEST_F(TokenPem, SeveralKeysAreNamedInTheQueue) {
  token_.Import(pki_.Issue({.common_name = "bob"}), {.id = "\x08", .label = "bob"});
  const std::string pem(provider::UriPem(token_.TokenUri(true)).view());
  EXPECT_THAT(ErrorsOfReading(library(), pem), HasSubstr("signet:ambiguous:"));
}

TEST(PemOfMissingModule, IsNamedInTheQueueWithTheHint) {
  const TemporaryDirectory directory;
  const std::string module = directory.path() + "/no-such-module.so";
  setenv("PKCS11_PROVIDER_MODULE", module.c_str(), 1);
  const LibraryContext context;
  unsetenv("PKCS11_PROVIDER_MODULE");
  const std::string pem(provider::UriPem("pkcs11:token=mine;object=alice").view());
  for (const std::string& errors : {ErrorsOfReading(context.get(), pem),
                                    ErrorsOfLoading(context.get(), directory.Write("key.pem", pem))}) {
    EXPECT_THAT(errors, HasSubstr("signet:module-trouble:"));
    EXPECT_THAT(errors, HasSubstr("no-such-module.so"));
  }
}

TEST(PemOfReservedScheme, IsAnErrorInWords) {
  const LibraryContext context;
  EXPECT_THAT(ErrorsOfReading(context.get(), provider::UriPem("signet:alice").view()),
              HasSubstr("identities by name are not supported yet"));
}

TEST(PemThatIsDamaged, IsAnErrorInWords) {
  const LibraryContext context;
  const std::string good(provider::UriPem("pkcs11:token=mine").view());
  std::string cut = good;
  cut.erase(cut.find('\n') + 9, 12);
  std::string garbled = good;
  garbled[garbled.find('\n') + 3] = '!';
  for (const std::string& pem : {cut, garbled}) {
    EXPECT_THAT(ErrorsOfReading(context.get(), pem), HasSubstr("signet:malformed:"));
  }
}

TEST(PemOfPkcs12, KeyBelongsToDefault) {
  const TestIdentity identity = TestPki().Issue({.key = "rsa:2048"});
  const TemporaryDirectory directory;
  const std::string file = directory.Write("alice.p12", testing::MakePkcs12(identity));
  const std::string pem(provider::UriPem("pkcs12:" + file + "?pin-value=secret").view());
  EXPECT_THAT(pem, HasSubstr("BEGIN SIGNET URI"));
  const LibraryContext context;
  const auto key = ReadKey(context.get(), pem);
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_STREQ(ProviderOf(key.get()), "default");
  EXPECT_EQ(X509_check_private_key(identity.certificate.native(), key.get()), 1);
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(directory.Write("key.pem", pem).c_str(),
                                                            context.get(), nullptr, nullptr, nullptr, nullptr,
                                                            nullptr, nullptr));
  const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
  ASSERT_NE(info, nullptr) << TakeErrors();
  EXPECT_EQ(OSSL_STORE_INFO_get_type(info.get()), OSSL_STORE_INFO_PKEY);
}

TEST(PemOfPkcs12, WrongPasswordIsNamedInTheQueue) {
  const TemporaryDirectory directory;
  const std::string file = directory.Write("alice.p12", testing::MakePkcs12(TestPki().Issue({})));
  const LibraryContext context;
  EXPECT_THAT(ErrorsOfReading(context.get(), provider::UriPem("pkcs12:" + file + "?pin-value=wrong").view()),
              HasSubstr("signet:wrong-password:"));
}

}  // namespace
}  // namespace signet
