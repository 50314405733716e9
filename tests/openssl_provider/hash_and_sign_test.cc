// Keys that sign no digests: their tokens hash the message themselves.
#include "openssl_provider/key_store.h"
#include "openssl_provider/token_pem.h"
#include "pkcs11/module/cryptoki.h"

#include <gmock/gmock.h>
#include <openssl/rsa.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<unsigned char>;

struct Row {
  const char* name;
  const char* key;
  std::vector<unsigned long> allowed;
  const char* digest;
  int padding;
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class HashAndSign : public TokenPem, public ::testing::WithParamInterface<Row> {
 protected:
  HashAndSign()
      : TokenPem(GetParam().key, true, {.allowed_mechanisms = GetParam().allowed, .ecdsa_hashes = true}) {}

  OpenSslPtr<EVP_MD_CTX> Begin(EVP_PKEY* key, bool sign) const {
    OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    const auto begin = sign ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex;
    EXPECT_EQ(begin(context.get(), &parameters, GetParam().digest, library(), nullptr, key, nullptr), 1)
        << TakeErrors();
    if (GetParam().padding != 0) {
      EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, GetParam().padding), 1) << TakeErrors();
    }
    return context;
  }
  bool Verifies(const Bytes& signature, const Bytes& message) const {
    const auto key = software();
    return EVP_DigestVerify(Begin(key.get(), false).get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }
  // SignInPieces gives nothing if the signature failed.
  Bytes SignInPieces(EVP_PKEY* key, const Bytes& message, std::size_t piece) const {
    const auto context = Begin(key, true);
    for (std::size_t at = 0; at < message.size(); at += piece) {
      if (EVP_DigestSignUpdate(context.get(), message.data() + at, std::min(piece, message.size() - at)) != 1)
        return {};
    }
    Bytes signature(512);
    std::size_t size = signature.size();
    if (EVP_DigestSignFinal(context.get(), signature.data(), &size) != 1) return {};
    signature.resize(size);
    return signature;
  }

  const Bytes message_ = Bytes(100'000, 'm');
};

TEST_P(HashAndSign, AMessageInOneCallIsHashedInTheToken) {
  const auto token_key = key();
  ASSERT_NE(token_key, nullptr) << TakeErrors();
  const auto context = Begin(token_key.get(), true);
  Bytes signature(512);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, message_.data(), message_.size()), 1)
      << TakeErrors();
  signature.resize(size);
  EXPECT_TRUE(Verifies(signature, message_));
}

TEST_P(HashAndSign, AMessageInPiecesIsHashedInTheToken) {
  const auto token_key = key();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{77}, std::size_t{4096}}) {
    const Bytes message(message_.begin(), message_.begin() + static_cast<std::ptrdiff_t>(piece * 3 + 1));
    EXPECT_TRUE(Verifies(SignInPieces(token_key.get(), message, piece), message)) << TakeErrors();
  }
}

TEST_P(HashAndSign, ACopyOfAStreamIsIndependent) {
  const auto token_key = key();
  const auto context = Begin(token_key.get(), true);
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "one", 3), 1) << TakeErrors();
  const OpenSslPtr<EVP_MD_CTX> copy(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_MD_CTX_copy_ex(copy.get(), context.get()), 1) << TakeErrors();
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "two", 3), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(copy.get(), "three", 5), 1);
  for (const auto& [end, text] : {std::pair(context.get(), "onetwo"), std::pair(copy.get(), "onethree")}) {
    Bytes signature(512);
    std::size_t size = signature.size();
    ASSERT_EQ(EVP_DigestSignFinal(end, signature.data(), &size), 1) << TakeErrors();
    signature.resize(size);
    EXPECT_TRUE(Verifies(signature, Bytes(text, text + std::strlen(text)))) << text;
  }
}

TEST_P(HashAndSign, AStreamAboveTheLimitIsAnErrorAndAShorterOneWorks) {
  const auto token_key = key();
  EXPECT_TRUE(SignInPieces(token_key.get(), Bytes((64 << 20) + 1, 'm'), 8 << 20).empty());
  EXPECT_THAT(TakeErrors(), HasSubstr("the message is longer than 64 MiB"));
  EXPECT_TRUE(Verifies(SignInPieces(token_key.get(), message_, 4096), message_)) << TakeErrors();
}

