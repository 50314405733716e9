// Decryption, derivation and long keys: true errors, and nothing lost after them.
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include <signet/testing/memory_token.h>

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;
using Kind = DecryptionAlgorithm::Kind;

// ErrorOf gives what `work` throws.
std::optional<Error> ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

Octets Encrypt(const PrivateKey& key, int padding, const char* hash, const Octets& message) {
  const PublicKey public_key = PublicKey::FromSpki(key.subject_public_key_info());
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, public_key.native(), nullptr));
  EXPECT_EQ(EVP_PKEY_encrypt_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding), 1);
  if (hash != nullptr) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), hash, nullptr), 1);
  }
  Octets encrypted(public_key.max_signature_size());
  std::size_t size = encrypted.size();
  EXPECT_EQ(EVP_PKEY_encrypt(context.get(), encrypted.data(), &size, message.data(), message.size()), 1);
  return encrypted;
}

Octets Decrypt(PrivateKey& key, const DecryptionAlgorithm& algorithm, const Octets& encrypted) {
  Octets message(key.max_signature_size());
  message.resize(key.Decrypt(algorithm, encrypted, message));
  return message;
}

const Octets kMessage(20, 'm');
constexpr DecryptionAlgorithm kOaepSha1 = {.kind = Kind::kRsaOaep};
constexpr DecryptionAlgorithm kOaepSha256 = {
    .kind = Kind::kRsaOaep, .hash = Hash::kSha256, .mgf1_hash = Hash::kSha256};

class Pkcs11Decryption : public OnWrappedToken {
 protected:
  Pkcs11Decryption() { hsm.Import(pki.Issue({.key = "rsa:2048"}), {.id = "\x02"}); }
  std::shared_ptr<PrivateKey> Key() { return LoadKey(source, hsm.ObjectUri("\x02", true)); }

  Pkcs11Source source{settings()};
};

// SoftHSM's own OAEP has SHA-1 and nothing else.
TEST_F(Pkcs11Decryption, AHashThatTheTokensOaepLacksIsNamedInTheError) {
  Change([](ModuleBehaviour& b) { b.hidden_mechanisms = {CKM_RSA_X_509}; });
  const auto key = Key();
  const Octets encrypted = Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA256", kMessage);
  const auto error = ErrorOf([&] { Decrypt(*key, kOaepSha256, encrypted); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error->detail(),
              HasSubstr("RSA decryption with OAEP with SHA2-256 and MGF1 over SHA2-256 is not supported"));
  EXPECT_EQ(error->call(), "C_DecryptInit");
  EXPECT_EQ(Decrypt(*key, kOaepSha1, Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage)), kMessage);
}

TEST_F(Pkcs11Decryption, EveryHashWorksWhereTheTokenHasRawRsa) {
  const auto key = Key();
  EXPECT_EQ(Decrypt(*key, kOaepSha256, Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA256", kMessage)), kMessage);
}

TEST_F(Pkcs11Decryption, AKeyThatIsAllowedOaepAloneDecryptsWithItAlone) {
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = {CKM_RSA_PKCS_OAEP, CKM_RSA_PKCS}; });
  const auto key = Key();
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = {CKM_RSA_PKCS_OAEP}; });
  EXPECT_EQ(Decrypt(*key, kOaepSha1, Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage)), kMessage);
  const auto error = ErrorOf(
      [&] { Decrypt(*key, {.kind = Kind::kRsaPkcs1}, Encrypt(*key, RSA_PKCS1_PADDING, nullptr, kMessage)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error->detail(), HasSubstr("RSA decryption with PKCS#1 v1.5 padding is not supported"));
}

TEST_F(Pkcs11Decryption, ATokenWithoutAMechanismForThePaddingIsReported) {
  Change([](ModuleBehaviour& b) { b.hidden_mechanisms = {CKM_RSA_X_509, CKM_RSA_PKCS_OAEP}; });
  const auto key = Key();
  EXPECT_FALSE(key->CanDecrypt(kOaepSha1));
  const auto error =
      ErrorOf([&] { Decrypt(*key, kOaepSha1, Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error->detail(), HasSubstr("OAEP with SHA1"));
}

TEST_F(Pkcs11Decryption, AnOaepBlockThatTheTokenFindsMalformedIsTheCallersFault) {
  Change([](ModuleBehaviour& b) { b.hidden_mechanisms = {CKM_RSA_X_509}; });
  const auto key = Key();
  const Octets encrypted = Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage);
  for (const unsigned long rv :
       {CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_DATA_INVALID}) {
    Change([&](ModuleBehaviour& b) { b.faults = {{.function = "C_Decrypt", .result = rv}}; });
    EXPECT_EQ(CodeOf([&] { Decrypt(*key, kOaepSha1, encrypted); }), ErrorCode::kBadArgument) << rv;
    EXPECT_EQ(Decrypt(*key, kOaepSha1, encrypted), kMessage);
  }
}

TEST_F(Pkcs11Decryption, AKeyThatMayNotDecryptIsReported) {
  const auto key = Key();
  const Octets encrypted = Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage);
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = "C_DecryptInit", .result = CKR_KEY_FUNCTION_NOT_PERMITTED}};
  });
  const auto error = ErrorOf([&] { Decrypt(*key, kOaepSha1, encrypted); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error->detail(), HasSubstr("not allowed to decrypt (CKA_DECRYPT)"));
}

