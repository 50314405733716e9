#include "base/openssl_context.h"
#include "identity/software_key.h"
#include "openssl_provider/token_pem.h"
#include <signet/identity_source.h>

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::ModuleBehaviour;

using Octets = std::vector<unsigned char>;

constexpr unsigned long kRawRsa = 3;  // CKM_RSA_X_509
constexpr std::size_t kModulus = 256;

Octets OctetsOf(std::string_view text) { return {text.begin(), text.end()}; }

// Padding is what EVP_PKEY_CTX is told.
struct Padding {
  const char* name;
  int mode = RSA_PKCS1_PADDING;
  const char* hash = nullptr;
  const char* mgf1_hash = nullptr;
  std::string_view label = {};
};

void Apply(EVP_PKEY_CTX* context, const Padding& padding) {
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, padding.mode), 1) << TakeErrors();
  if (padding.hash != nullptr) {
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, padding.hash, nullptr), 1) << TakeErrors();
  }
  if (padding.mgf1_hash != nullptr) {
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, padding.mgf1_hash, nullptr), 1) << TakeErrors();
  }
  if (!padding.label.empty()) {
    ASSERT_EQ(
        EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_memdup(padding.label.data(), padding.label.size()),
                                         static_cast<int>(padding.label.size())),
        1)
        << TakeErrors();
  }
}

Octets Encrypt(OSSL_LIB_CTX* library, EVP_PKEY* key, const Padding& padding, const Octets& message) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(library, key, nullptr));
  EXPECT_EQ(EVP_PKEY_encrypt_init(context.get()), 1) << TakeErrors();
  Apply(context.get(), padding);
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_encrypt(context.get(), nullptr, &size, message.data(), message.size()), 1)
      << TakeErrors();
  Octets encrypted(size);
  EXPECT_EQ(EVP_PKEY_encrypt(context.get(), encrypted.data(), &size, message.data(), message.size()), 1)
      << TakeErrors();
  encrypted.resize(size);
  return encrypted;
}

// Decrypt gives nothing if it fails.
std::optional<Octets> Decrypt(OSSL_LIB_CTX* library, EVP_PKEY* key, const Padding& padding,
                              const Octets& encrypted, const OSSL_PARAM* params = nullptr) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(library, key, nullptr));
  EXPECT_EQ(EVP_PKEY_decrypt_init(context.get()), 1) << TakeErrors();
  Apply(context.get(), padding);
  if (params != nullptr) {
    EXPECT_EQ(EVP_PKEY_CTX_set_params(context.get(), params), 1) << TakeErrors();
  }
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_decrypt(context.get(), nullptr, &size, encrypted.data(), encrypted.size()), 1)
      << TakeErrors();
  Octets message(size);
  if (EVP_PKEY_decrypt(context.get(), message.data(), &size, encrypted.data(), encrypted.size()) != 1)
    return std::nullopt;
  message.resize(size);
  return message;
}

constexpr Padding kPkcs1 = {.name = "Pkcs1"};
constexpr Padding kOaep = {.name = "Oaep", .mode = RSA_PKCS1_OAEP_PADDING};
constexpr Padding kRaw = {.name = "Raw", .mode = RSA_NO_PADDING};

// Malformed is the encryption of a block that no padding gave: number `n` of many.
Octets Malformed(OSSL_LIB_CTX* library, EVP_PKEY* key, unsigned char n) {
  Octets block(kModulus, 0x11);
  block[0] = 0;
  block[1] = 1;
  block[100] = n;
  return Encrypt(library, key, kRaw, block);
}

class TokenDecryption : public TokenPem {
 protected:
  explicit TokenDecryption(const ModuleBehaviour& behaviour = {}) : TokenPem("rsa:2048", true, behaviour) {}
};

class TokenDecryptionOf : public TokenDecryption, public ::testing::WithParamInterface<Padding> {};

