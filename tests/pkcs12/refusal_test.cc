#include "pkcs12/algorithms.h"
#include "pkcs12/container.h"
#include "pkcs12/der.h"
#include "pkcs12/derivation.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/legacy_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

using Pkcs12Refusal = FileFixture;

TEST_F(Pkcs12Refusal, EveryTruncationIsAnErrorAndNoIdentity) {
  const std::vector<std::uint8_t> whole = testing::MakePkcs12(pki_.Issue({}), {.iterations = 1});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(Container(std::span(whole).first(size), {1000, 1000}), Error) << size;
  }
}

TEST_F(Pkcs12Refusal, EveryFlippedByteEndsInAnErrorOrTheIdentity) {
  const auto alice = pki_.Issue({});
  std::vector<std::uint8_t> bytes = testing::MakePkcs12(alice, {.iterations = 1, .with_issuers = false});
  for (std::uint8_t& byte : bytes) {
    const std::uint8_t right = std::exchange(byte, static_cast<std::uint8_t>(byte ^ 0x21));
    try {
      const Contents contents = Container(bytes, {10'000, 10'000}).Open(PasswordForms(Secret("secret")));
      for (const StoredCertificate& stored : contents.certificates)
        EXPECT_EQ(stored.certificate, alice.certificate);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
    }
    byte = right;
  }
}

TEST_F(Pkcs12Refusal, FileBeyondTheLimitIsTooCostly) {
  Write(pki_.Issue({}));
  settings_.pkcs12_max_file_size = 100;
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
}

TEST_F(Pkcs12Refusal, MissingFileIsUnreadable) {
  EXPECT_EQ(Problem().code(), ErrorCode::kUnreadable);
  EXPECT_EQ(ListPkcs12("pkcs12:" + directory_.path(), settings_, nullptr).problems.at(0).error.code(),
            ErrorCode::kUnreadable);
}

// Encrypted wraps `key` under PBES2 with these iterations; the ciphertext means nothing.
der::Value ShroudedKeyBag(const der::Value& kdf) {
  const der::Value cipher =
      der::Sequence({der::Oid("2.16.840.1.101.3.4.1.2"), der::Octets(der::Value(16, 9))});
  const der::Value algorithm =
      der::Sequence({der::Oid("1.2.840.113549.1.5.13"), der::Sequence({kdf, cipher})});
  return der::Sequence({der::Oid("1.2.840.113549.1.12.10.1.2"),
                        der::Context0({der::Sequence({algorithm, der::Octets(der::Value(32, 5))})})});
}
der::Value Pbkdf2(std::uint64_t iterations) {
  return der::Sequence({der::Oid("1.2.840.113549.1.5.12"),
                        der::Sequence({der::Octets(der::Value(8, 1)), der::Integer(iterations)})});
}
der::Value Scrypt(std::uint64_t n, std::uint64_t r, std::uint64_t p) {
  return der::Sequence(
      {der::Oid("1.3.6.1.4.1.11591.4.11"),
       der::Sequence({der::Octets(der::Value(8, 1)), der::Integer(n), der::Integer(r), der::Integer(p)})});
}

// What is derived in spite of it takes days, and ends this test by its time limit.
TEST_F(Pkcs12Refusal, CostsAreReadBeforeAnythingIsDerived) {
  const auto code = [&](const der::Value& bag) {
    Write(der::Pfx(der::Sequence({der::SafeContents({bag})})));
    return Problem().code();
  };
  EXPECT_EQ(code(ShroudedKeyBag(Pbkdf2(UINT64_MAX))), ErrorCode::kTooCostly);
  EXPECT_EQ(code(ShroudedKeyBag(Pbkdf2(0))), ErrorCode::kMalformed);
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(1 << 20, 8, 1))), ErrorCode::kTooCostly);
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(1 << 10, 8, 1 << 20))), ErrorCode::kTooCostly);
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(UINT64_MAX, 8, 1))), ErrorCode::kMalformed);
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(1ULL << 63, UINT64_MAX, UINT64_MAX))), ErrorCode::kMalformed);
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(2, 1, (1 << 21) + 1))), ErrorCode::kTooCostly) << "memory for p";
  settings_.pkcs12_max_iterations = settings_.pkcs12_max_total_iterations = UINT64_MAX;
  EXPECT_EQ(code(ShroudedKeyBag(Scrypt(1 << 22, 8, 1))), ErrorCode::kTooCostly) << "memory for N";
  settings_ = {};
  const der::Value content = der::Sequence({});
  Write(
      der::Pfx(content, der::Sequence({der::Sequence({der::Sequence({der::Oid("1.3.14.3.2.26"), der::Null()}),
                                                      der::Octets(der::Value(20, 1))}),
                                       der::Octets(der::Value(8, 1)), der::Integer(1'000'000'000'000)})));
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
}

