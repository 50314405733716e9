#include "identity/hashes.h"
#include "openssl_provider/counting_key.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/testing/test_pki.h>

#include <array>

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

namespace signet {
namespace {

using provider::MakeKey;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;
using Signature = std::vector<std::uint8_t>;
using Kind = SigningAlgorithm::Kind;

const std::string kMessage = "what the transcript of a handshake might be";

std::span<const std::uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

const TestIdentity& IdentityOf(const std::string& key) {
  static const TestPki pki;
  static std::map<std::string, TestIdentity> made;
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  return made.emplace(key, pki.Issue({.key = key})).first->second;
}

// Signer is one key in a token, ready to be used through EVP.
struct Signer {
  explicit Signer(const std::string& key)
      : identity(IdentityOf(key)),
        token_key(std::make_shared<CountingKey>(identity)),
        pkey(MakeKey(context.get(), token_key)),
        software(PublicKey::FromSpki(identity.certificate.subject_public_key_info())) {}

  OpenSslPtr<EVP_PKEY_CTX> Context() const {
    return OpenSslPtr<EVP_PKEY_CTX>(EVP_PKEY_CTX_new_from_pkey(context.get(), pkey.get(), nullptr));
  }

  const TestIdentity& identity;
  const std::shared_ptr<CountingKey> token_key;
  const LibraryContext context;
  const OpenSslPtr<EVP_PKEY> pkey;
  const PublicKey software;
};

// DigestSign signs kMessage in one call, in pieces where `streamed`; asks for the size first, as programs do.
Signature DigestSign(const Signer& signer, const char* digest, bool streamed, int padding = 0, int salt = 0) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), &parameters, digest, signer.context.get(), nullptr,
                                  signer.pkey.get(), nullptr),
            1)
      << TakeErrors();
  if (padding != 0) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, padding), 1) << TakeErrors();
  }
  if (salt != 0) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt), 1) << TakeErrors();
  }
  std::size_t size = 0;
  const auto message = Bytes(kMessage);
  if (streamed) {
    EXPECT_EQ(EVP_DigestSignUpdate(context.get(), message.data(), 10), 1) << TakeErrors();
    EXPECT_EQ(EVP_DigestSignUpdate(context.get(), message.data() + 10, message.size() - 10), 1)
        << TakeErrors();
    EXPECT_EQ(EVP_DigestSignFinal(context.get(), nullptr, &size), 1) << TakeErrors();
  } else {
    EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()), 1)
        << TakeErrors();
  }
  EXPECT_EQ(signer.token_key->signatures, 0) << "asking for the size must not reach the token";
  Signature signature(size);
  if (streamed) {
    EXPECT_EQ(EVP_DigestSignFinal(context.get(), signature.data(), &size), 1) << TakeErrors();
  } else {
    EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()), 1)
        << TakeErrors();
  }
  signature.resize(size);
  EXPECT_EQ(signer.token_key->signatures, 1);
  return signature;
}

bool DigestVerify(const Signer& signer, const char* digest, const Signature& signature, bool streamed,
                  int padding = 0) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  EXPECT_EQ(EVP_DigestVerifyInit_ex(context.get(), &parameters, digest, signer.context.get(), nullptr,
                                    signer.pkey.get(), nullptr),
            1)
      << TakeErrors();
  if (padding != 0) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, padding), 1) << TakeErrors();
  }
  const auto message = Bytes(kMessage);
  if (!streamed) {
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }
  EXPECT_EQ(EVP_DigestVerifyUpdate(context.get(), message.data(), message.size()), 1) << TakeErrors();
  return EVP_DigestVerifyFinal(context.get(), signature.data(), signature.size()) == 1;
}

struct Row {
  const char* name;
  const char* key;
  const char* digest;  // null for EdDSA
  int padding;
  SigningAlgorithm algorithm;  // what must arrive at the key
};