TEST_P(TokenDecryptionOf, GivesWhatDefaultEncrypted) {
  Octets message = OctetsOf("the message");
  if (GetParam().mode == RSA_NO_PADDING) message.assign(kModulus, 0x11);
  const Octets encrypted = Encrypt(library(), software().get(), GetParam(), message);
  EXPECT_EQ(Decrypt(library(), key().get(), GetParam(), encrypted), message) << TakeErrors();
}

TEST_P(TokenDecryptionOf, EncryptionRunsInSoftware) {
  Octets message = OctetsOf("the message");
  if (GetParam().mode == RSA_NO_PADDING) message.assign(kModulus, 0x11);
  const auto public_part = key();
  module_.Reset();
  const Octets encrypted = Encrypt(library(), public_part.get(), GetParam(), message);
  EXPECT_EQ(module_.Count("*"), 0u);
  EXPECT_EQ(Decrypt(library(), software().get(), GetParam(), encrypted), message) << TakeErrors();
}

INSTANTIATE_TEST_SUITE_P(
    Paddings, TokenDecryptionOf,
    ::testing::Values(kPkcs1, kOaep, kRaw, Padding{"OaepSha256", RSA_PKCS1_OAEP_PADDING, "SHA256"},
                      Padding{"OaepSha384Mgf1Sha1", RSA_PKCS1_OAEP_PADDING, "SHA384", "SHA1"},
                      Padding{"OaepWithLabel", RSA_PKCS1_OAEP_PADDING, "SHA256", "SHA256", "a label"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(TokenDecryption, IsTwoCalls) {
  const auto token_key = key();
  const Octets encrypted = Encrypt(library(), token_key.get(), kPkcs1, OctetsOf("the message"));
  ASSERT_TRUE(Decrypt(library(), token_key.get(), kPkcs1, encrypted)) << TakeErrors();
  module_.Reset();
  ASSERT_TRUE(Decrypt(library(), token_key.get(), kPkcs1, encrypted));
  EXPECT_EQ(module_.Count("C_DecryptInit"), 1u);
  EXPECT_EQ(module_.Count("*"), 2u);
}

TEST_F(TokenDecryption, MalformedBlockGivesTheSameRandomMessageInEveryProcess) {
  const auto token_key = key();
  const Octets one = Malformed(library(), token_key.get(), 1);
  const Octets two = Malformed(library(), token_key.get(), 2);
  const auto first = Decrypt(library(), token_key.get(), kPkcs1, one);
  ASSERT_TRUE(first) << TakeErrors();
  EXPECT_EQ(Decrypt(library(), token_key.get(), kPkcs1, one), first);
  EXPECT_NE(Decrypt(library(), token_key.get(), kPkcs1, two), first);
  const LibraryContext other;
  EXPECT_EQ(Decrypt(other.get(), ReadKey(other.get(), Pem()).get(), kPkcs1, one), first) << TakeErrors();
}

TEST_F(TokenDecryption, EveryMalformedOaepBlockGivesTheSameError) {
  const auto token_key = key();
  ERR_clear_error();
  EXPECT_FALSE(Decrypt(library(), token_key.get(), kOaep, Malformed(library(), token_key.get(), 1)));
  const std::string errors = TakeErrors();
  EXPECT_THAT(errors, HasSubstr("was encrypted for another key"));
  const Padding other_hash{"", RSA_PKCS1_OAEP_PADDING, "SHA256"};
  const Octets encrypted = Encrypt(library(), token_key.get(), other_hash, OctetsOf("the message"));
  EXPECT_FALSE(Decrypt(library(), token_key.get(), kOaep, encrypted));
  EXPECT_EQ(TakeErrors(), errors);
}

// As smartcards have them for mail, in a slot of their own.
class KeyThatOnlyDecrypts : public TokenDecryption {
 protected:
  KeyThatOnlyDecrypts() {
    token_.Remove({.id = "\x07", .label = "alice"});
    token_.Import(identity_, {.id = "\x07", .label = "alice", .signs = false});
  }
};

TEST_F(KeyThatOnlyDecrypts, DecryptsAndSaysThatItDoesNotSign) {
  const auto token_key = key();
  const Octets message = OctetsOf("the message");
  EXPECT_EQ(Decrypt(library(), token_key.get(), kOaep, Encrypt(library(), token_key.get(), kOaep, message)),
            message)
      << TakeErrors();
  EXPECT_FALSE(Signs(library(), token_key.get()));
  EXPECT_THAT(TakeErrors(), HasSubstr("the key alice is not allowed to sign (CKA_SIGN)"));
}

TEST_F(KeyThatOnlyDecrypts, OpensMail) {
  const auto& der = identity_.certificate.der();
  const unsigned char* position = der.data();
  const OpenSslPtr<X509> certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  const OpenSslPtr<STACK_OF(X509)> recipients(sk_X509_new_null());
  ASSERT_EQ(X509_add_cert(recipients.get(), certificate.get(), X509_ADD_FLAG_UP_REF), 1);
  const auto mail = Memory("the mail");
  const OpenSslPtr<PKCS7> sealed(
      PKCS7_encrypt_ex(recipients.get(), mail.get(), EVP_aes_256_cbc(), PKCS7_BINARY, library(), nullptr));
  ASSERT_NE(sealed, nullptr) << TakeErrors();
  const OpenSslPtr<BIO> opened(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PKCS7_decrypt(sealed.get(), key().get(), certificate.get(), opened.get(), 0), 1) << TakeErrors();
  char* text = nullptr;
  const long size = BIO_get_mem_data(opened.get(), &text);
  EXPECT_EQ(std::string_view(text, static_cast<std::size_t>(size)), "the mail");
}

TEST_F(KeyThatOnlyDecrypts, IsAnIdentityThatIsUnfitForTls) {
  Settings settings;
  settings.modules = {module_.path()};
  const Identity identity = IdentitySource(settings).Open(Uri());
  identity.key()->Unlock();
  EXPECT_TRUE(identity.key()->schemes().empty());
  EXPECT_FALSE(identity.FitForClientAuth(std::chrono::system_clock::now()).fit);
}

// What libssl asks for in an RSA key exchange.
class TlsDecryption : public TokenDecryption {
 protected:
  std::optional<Octets> Premaster(EVP_PKEY* token_key, const Octets& encrypted,
                                  unsigned negotiated = 0) const {
    unsigned client = 0x0303;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &client),
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, &negotiated),
        OSSL_PARAM_construct_end()};
    return Decrypt(library(), token_key, {.name = "", .mode = RSA_PKCS1_WITH_TLS_PADDING}, encrypted, params);
  }
};