TEST_F(Pkcs11Decryption, AResultLongerThanItsBufferIsAnErrorAndTheNextOneWorks) {
  using Length = ModuleBehaviour::SignatureLength;
  for (const bool raw : {true, false}) {
    Change([&](ModuleBehaviour& b) {
      b.hidden_mechanisms.clear();
      if (!raw) b.hidden_mechanisms = {CKM_RSA_X_509};
    });
    const auto key = LoadKey(*std::make_unique<Pkcs11Source>(settings()), hsm.ObjectUri("\x02", true));
    const Octets encrypted = Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage);
    Change([](ModuleBehaviour& b) { b.signature_length = Length::kBeyondBuffer; });
    const auto error = ErrorOf([&] { Decrypt(*key, kOaepSha1, encrypted); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::kTokenTrouble);
    EXPECT_THAT(error->detail(), HasSubstr("returned 272 bytes, more than the 256"));
    Change([](ModuleBehaviour& b) { b.signature_length = Length::kAsIs; });
    EXPECT_EQ(Decrypt(*key, kOaepSha1, encrypted), kMessage);
  }
}

TEST_F(Pkcs11Decryption, AModuleThatRequiresALargerBufferLosesNothing) {
  const auto key = Key();
  const Octets encrypted = Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA1", kMessage);
  for (const bool after : {false, true}) {
    Change([&](ModuleBehaviour& b) {
      b.faults = {{.function = "C_Decrypt", .result = CKR_BUFFER_TOO_SMALL, .after = after}};
    });
    const auto error = ErrorOf([&] { Decrypt(*key, kOaepSha1, encrypted); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->detail(), HasSubstr("requires an unexpectedly large buffer"));
    EXPECT_EQ(Decrypt(*key, kOaepSha1, encrypted), kMessage);
  }
}

class Pkcs11Derivation : public OnWrappedToken {
 protected:
  // PeerPoint is the uncompressed public point of another key on the same curve.
  static Octets PeerPoint(const TestIdentity& peer) {
    const PublicKey key = PublicKey::FromSpki(peer.certificate.subject_public_key_info());
    unsigned char* point = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(key.native(), &point);
    const OpenSslPtr<unsigned char> owned(point);
    return {point, point + size};
  }

  Pkcs11Source source{settings()};
};

TEST_F(Pkcs11Derivation, ASecretThatDoesNotFitIsAnErrorAndTheNextOneWorks) {
  hsm.Import(pki.Issue({.key = "ec:P-256"}), {.id = "\x03", .signs = false});
  const auto key = LoadKey(source, hsm.ObjectUri("\x03", true));
  const Octets point = PeerPoint(pki.Issue({.key = "ec:P-256"}));
  ASSERT_EQ(key->Derive(point).size(), 32u);
  for (const bool after : {false, true}) {
    Change([&](ModuleBehaviour& b) {
      b.faults = {{.function = "C_GetAttributeValue", .result = CKR_BUFFER_TOO_SMALL, .after = after}};
    });
    const auto error = ErrorOf([&] { key->Derive(point); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->detail(), HasSubstr("requires an unexpectedly large buffer"));
    EXPECT_EQ(key->Derive(point).size(), 32u);
  }
}

TEST_F(Pkcs11Derivation, ASecretReportedAsLongerThanItsBufferIsAnErrorAndTheNextOneWorks) {
  hsm.Import(pki.Issue({.key = "ec:P-256"}), {.id = "\x03", .signs = false});
  const auto key = LoadKey(source, hsm.ObjectUri("\x03", true));
  const Octets point = PeerPoint(pki.Issue({.key = "ec:P-256"}));
  Change([](ModuleBehaviour& b) { b.signature_length = ModuleBehaviour::SignatureLength::kBeyondBuffer; });
  const auto error = ErrorOf([&] { key->Derive(point); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kTokenTrouble);
  EXPECT_THAT(error->detail(), HasSubstr("does not have the length of the curve's field"));
  Change([](ModuleBehaviour& b) { b.signature_length = ModuleBehaviour::SignatureLength::kAsIs; });
  EXPECT_EQ(key->Derive(point).size(), 32u);
}

TEST_F(Pkcs11Derivation, AKeyThatMayNotDeriveIsReported) {
  const auto key = LoadKey(source, Uri());
  Change([](ModuleBehaviour& b) {
    b.faults = {{.function = "C_DeriveKey", .result = CKR_KEY_FUNCTION_NOT_PERMITTED}};
  });
  const auto error = ErrorOf([&] { key->Derive(PeerPoint(alice)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error->detail(), HasSubstr("not allowed to derive (CKA_DERIVE)"));
}

// The order of a curve may be shorter or longer than its field: secp160r1, sect163r2.
TEST(Pkcs11DerivationOnCurve, SecretHasTheSizeOfTheFieldOnEveryCurve) {
  MemoryModule memory;
  const std::size_t token = memory.AddToken();
  Settings settings;
  settings.modules = {memory.path()};
  const TestPki pki;
  std::vector<EC_builtin_curve> curves(EC_get_builtin_curves(nullptr, 0));
  EC_get_builtin_curves(curves.data(), curves.size());
  int derived = 0;
  for (const EC_builtin_curve& curve : curves) {
    const std::string name = OBJ_nid2sn(curve.nid);
    if (curve.nid == NID_sm2 || OBJ_length(OBJ_nid2obj(curve.nid)) == 0) continue;  // no ECDH, no encoding
    SCOPED_TRACE(name);
    const TestIdentity own = pki.Issue({.key = "ec:" + name});
    const std::string id = std::to_string(curve.nid);
    memory.AddIdentity(token, own, {.id = id});
    Pkcs11Source source(settings);
    const auto key = LoadKey(source, memory.ObjectUri(token, id, true));
    const OpenSslPtr<EC_GROUP> group(EC_GROUP_new_by_curve_name(curve.nid));
    const auto field = static_cast<std::size_t>(EC_GROUP_get_degree(group.get()) + 7) / 8;
    EXPECT_EQ(PublicKey::FromSpki(key->subject_public_key_info()).field_size(), field);
    const OpenSslPtr<EVP_PKEY> peer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name.c_str()));
    unsigned char* point = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(peer.get(), &point);
    const OpenSslPtr<unsigned char> owned(point);
    Secret secret = key->Derive({point, size});
    Octets expected(field);
    std::size_t length = field;
    const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(peer.get(), nullptr));
    const OpenSslPtr<EVP_PKEY> other(X509_get_pubkey(const_cast<X509*>(own.certificate.native())));
    ASSERT_EQ(EVP_PKEY_derive_init(context.get()), 1);
    ASSERT_EQ(EVP_PKEY_derive_set_peer(context.get(), other.get()), 1);
    ASSERT_EQ(EVP_PKEY_derive(context.get(), expected.data(), &length), 1);
    EXPECT_TRUE(std::ranges::equal(secret.writable_bytes(), expected));
    ++derived;
  }
  EXPECT_GT(derived, 20);
}

using Number = OpenSslPtr<BIGNUM>;

Number Shifted(unsigned long factor, int bits, int plus) {
  Number number(BN_new());
  BN_set_word(number.get(), factor);
  BN_lshift(number.get(), number.get(), bits);
  plus > 0 ? BN_add_word(number.get(), 1) : BN_sub_word(number.get(), 1);
  return number;
}

// LongestRsa is an RSA key with a modulus of 16384 bits, put together of two primes that can be written down:
// to look for such primes takes minutes.
TestIdentity LongestRsa(const TestPki& pki) {
  const OpenSslPtr<BN_CTX> scratch(BN_CTX_new());
  BN_CTX* const context = scratch.get();
  const Number p = Shifted(3, 12676, -1);
  const Number q = Shifted(44125, 3690, 1);
  const Number e(BN_new()), n(BN_new()), p1(BN_dup(p.get())), q1(BN_dup(q.get())), phi(BN_new());
  const Number dp(BN_new()), dq(BN_new());
  BN_set_word(e.get(), 65537);
  BN_sub_word(p1.get(), 1);
  BN_sub_word(q1.get(), 1);
  BN_mul(n.get(), p.get(), q.get(), context);
  BN_mul(phi.get(), p1.get(), q1.get(), context);
  const Number d(BN_mod_inverse(nullptr, e.get(), phi.get(), context));
  const Number inverse(BN_mod_inverse(nullptr, q.get(), p.get(), context));
  BN_mod(dp.get(), d.get(), p1.get(), context);
  BN_mod(dq.get(), d.get(), q1.get(), context);
  const OpenSslPtr<OSSL_PARAM_BLD> parts(OSSL_PARAM_BLD_new());
  for (const auto& [name, number] :
       {std::pair(OSSL_PKEY_PARAM_RSA_N, n.get()), std::pair(OSSL_PKEY_PARAM_RSA_E, e.get()),
        std::pair(OSSL_PKEY_PARAM_RSA_D, d.get()), std::pair(OSSL_PKEY_PARAM_RSA_FACTOR1, p.get()),
        std::pair(OSSL_PKEY_PARAM_RSA_FACTOR2, q.get()), std::pair(OSSL_PKEY_PARAM_RSA_EXPONENT1, dp.get()),
        std::pair(OSSL_PKEY_PARAM_RSA_EXPONENT2, dq.get()),
        std::pair(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, inverse.get())}) {
    OSSL_PARAM_BLD_push_BN(parts.get(), name, number);
  }
  const OpenSslPtr<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(parts.get()));
  const OpenSslPtr<EVP_PKEY_CTX> making(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(making.get());
  EXPECT_EQ(EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_KEYPAIR, parameters.get()), 1);
  const OpenSslPtr<EVP_PKEY> key(made);
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(EVP_PKEY2PKCS8(key.get()));
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  TestIdentity identity = pki.Certify(PublicKey::FromNative(key.get()).spki(), {});
  identity.private_key.assign(der, der + size);
  return identity;
}

TEST_F(Pkcs11Decryption, AnRsaKeyOf16384BitsSignsAndDecrypts) {
  hsm.Import(LongestRsa(pki), {.id = "\x04"});
  const auto key = LoadKey(source, hsm.ObjectUri("\x04", true));
  EXPECT_EQ(Description(*key), "RSA 16384 bit");
  EXPECT_EQ(key->max_signature_size(), 2048u);
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256));
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPkcs1Sha256));
  EXPECT_EQ(Decrypt(*key, kOaepSha256, Encrypt(*key, RSA_PKCS1_OAEP_PADDING, "SHA256", kMessage)), kMessage);
  Change([](ModuleBehaviour& b) { b.refused_mechanisms = {CKM_RSA_PKCS, CKM_RSA_PKCS_PSS}; });
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256)) << "padded here";
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPkcs1Sha256)) << "padded here";
}

TEST_F(Pkcs11Decryption, ASignatureReportedAsLongerThanItsBufferNamesItsLength) {
  const auto key = Key();
  Change([](ModuleBehaviour& b) { b.signature_length = ModuleBehaviour::SignatureLength::kBeyondBuffer; });
  const auto error = ErrorOf([&] { Signs(*key); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kTokenTrouble);
  EXPECT_THAT(error->detail(), HasSubstr("more than the"));
  Change([](ModuleBehaviour& b) { b.signature_length = ModuleBehaviour::SignatureLength::kAsIs; });
  EXPECT_TRUE(Signs(*key));
}

}  // namespace
}  // namespace signet::testing