class SignatureForm : public ::testing::TestWithParam<Row> {};

TEST_P(SignatureForm, OneShotReachesTheKeyOnceAndVerifies) {
  const Row& row = GetParam();
  const Signer signer(row.key);
  const Signature signature = DigestSign(signer, row.digest, false, row.padding);
  const SigningAlgorithm seen = signer.token_key->last_algorithm();
  EXPECT_EQ(seen.kind, row.algorithm.kind);
  EXPECT_EQ(seen.hash, row.algorithm.hash);
  EXPECT_EQ(seen.mgf1_hash, row.algorithm.mgf1_hash);
  const bool message = row.digest == nullptr;
  EXPECT_TRUE(signer.software.Verify(
      seen,
      message ? Signature(kMessage.begin(), kMessage.end()) : Digest(row.algorithm.hash, Bytes(kMessage)),
      signature));
  EXPECT_TRUE(DigestVerify(signer, row.digest, signature, false, row.padding));
  Signature damaged = signature;
  damaged.back() ^= 1;
  EXPECT_FALSE(DigestVerify(signer, row.digest, damaged, false, row.padding));
  EXPECT_EQ(signer.token_key->signatures, 1) << "verification must stay in software";
}

TEST_P(SignatureForm, PiecesGiveTheSame) {
  const Row& row = GetParam();
  if (row.digest == nullptr) {
    // EdDSA reads its message twice and cannot be streamed (RFC 8032); OpenSSL itself reports this too.
    const Signer signer(row.key);
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, signer.context.get(), nullptr,
                                    signer.pkey.get(), nullptr),
              1);
    EXPECT_NE(EVP_DigestSignUpdate(context.get(), "a", 1), 1);
    return;
  }
  const Signer signer(row.key);
  const Signature signature = DigestSign(signer, row.digest, true, row.padding);
  EXPECT_TRUE(DigestVerify(signer, row.digest, signature, true, row.padding));
}

INSTANTIATE_TEST_SUITE_P(
    All, SignatureForm,
    ::testing::Values(
        Row{"Pkcs1Sha256", "rsa:2048", "SHA256", 0, {Kind::kRsaPkcs1, Hash::kSha256}},
        Row{"Pkcs1Sha1", "rsa:2048", "SHA1", 0, {Kind::kRsaPkcs1, Hash::kSha1}},
        Row{"Pkcs1Sha512", "rsa:2048", "SHA512", RSA_PKCS1_PADDING, {Kind::kRsaPkcs1, Hash::kSha512}},
        Row{"Pkcs1Sha3", "rsa:2048", "SHA3-256", 0, {Kind::kRsaPkcs1, Hash::kSha3_256}},
        Row{"PssSha256",
            "rsa:2048",
            "SHA256",
            RSA_PKCS1_PSS_PADDING,
            {Kind::kRsaPss, Hash::kSha256, Hash::kSha256}},
        Row{"PssSha512",
            "rsa:2048",
            "SHA512",
            RSA_PKCS1_PSS_PADDING,
            {Kind::kRsaPss, Hash::kSha512, Hash::kSha512}},
        Row{"PssKey", "rsa-pss:2048", "SHA256", 0, {Kind::kRsaPss, Hash::kSha256, Hash::kSha256}},
        Row{"EcdsaP256", "ec:P-256", "SHA256", 0, {Kind::kEcdsa, Hash::kSha256}},
        Row{"EcdsaP384", "ec:P-384", "SHA384", 0, {Kind::kEcdsa, Hash::kSha384}},
        Row{"EcdsaP521", "ec:P-521", "SHA512", 0, {Kind::kEcdsa, Hash::kSha512}},
        Row{"EcdsaP256Sha512", "ec:P-256", "SHA512", 0, {Kind::kEcdsa, Hash::kSha512}},
        Row{"Ed25519", "ed25519", nullptr, 0, {Kind::kEdDsa}},
        Row{"Ed448", "ed448", nullptr, 0, {Kind::kEdDsa}}),
    [](const auto& row) { return row.param.name; });