// A key whose cost is hidden inside an encrypted safe, under the same sum.
TEST_F(Pkcs12Refusal, CostThatAppearsAfterDecryptionIsCharged) {
  const Secret password("secret");
  const der::Value hidden = der::Sequence({ShroudedKeyBag(Pbkdf2(UINT64_MAX))});
  const der::Value salt(8, 1);
  const DerivedKey key = DerivePbkdf2(FindHmac("test", "1.2.840.113549.2.7"), password, salt, 10, 16);
  const der::Value iv(16, 9);
  std::vector<std::uint8_t> ciphertext(hidden.size() + 32);
  int size = 0;
  int rest = 0;
  EVP_CIPHER_CTX* run = EVP_CIPHER_CTX_new();
  const OpenSslPtr<EVP_CIPHER_CTX> owned(run);
  EVP_EncryptInit_ex(run, EVP_aes_128_cbc(), nullptr, key.bytes().data(), iv.data());
  EVP_EncryptUpdate(run, ciphertext.data(), &size, hidden.data(), static_cast<int>(hidden.size()));
  EVP_EncryptFinal_ex(run, ciphertext.data() + size, &rest);
  ciphertext.resize(static_cast<std::size_t>(size + rest));

  const der::Value cipher = der::Sequence({der::Oid("2.16.840.1.101.3.4.1.2"), der::Octets(iv)});
  const der::Value algorithm =
      der::Sequence({der::Oid("1.2.840.113549.1.5.13"), der::Sequence({Pbkdf2(10), cipher})});
  const der::Value info =
      der::Sequence({der::Oid("1.2.840.113549.1.7.1"), algorithm, der::Tlv(0x80, {ciphertext})});
  const der::Value safe = der::Sequence(
      {der::Oid("1.2.840.113549.1.7.6"), der::Context0({der::Sequence({der::Integer(0), info})})});
  Write(der::Pfx(der::Sequence({safe})));
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
}

// DSA and Diffie-Hellman keys (RFC 8018 section A.2.1's PrivateKeyInfo) whose public part would take minutes.
TEST_F(Pkcs12Refusal, KeysThatTakeLongToReadAreTooCostly) {
  const der::Value big = der::Tlv(0x02, {der::Value(3000, 0x7f)});
  for (const der::Value& algorithm :
       {der::Sequence({der::Oid("1.2.840.10040.4.1"), der::Sequence({big, der::Integer(7), big})}),
        der::Sequence({der::Oid("1.2.840.113549.1.3.1"), der::Sequence({big, der::Integer(2)})}),
        der::Sequence({der::Oid("1.2.840.10046.2.1"), der::Sequence({big, der::Integer(2), big})})}) {
    Write(der::Pfx(der::Sequence(
        {der::SafeContents({der::KeyBag(der::Sequence({der::Integer(0), algorithm, der::Octets(big)}))})})));
    EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
  }
}

TEST_F(Pkcs12Refusal, TooManyBagsAndTooDeepOnesAreRefused) {
  der::Value bags;
  const der::Value bag = der::CertificateBag(pki_.root().certificate);
  for (int i = 0; i < 1001; ++i) bags.insert(bags.end(), bag.begin(), bag.end());
  Write(der::Pfx(der::Sequence({der::SafeContents({bags})})));
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
  // As many parts as a file may have, which nobody can read, are a report of each and not a flood.
  for (const int parts : {100, 101}) {
    der::Value safes;
    const der::Value strange = der::Sequence({der::Oid("1.2.3.4")});
    for (int i = 0; i < parts; ++i) safes.insert(safes.end(), strange.begin(), strange.end());
    Write(der::Pfx(der::Sequence({safes})));
    const Listing listing = List("");
    EXPECT_EQ(listing.problems.size(), parts == 100 ? 100u : 1u);
    EXPECT_EQ(listing.problems.front().error.code(),
              parts == 100 ? ErrorCode::kUnsupported : ErrorCode::kTooCostly);
  }
  der::Value nested = bag;
  for (int i = 0; i < 20; ++i) {
    nested =
        der::Sequence({der::Oid("1.2.840.113549.1.12.10.1.6"), der::Context0({der::Sequence({nested})})});
  }
  Write(der::Pfx(der::Sequence({der::SafeContents({nested})})));
  EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
}