TEST_P(HashAndSign, ADigestIsAnErrorThatNamesWhatTheKeyHas) {
  const auto token_key = key();
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(library(), token_key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  if (GetParam().padding != 0) {
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), GetParam().padding), 1);
  }
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_get_digestbyname(GetParam().digest)), 1);
  const Bytes digest(static_cast<std::size_t>(EVP_MD_get_size(EVP_get_digestbyname(GetParam().digest))));
  Bytes signature(512);
  std::size_t size = signature.size();
  EXPECT_NE(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()), 1);
  EXPECT_THAT(TakeErrors(), HasSubstr("the key signs only complete messages"));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, HashAndSign,
    ::testing::Values(
        Row{"Pkcs1Sha256", "rsa:2048", {CKM_SHA256_RSA_PKCS}, "SHA256", RSA_PKCS1_PADDING},
        Row{"Pkcs1Sha512", "rsa:2048", {CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS}, "SHA512", 0},
        Row{"PssSha384", "rsa:2048", {CKM_SHA384_RSA_PKCS_PSS}, "SHA384", RSA_PKCS1_PSS_PADDING},
        Row{"RsaPssKey", "rsa-pss:2048", {CKM_SHA256_RSA_PKCS_PSS}, "SHA256", RSA_PKCS1_PSS_PADDING},
        Row{"EcdsaSha256", "ec:P-256", {CKM_ECDSA_SHA256}, "SHA256", 0},
        Row{"EcdsaSha384", "ec:P-384", {CKM_ECDSA_SHA384}, "SHA384", 0},
        Row{"EcdsaSha512OnP521", "ec:P-521", {CKM_ECDSA_SHA1, CKM_ECDSA_SHA512}, "SHA512", 0}),
    [](const auto& row) { return row.param.name; });

// An RSA key of which nothing but the token knows that it is for PSS alone: there is no certificate.
TEST(PssAlone, IsAnRsaPssKeyForPrograms) {
  testing::SoftHsm token;
  testing::WrappedModule module(token, {.allowed_mechanisms = {CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS}});
  token.Generate("rsa:2048", {.id = "\x07", .label = "alice"});
  setenv("PKCS11_PROVIDER_MODULE", module.path().c_str(), 1);
  const LibraryContext context;
  unsetenv("PKCS11_PROVIDER_MODULE");
  const auto key = ReadKey(context.get(), provider::UriPem(token.ObjectUri("\x07", true)).view());
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_is_a(key.get(), "RSA-PSS"), 1);
  EXPECT_TRUE(Signs(context.get(), key.get())) << TakeErrors();
  const auto certificate = PublicOf(context.get(), key.get());
  ASSERT_NE(certificate, nullptr) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_is_a(certificate.get(), "RSA-PSS"), 1);
}

TEST(PssAlone, GivesRsaPssRequestsAndCertificatesFromTheCommandLine) {
  testing::SoftHsm token;
  testing::WrappedModule module(token, {.allowed_mechanisms = {CKM_RSA_PKCS_PSS}});
  token.Generate("rsa:2048", {.id = "\x07", .label = "alice"});
  const testing::TemporaryDirectory directory;
  const auto run = [&](const std::string& verb, std::vector<std::string> arguments) {
    testing::Environment environment = ForeignEnvironment();
    environment["OPENSSL_MODULES"] = SIGNET_TEST_MODULES;
    environment["PKCS11_PROVIDER_MODULE"] = module.path();
    const auto result = testing::RunProgram({.argv = KeyStore::WithProviders(verb, std::move(arguments)),
                                             .environment = std::move(environment),
                                             .unset = {"OPENSSL_CONF"},
                                             .directory = directory.path()});
    EXPECT_EQ(result.exit_status, 0) << verb << "\n" << result.err;
    return result.out;
  };
  run("req",
      {"-new", "-x509", "-key", token.ObjectUri("\x07", true), "-subj", "/CN=alice", "-out", "self.pem"});
  const std::string text = run("x509", {"-in", "self.pem", "-noout", "-text"});
  EXPECT_THAT(text, HasSubstr("Public Key Algorithm: rsassaPss"));
  EXPECT_THAT(text, HasSubstr("Signature Algorithm: rsassaPss"));
  run("verify", {"-CAfile", "self.pem", "self.pem"});
}

}  // namespace
}  // namespace signet