// A digest made elsewhere.
Signature SignDigest(const Signer& signer, EVP_PKEY_CTX* context, std::span<const std::uint8_t> digest) {
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_sign(context, nullptr, &size, digest.data(), digest.size()), 1) << TakeErrors();
  EXPECT_EQ(signer.token_key->signatures, 0);
  Signature signature(size);
  EXPECT_EQ(EVP_PKEY_sign(context, signature.data(), &size, digest.data(), digest.size()), 1) << TakeErrors();
  signature.resize(size);
  return signature;
}

TEST(SignaturePreHashed, EcdsaSignsAndVerifiesADigest) {
  const Signer signer("ec:P-256");
  const auto digest = Digest(Hash::kSha256, Bytes(kMessage));
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1) << TakeErrors();
  const Signature signature = SignDigest(signer, signing.get(), digest);
  EXPECT_TRUE(signer.software.Verify({Kind::kEcdsa, Hash::kSha256}, digest, signature));
  const auto verifying = signer.Context();
  ASSERT_EQ(EVP_PKEY_verify_init(verifying.get()), 1) << TakeErrors();
  EXPECT_EQ(
      EVP_PKEY_verify(verifying.get(), signature.data(), signature.size(), digest.data(), digest.size()), 1);
  EXPECT_EQ(signer.token_key->signatures, 1);
}

TEST(SignaturePreHashed, PssTakesEveryParameter) {
  const Signer signer("rsa:2048");
  const auto digest = Digest(Hash::kSha384, Bytes(kMessage));
  const auto set = [](EVP_PKEY_CTX* context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context, EVP_sha384()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 33) == 1;
  };
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1) << TakeErrors();
  ASSERT_TRUE(set(signing.get())) << TakeErrors();
  const Signature signature = SignDigest(signer, signing.get(), digest);
  const SigningAlgorithm seen = signer.token_key->last_algorithm();
  EXPECT_EQ(seen.kind, Kind::kRsaPss);
  EXPECT_EQ(seen.hash, Hash::kSha384);
  EXPECT_EQ(seen.mgf1_hash, Hash::kSha256);
  EXPECT_EQ(seen.salt_length, 33);
  EXPECT_TRUE(signer.software.Verify(seen, digest, signature));
  const auto verify = [&](const auto& change) {
    const auto verifying = signer.Context();
    EXPECT_EQ(EVP_PKEY_verify_init(verifying.get()), 1) << TakeErrors();
    EXPECT_TRUE(set(verifying.get())) << TakeErrors();
    change(verifying.get());
    return EVP_PKEY_verify(verifying.get(), signature.data(), signature.size(), digest.data(), digest.size());
  };
  EXPECT_EQ(verify([](EVP_PKEY_CTX*) {}), 1) << TakeErrors();
  EXPECT_NE(verify([](EVP_PKEY_CTX* context) { EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha384()); }), 1);
  EXPECT_NE(verify([](EVP_PKEY_CTX* context) { EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32); }), 1);
}

TEST(SignaturePreHashed, Pkcs1DigestIsRecovered) {
  const Signer signer("rsa:2048");
  const auto digest = Digest(Hash::kSha256, Bytes(kMessage));
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(signing.get(), EVP_sha256()), 1) << TakeErrors();
  const Signature signature = SignDigest(signer, signing.get(), digest);
  const auto recovering = signer.Context();
  ASSERT_EQ(EVP_PKEY_verify_recover_init(recovering.get()), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(recovering.get(), EVP_sha256()), 1) << TakeErrors();
  std::array<std::uint8_t, 256> recovered{};
  std::size_t size = recovered.size();
  ASSERT_EQ(
      EVP_PKEY_verify_recover(recovering.get(), recovered.data(), &size, signature.data(), signature.size()),
      1)
      << TakeErrors();
  EXPECT_TRUE(std::ranges::equal(std::span(recovered).first(size), digest));
}