TEST_F(TlsDecryption, GivesThePremasterSecretOfTheClientsVersion) {
  const auto token_key = key();
  Octets premaster(48, 0x42);
  premaster[0] = premaster[1] = 3;
  const Octets encrypted = Encrypt(library(), token_key.get(), kPkcs1, premaster);
  EXPECT_EQ(Premaster(token_key.get(), encrypted), premaster) << TakeErrors();
}

TEST_F(TlsDecryption, GivesRandomBytesForAllElse) {
  const auto token_key = key();
  Octets other_version(48, 0x42);
  other_version[0] = 3;
  other_version[1] = 1;
  const Octets wrong = Encrypt(library(), token_key.get(), kPkcs1, other_version);
  for (const Octets& encrypted : {wrong, Encrypt(library(), token_key.get(), kPkcs1, Octets(47, 3)),
                                  Malformed(library(), token_key.get(), 1)}) {
    const auto first = Premaster(token_key.get(), encrypted);
    ASSERT_TRUE(first) << TakeErrors();
    EXPECT_EQ(first->size(), 48u);
    EXPECT_NE(first, other_version);
    EXPECT_NE(Premaster(token_key.get(), encrypted), first) << "it must be another one each time";
  }
  EXPECT_EQ(Premaster(token_key.get(), wrong, 0x0301), other_version)
      << "as the caller lets the negotiated one pass";
}

class TokenWithoutRawRsa : public TokenDecryption {
 protected:
  TokenWithoutRawRsa() : TokenDecryption({.hidden_mechanisms = {kRawRsa}}) {}
};