TEST_F(Pkcs12Refusal, Pbmac1LoadsAndItsForgeriesDoNot) {
  const auto alice = pki_.Issue({});
  const der::Value content = der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  for (const std::uint64_t size : {20, 32, 64, 65, 128, 1024}) {
    Write(der::Pfx(content, der::Pbmac1(content, "secret", size)));
    One();
    EXPECT_EQ(Problem("?pin-value=wrong").code(), ErrorCode::kWrongPassword);
  }
  for (const std::uint64_t size : {0, 1, 19, 1025, 1 << 30}) {
    Write(der::Pfx(content, der::Pbmac1(content, "secret", size)));
    EXPECT_EQ(Problem().code(), ErrorCode::kMalformed) << size;
  }
}

TEST_F(Pkcs12Refusal, AlteredContentIsSeenByTheMac) {
  const auto alice = pki_.Issue({});
  der::Value content = der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  const der::Value mac = der::Pbmac1(content, "secret", 32);
  content.back() ^= 1;
  Write(der::Pfx(content, mac));
  EXPECT_EQ(Problem().code(), ErrorCode::kWrongPassword);
}

TEST_F(Pkcs12Refusal, UnknownAlgorithmIsNamed) {
  const der::Value gost = der::Sequence(
      {der::Sequence({der::Sequence({der::Oid("1.2.643.7.1.1.2.3")}), der::Octets(der::Value(64, 1))}),
       der::Octets(der::Value(8, 1)), der::Integer(1)});
  Write(der::Pfx(der::Sequence({}), gost));
  EXPECT_EQ(Problem().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(Problem().detail(), HasSubstr("GOST R 34.11-2012"));
  EXPECT_THAT(Problem().detail(), HasSubstr("1.2.643.7.1.1.2.3"));
  Write(der::Sequence(
      {der::Integer(3), der::Sequence({der::Oid("1.2.840.113549.1.7.2"), der::Context0({der::Null()})})}));
  EXPECT_EQ(Problem().code(), ErrorCode::kUnsupported);
}

TEST_F(Pkcs12Refusal, IndefiniteLengthsAndSegmentsLoad) {
  const auto alice = pki_.Issue({});
  const der::Value safes = der::Indefinite(
      0x30, {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  const std::span<const std::uint8_t> all(safes);
  const der::Value segments = der::Indefinite(
      0x24, {der::Octets(all.first(all.size() / 2)), der::Octets(all.subspan(all.size() / 2))});
  const der::Value content =
      der::Indefinite(0x30, {der::Oid("1.2.840.113549.1.7.1"), der::Indefinite(0xa0, {segments})});
  Write(der::Indefinite(0x30, {der::Integer(3), content, der::Pbmac1(safes, "secret", 32)}));
  EXPECT_EQ(One().leaf(), alice.certificate);
}

class OldCiphers : public FileFixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(OldCiphers, LoadWithoutTouchingTheApplicationsProviders) {
  Write(pki_.Issue({}), {.key_cipher = GetParam(), .certificate_cipher = GetParam(), .mac_digest = "SHA1"});
  One();
  EXPECT_EQ(OSSL_PROVIDER_available(nullptr, "legacy"), 0);
  EXPECT_EQ(OpenSslPtr<EVP_CIPHER>(EVP_CIPHER_fetch(nullptr, "RC2-CBC", nullptr)), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Schemes, OldCiphers,
                         ::testing::Values("PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128", "PBE-SHA1-RC4-40",
                                           "PBE-SHA1-RC4-128", "PBE-SHA1-3DES", "PBE-SHA1-2DES",
                                           "PBE-MD5-DES", "PBE-SHA1-DES", "PBE-MD5-RC2-64", "PBE-SHA1-RC2-64",
                                           "DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC",
                                           "CAMELLIA-256-CBC", "ARIA-128-CBC"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

class MacDigests : public FileFixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(MacDigests, AreAllVerified) {
  Write(pki_.Issue({}), {.mac_digest = GetParam()});
  One();
  EXPECT_EQ(Problem("?pin-value=wrong").code(), ErrorCode::kWrongPassword);
}

INSTANTIATE_TEST_SUITE_P(Digests, MacDigests,
                         ::testing::Values("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-224",
                                           "SHA3-256", "SHA3-512"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// The module path is read once in a process, so the question is put in one that was started for it.
TEST(Pkcs12LegacyModuleDeathTest, ModuleIsFoundInOpenSslsOwnDirectoryToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("OPENSSL_MODULES", "/nonexistent", 1);
        std::exit(LegacyContext("RC2-40-CBC") != nullptr ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace signet