TEST(SignaturePreHashed, DigestOfTheWrongLengthNeverReachesTheKey) {
  const Signer signer("rsa:2048");
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(signing.get(), EVP_sha256()), 1);
  std::array<std::uint8_t, 256> signature{};
  std::size_t size = signature.size();
  ERR_clear_error();
  EXPECT_NE(EVP_PKEY_sign(signing.get(), signature.data(), &size, signature.data(), 20), 1);
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:bad-argument:20 bytes are not a SHA2-256 digest"));
  EXPECT_EQ(signer.token_key->signatures, 0);
}

TEST(SignaturePreHashed, RawRsaTakesAWholeModulus) {
  const Signer signer("rsa:2048");
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(signing.get(), RSA_NO_PADDING), 1) << TakeErrors();
  std::vector<std::uint8_t> block(256, 0x11);
  block[0] = 0;
  SignDigest(signer, signing.get(), block);
  EXPECT_EQ(signer.token_key->last_algorithm().kind, Kind::kRsaRaw);
}

TEST(SignaturePadding, X931IsRefusedWithWords) {
  const Signer signer("rsa:2048");
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1);
  ERR_clear_error();
  EXPECT_LE(EVP_PKEY_CTX_set_rsa_padding(signing.get(), RSA_X931_PADDING), 0);
  EXPECT_THAT(TakeErrors(), HasSubstr("X9.31 padding is not supported"));
}

TEST(SignaturePadding, Pkcs1IsRefusedForAnRsaPssKey) {
  const Signer signer("rsa-pss:2048");
  const auto signing = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(signing.get()), 1);
  EXPECT_LE(EVP_PKEY_CTX_set_rsa_padding(signing.get(), RSA_PKCS1_PADDING), 0);
}

// RFC 4055 section 1.2: the parameters in such a key bind what it signs.
TEST(SignaturePadding, ARestrictedRsaPssKeySignsOnlyWithItsParameters) {
  const Signer signer("rsa-pss:2048:SHA256");
  const Signature signature = DigestSign(signer, nullptr, false);
  const SigningAlgorithm seen = signer.token_key->last_algorithm();
  EXPECT_EQ(seen.kind, Kind::kRsaPss);
  EXPECT_EQ(seen.hash, Hash::kSha256);
  EXPECT_EQ(seen.mgf1_hash, Hash::kSha256);
  EXPECT_EQ(seen.salt_length, 32);
  EXPECT_TRUE(DigestVerify(signer, "SHA256", signature, false));
  EXPECT_EQ(signer.token_key->signatures, 1);

  const auto refused = [&](int (*change)(EVP_PKEY_CTX*)) {
    const auto signing = signer.Context();
    EXPECT_EQ(EVP_PKEY_sign_init(signing.get()), 1) << TakeErrors();
    EXPECT_LE(change(signing.get()), 0);
    return TakeErrors();
  };
  EXPECT_THAT(
      refused([](EVP_PKEY_CTX* context) { return EVP_PKEY_CTX_set_signature_md(context, EVP_sha384()); }),
      HasSubstr("the RSA-PSS key is only for SHA2-256 with MGF1 over SHA2-256"));
  EXPECT_THAT(
      refused([](EVP_PKEY_CTX* context) { return EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()); }),
      HasSubstr("the RSA-PSS key is only for"));
  EXPECT_THAT(refused([](EVP_PKEY_CTX* context) { return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 20); }),
              HasSubstr("the salt is shorter than the RSA-PSS key requires"));
  EXPECT_EQ(signer.token_key->signatures, 1);
}

struct SaltRow {
  const char* name;
  int salt;
  int bytes;  // with SHA-256 in 2048 bits
};

class Salt : public ::testing::TestWithParam<SaltRow> {};