TEST_F(TokenWithoutRawRsa, DecryptsAndRejectsImplicitlyAllTheSame) {
  const auto token_key = key();
  const Octets message = OctetsOf("the message");
  for (const Padding& padding : {kPkcs1, kOaep}) {
    const Octets encrypted = Encrypt(library(), token_key.get(), padding, message);
    EXPECT_EQ(Decrypt(library(), token_key.get(), padding, encrypted), message) << TakeErrors();
  }
  const Octets malformed = Malformed(library(), token_key.get(), 1);
  const auto first = Decrypt(library(), token_key.get(), kPkcs1, malformed);
  ASSERT_TRUE(first) << TakeErrors();
  EXPECT_EQ(Decrypt(library(), token_key.get(), kPkcs1, malformed), first);
}

class ListedFirstDecryption : public TokenDecryption {};

TEST_F(ListedFirstDecryption, KeysOfDefaultGoOnDecrypting) {
  const LibraryContext context({"signet", "default"});
  const auto plain = ReadKey(context.get(), identity_.PrivateKeyPem());
  const Octets message = OctetsOf("the message");
  EXPECT_EQ(Decrypt(context.get(), plain.get(), kOaep, Encrypt(context.get(), plain.get(), kOaep, message)),
            message)
      << TakeErrors();
  const OpenSslPtr<EVP_PKEY> made(EVP_PKEY_Q_keygen(context.get(), nullptr, "RSA", std::size_t{2048}));
  EXPECT_EQ(Decrypt(context.get(), made.get(), kOaep, Encrypt(context.get(), made.get(), kOaep, message)),
            message)
      << TakeErrors();
}

TEST(FileDecryption, KeyFromPkcs12DecryptsAndRejectsImplicitly) {
  const LibraryContext context({"default"});
  const testing::TestIdentity identity = testing::TestPki().Issue({.key = "rsa:2048"});
  const testing::TemporaryDirectory directory;
  const std::string file = directory.Write("alice.p12", testing::MakePkcs12(identity));
  const auto file_key = IdentitySource().Open("pkcs12:" + file + "?pin-value=secret").key();
  const auto plain = ReadKey(context.get(), identity.PrivateKeyPem());
  const Octets expected = OctetsOf("the message");
  const auto decrypt = [&](DecryptionAlgorithm::Kind kind, const Octets& encrypted) {
    Octets message(kModulus);
    EXPECT_TRUE(file_key->CanDecrypt({.kind = kind}));
    message.resize(file_key->Decrypt({.kind = kind}, encrypted, message));
    return message;
  };
  using Kind = DecryptionAlgorithm::Kind;
  EXPECT_EQ(decrypt(Kind::kRsaPkcs1, Encrypt(context.get(), plain.get(), kPkcs1, expected)), expected);
  EXPECT_EQ(decrypt(Kind::kRsaOaep, Encrypt(context.get(), plain.get(), kOaep, expected)), expected);
  const Octets malformed = Malformed(context.get(), plain.get(), 1);
  EXPECT_EQ(decrypt(Kind::kRsaPkcs1, malformed), decrypt(Kind::kRsaPkcs1, malformed));
  EXPECT_THROW(decrypt(Kind::kRsaOaep, malformed), Error);
}

#if OPENSSL_VERSION_PREREQ(3, 2)
TEST_F(TokenDecryption, KeysInSoftwareRejectAsOpenSslDoes) {
  const auto plain = software();
  const unsigned char* position = identity_.private_key.data();
  const OpenSslPtr<EVP_PKEY> own(d2i_AutoPrivateKey_ex(
      nullptr, &position, static_cast<long>(identity_.private_key.size()), OwnContext(), nullptr));
  for (unsigned char n = 1; n <= 20; ++n) {
    const Octets malformed = Malformed(library(), plain.get(), n);
    Octets message(kModulus);
    message.resize(
        DecryptInSoftware(own.get(), {.kind = DecryptionAlgorithm::Kind::kRsaPkcs1}, malformed, message));
    EXPECT_EQ(Decrypt(library(), plain.get(), kPkcs1, malformed), message);
  }
}
#endif

}  // namespace
}  // namespace signet