TEST_P(Salt, MeansWhatOpenSslMeans) {
  const Signer signer("rsa:2048");
  const Signature signature = DigestSign(signer, "SHA256", false, RSA_PKCS1_PSS_PADDING, GetParam().salt);
  EXPECT_EQ(signer.token_key->last_algorithm().salt_length, GetParam().bytes);
  EXPECT_TRUE(DigestVerify(signer, "SHA256", signature, false, RSA_PKCS1_PSS_PADDING));
}

INSTANTIATE_TEST_SUITE_P(All, Salt,
                         ::testing::Values(SaltRow{"Digest", RSA_PSS_SALTLEN_DIGEST, 32},
                                           SaltRow{"Maximum", RSA_PSS_SALTLEN_MAX, 222},
                                           SaltRow{"Auto", RSA_PSS_SALTLEN_AUTO, 222},
                                           SaltRow{"Number", 20, 20}),
                         [](const auto& row) { return row.param.name; });

TEST(SaltByName, NegativeNumbersInTextAreTheNames) {
  const Signer signer("rsa:2048");
  for (const auto& [text, bytes] : {std::pair{"-1", 32}, {"-2", 222}, {"-3", 222}, {"-4", 32}}) {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), &parameters, "SHA256", signer.context.get(), nullptr,
                                    signer.pkey.get(), nullptr),
              1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, const_cast<char*>(text), 0),
        OSSL_PARAM_construct_end()};
    ASSERT_EQ(EVP_PKEY_CTX_set_params(parameters, params), 1) << text << TakeErrors();
    Signature signature(256);
    std::size_t size = signature.size();
    ASSERT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, Bytes(kMessage).data(), kMessage.size()),
              1);
    EXPECT_EQ(signer.token_key->last_algorithm().salt_length, bytes) << text;
  }
}

TEST(SaltByName, AutoDigestMaxIsTheHashsLength) {
  const Signer signer("rsa:2048");
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  char mode[] = "pss";
  char salt[] = "auto-digestmax";
  char mgf1[] = "SHA384";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, mode, 0),
                               OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0),
                               OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf1, 0),
                               OSSL_PARAM_construct_end()};
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", signer.context.get(), nullptr,
                                  signer.pkey.get(), params),
            1)
      << TakeErrors();
  Signature signature(256);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, Bytes(kMessage).data(), kMessage.size()),
            1);
  EXPECT_EQ(signer.token_key->last_algorithm().salt_length, 32);
  EXPECT_EQ(signer.token_key->last_algorithm().mgf1_hash, Hash::kSha384);
}

TEST(SaltByName, TooLongASaltIsAnError) {
  const Signer signer("rsa:2048");
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), &parameters, "SHA256", signer.context.get(), nullptr,
                                  signer.pkey.get(), nullptr),
            1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 223), 1);
  Signature signature(256);
  std::size_t size = signature.size();
  EXPECT_NE(EVP_DigestSign(context.get(), signature.data(), &size, Bytes(kMessage).data(), kMessage.size()),
            1);
  EXPECT_EQ(signer.token_key->signatures, 0);
}

TEST(SignatureParameters, AreReadBack) {
  const Signer signer("rsa:2048");
  const auto context = signer.Context();
  ASSERT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha384()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), 33), 1);
  int padding = 0;
  int salt = 0;
  const EVP_MD* digest = nullptr;
  const EVP_MD* mgf1 = nullptr;
  EXPECT_GT(EVP_PKEY_CTX_get_rsa_padding(context.get(), &padding), 0);
  EXPECT_GT(EVP_PKEY_CTX_get_rsa_pss_saltlen(context.get(), &salt), 0);
  EXPECT_EQ(EVP_PKEY_CTX_get_signature_md(context.get(), &digest), 1);
  EXPECT_EQ(EVP_PKEY_CTX_get_rsa_mgf1_md(context.get(), &mgf1), 1);
  EXPECT_EQ(padding, RSA_PKCS1_PSS_PADDING);
  EXPECT_EQ(salt, 33);
  EXPECT_EQ(EVP_MD_get_type(digest), NID_sha384);
  EXPECT_EQ(EVP_MD_get_type(mgf1), NID_sha384);
}

TEST(SignatureContextCopy, ContinuesFromTheSamePointOfTheMessage) {
  const Signer signer("ec:P-256");
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const OpenSslPtr<EVP_MD_CTX> copy(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", signer.context.get(), nullptr,
                                  signer.pkey.get(), nullptr),
            1);
  const auto message = Bytes(kMessage);
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), message.data(), 7), 1);
  ASSERT_EQ(EVP_MD_CTX_copy_ex(copy.get(), context.get()), 1) << TakeErrors();
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "something else", 14), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(copy.get(), message.data() + 7, message.size() - 7), 1);
  Signature signature(80);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_DigestSignFinal(copy.get(), signature.data(), &size), 1) << TakeErrors();
  signature.resize(size);
  EXPECT_TRUE(DigestVerify(signer, "SHA256", signature, false));
}

TEST(SignatureError, OfTheTokenIsInTheQueueWithItsCallAndHint) {
  const Signer signer("ec:P-256");
  signer.token_key->refuses = true;
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", signer.context.get(), nullptr,
                                  signer.pkey.get(), nullptr),
            1);
  Signature signature(80);
  std::size_t size = signature.size();
  ERR_clear_error();
  EXPECT_NE(EVP_DigestSign(context.get(), signature.data(), &size, Bytes(kMessage).data(), kMessage.size()),
            1);
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:token-absent:the token is no longer present "
                                      "(C_SignInit: CKR_TOKEN_NOT_RECOGNIZED). Put it back."));
}

struct CertificateRow {
  const char* name;
  const char* key;
  const char* digest;
  int padding;
  const char* algorithm;  // as the certificate names it
};

class SignedCertificate : public ::testing::TestWithParam<CertificateRow> {};

// X509_sign needs the AlgorithmIdentifier from the provider; OpenSSL's own verification judges it.
TEST_P(SignedCertificate, CarriesTheRightAlgorithmIdentifier) {
  const auto& row = GetParam();
  const Signer signer(row.key);
  const OpenSslPtr<X509> certificate(X509_dup(signer.identity.certificate.native()));
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), &parameters, row.digest, signer.context.get(), nullptr,
                                  signer.pkey.get(), nullptr),
            1);
  if (row.padding != 0) {
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, row.padding), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 1);
  }
  ASSERT_GT(X509_sign_ctx(certificate.get(), context.get()), 0) << TakeErrors();
  EXPECT_STREQ(OBJ_nid2sn(X509_get_signature_nid(certificate.get())), row.algorithm);
  EXPECT_EQ(X509_verify(certificate.get(), signer.software.native()), 1) << TakeErrors();
}

INSTANTIATE_TEST_SUITE_P(
    All, SignedCertificate,
    ::testing::Values(CertificateRow{"Pkcs1", "rsa:2048", "SHA256", 0, "RSA-SHA256"},
                      CertificateRow{"Pss", "rsa:2048", "SHA384", RSA_PKCS1_PSS_PADDING, "RSASSA-PSS"},
                      CertificateRow{"PssSha1", "rsa:2048", "SHA1", RSA_PKCS1_PSS_PADDING, "RSASSA-PSS"},
                      CertificateRow{"PssKey", "rsa-pss:2048", "SHA256", 0, "RSASSA-PSS"},
                      CertificateRow{"Ecdsa", "ec:P-384", "SHA384", 0, "ecdsa-with-SHA384"},
                      CertificateRow{"Ed25519", "ed25519", nullptr, 0, "ED25519"},
                      CertificateRow{"Ed448", "ed448", nullptr, 0, "ED448"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet
