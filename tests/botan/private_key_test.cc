#include "botan/keys.h"
#include "botan/version.h"
#include <signet/botan_credentials.h>
#include <signet/testing/process.h>

#include <botan/auto_rng.h>
#include <botan/data_src.h>
#include <botan/pkcs10.h>
#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::HasSubstr;
using testing::TestPki;

struct Case {
  const char* key;
  const char* botan2;  // the padding in Botan 2's words
  const char* botan3;

  std::string padding() const { return SIGNET_BOTAN_3 ? botan3 : botan2; }
};

constexpr Case kCases[] = {
    {"rsa:2048", "PSSR(SHA-256,MGF1,32)", "PSS(SHA-256,MGF1,32)"},
    {"rsa:2048", "PSSR(SHA-384,MGF1,48)", "PSS(SHA-384,MGF1,48)"},
    {"rsa:2048", "PSSR(SHA-512,MGF1,64)", "PSS(SHA-512,MGF1,64)"},
    {"rsa:2048", "EMSA_PKCS1(SHA-256)", "PKCS1v15(SHA-256)"},
    {"rsa:2048", "EMSA_PKCS1(SHA-384)", "PKCS1v15(SHA-384)"},
    {"rsa:2048", "EMSA_PKCS1(SHA-512)", "PKCS1v15(SHA-512)"},
    {"ec:P-256", "EMSA1(SHA-256)", "SHA-256"},
    {"ec:P-256", "EMSA1(SHA-512)", "SHA-512"},
    {"ec:P-384", "EMSA1(SHA-384)", "SHA-384"},
    {"ec:P-521", "EMSA1(SHA-512)", "SHA-512"},
    {"ed25519", "", ""},
};

std::unique_ptr<Botan::Private_Key> KeyFor(const char* key) {
  return MakePrivateKey(FileKey::FromPkcs8(TestPki().Issue({.key = key}).private_key));
}

std::unique_ptr<Botan::Public_Key> PublicPartOf(const Botan::Private_Key& key) {
  return std::unique_ptr<Botan::Public_Key>(Botan::X509::load_key(key.subject_public_key()));
}

// Formats are both that Botan asks for: r || s and DER.
std::vector<Botan::Signature_Format> Formats(const Botan::Private_Key& key) {
  const auto pair = static_cast<Botan::Signature_Format>(0);
  if (key.algo_name() != "ECDSA") return {pair};
  return {pair, static_cast<Botan::Signature_Format>(1)};
}

TEST(PrivateKey, BotanVerifiesWhatItSigns) {
  Botan::AutoSeeded_RNG random;
  const ByteVector message(1000, 'm');
  for (const Case& row : kCases) {
    SCOPED_TRACE(std::string(row.key) + " " + row.padding());
    const auto key = KeyFor(row.key);
    const auto public_part = PublicPartOf(*key);
    for (const Botan::Signature_Format format : Formats(*key)) {
      Botan::PK_Signer signer(*key, random, row.padding(), format);
      Botan::PK_Verifier verifier(*public_part, row.padding(), format);
      // A signer is used again, and takes its message in pieces.
      for (int round = 0; round < 3; ++round) {
        signer.update(message.data(), 400);
        signer.update(message.data() + 400, 600);
        const auto signature = signer.signature(random);
        EXPECT_LE(signature.size(), signer.signature_length());
        EXPECT_TRUE(
            verifier.verify_message(message.data(), message.size(), signature.data(), signature.size()));
      }
    }
  }
}

TEST(PrivateKey, AnswersForItsPublicPart) {
  Botan::AutoSeeded_RNG random;
  for (const std::string name : {"rsa:2048", "rsa-pss:2048", "ec:P-384", "ed25519", "ed448"}) {
    if (name == "ed448" && !SIGNET_BOTAN_3) continue;
    const testing::TestIdentity made = TestPki().Issue({.key = name});
    const auto key = MakePrivateKey(FileKey::FromPkcs8(made.private_key));
    const auto spki = made.certificate.subject_public_key_info();
    EXPECT_EQ(key->subject_public_key(), ByteVector(spki.begin(), spki.end())) << name;
    EXPECT_EQ(key->algo_name(), PublicPartOf(*key)->algo_name()) << name;
    EXPECT_EQ(key->key_length(), PublicPartOf(*key)->key_length()) << name;
    EXPECT_GT(key->estimated_strength(), 80U) << name;
    EXPECT_TRUE(key->check_key(random, false)) << name;
  }
}

// WholeMessageKey is a key in a token that hashes the message itself: it signs no digests.
class WholeMessageKey final : public ChangedKey {
 public:
  explicit WholeMessageKey(std::shared_ptr<signet::PrivateKey> key)
      : ChangedKey(key), real_(std::move(key)) {}
  bool NeedsMessage(const SigningAlgorithm&) const override { return true; }
  std::size_t Sign(const SigningAlgorithm&, std::span<const std::uint8_t>, std::span<std::uint8_t>) override {
    throw Error({.code = ErrorCode::kUnsupported, .detail = "the key signs only complete messages"});
  }
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override {
    ++signatures;
    return real_->SignWhole(algorithm, message, signature);
  }
  int signatures = 0;

 private:
  const std::shared_ptr<signet::PrivateKey> real_;
};

TEST(PrivateKey, PassesTheCompleteMessageToAKeyThatSignsNoDigests) {
  Botan::AutoSeeded_RNG random;
  const ByteVector message(1000, 'm');
  for (const Case& row : kCases) {
    SCOPED_TRACE(std::string(row.key) + " " + row.padding());
    const auto whole =
        std::make_shared<WholeMessageKey>(FileKey::FromPkcs8(TestPki().Issue({.key = row.key}).private_key));
    const auto key = MakePrivateKey(whole);
    const auto public_part = PublicPartOf(*key);
    Botan::PK_Signer signer(*key, random, row.padding());
    Botan::PK_Verifier verifier(*public_part, row.padding());
    for (int round = 0; round < 2; ++round) {
      signer.update(message.data(), 400);
      signer.update(message.data() + 400, 600);
      const auto signature = signer.signature(random);
      EXPECT_TRUE(
          verifier.verify_message(message.data(), message.size(), signature.data(), signature.size()));
    }
    EXPECT_EQ(whole->signatures, 2);
  }
}

TEST(PrivateKey, DoesNotExportTheSecret) {
  const auto key = KeyFor("ec:P-256");
  EXPECT_THROW(key->private_key_bits(), Botan::Exception);
  EXPECT_THROW(key->private_key_info(), Botan::Exception);
}

TEST(PrivateKey, SignsACertificateRequest) {
  Botan::AutoSeeded_RNG random;
  for (const std::string name : {"rsa:2048", "ec:P-256", "ec:P-521", "ed25519"}) {
    SCOPED_TRACE(name);
    // Botan 3 takes for an Edwards key the hash inside of the algorithm and no other, for keys of its own
    // too.
    const std::string hash = name == "ed25519" ? "SHA-512" : "SHA-256";
    const auto key = KeyFor(name.c_str());
    Botan::X509_DN subject;
    subject.add_attribute("X520.CommonName", "alice");
    const auto csr = Botan::PKCS10_Request::create(*key, subject, Botan::Extensions(), hash, random);
    EXPECT_TRUE(csr.check_signature(*PublicPartOf(*key)));
    EXPECT_EQ(csr.subject_dn(), subject);
  }
}

#if SIGNET_BOTAN_3
TEST(PrivateKey, OperationNamesItsHashAndAlgorithmAsBotansOwnDoes) {
  Botan::AutoSeeded_RNG random;
  for (const Case& row : kCases) {
    SCOPED_TRACE(std::string(row.key) + " " + row.padding());
    const testing::TestIdentity made = TestPki().Issue({.key = row.key});
    Botan::DataSource_Memory pkcs8(made.private_key);
    const auto own = Botan::PKCS8::load_key(pkcs8);
    const auto ours = MakePrivateKey(FileKey::FromPkcs8(made.private_key));
    const Botan::PK_Signer by_botan(*own, random, row.padding());
    const Botan::PK_Signer by_us(*ours, random, row.padding());
    EXPECT_EQ(by_us.hash_function(), by_botan.hash_function());
    EXPECT_EQ(by_us.algorithm_identifier(), by_botan.algorithm_identifier());
  }
}
#endif

TEST(PrivateKey, SignsACertificateRequestWithPss) {
  Botan::AutoSeeded_RNG random;
  const auto key = KeyFor("rsa:2048");
  const std::string padding = SIGNET_BOTAN_3 ? "PSS(SHA-256,MGF1,32)" : "EMSA4";
  const auto csr = Botan::PKCS10_Request::create(*key, {}, Botan::Extensions(), "SHA-256", random, padding);
  EXPECT_TRUE(csr.check_signature(*PublicPartOf(*key)));
}

// RsaPssPadding is what PKCS#10 and X.509 take for RSA-PSS.
const char* const kRsaPssPadding = SIGNET_BOTAN_3 ? "PSS" : "EMSA4";

TEST(PrivateKey, CertificateRequestIsSignedWithRsaPssWhereThatIsAskedFor) {
  Botan::AutoSeeded_RNG random;
  for (const char* name : {"rsa:2048", "rsa-pss:2048"}) {
    const auto key = KeyFor(name);
    const auto csr =
        Botan::PKCS10_Request::create(*key, {}, Botan::Extensions(), "SHA-256", random, kRsaPssPadding);
    EXPECT_EQ(csr.raw_public_key(), key->subject_public_key()) << name;
    const auto result = testing::RunProgram(
        {.argv = {"openssl", "req", "-verify", "-noout", "-text"}, .input = csr.PEM_encode()});
    EXPECT_THAT(result.out + result.err, HasSubstr("verify OK")) << name;
    EXPECT_THAT(result.out, HasSubstr("Signature Algorithm: rsassaPss")) << name;
  }
}

TEST(PrivateKey, UnknownPaddingIsBotansLookupError) {
  Botan::AutoSeeded_RNG random;
  EXPECT_THROW(Botan::PK_Signer(*KeyFor("rsa:2048"), random, "nonsense"), Botan::Lookup_Error);
  EXPECT_THROW(Botan::PK_Signer(*KeyFor("ec:P-256"), random, "nonsense"), Botan::Lookup_Error);
  const auto key = KeyFor("ed25519");
  EXPECT_NO_THROW(Botan::PK_Signer(*key, random, "Randomized"));
  // The implementation of a key decides whether its signatures are deterministic.
  EXPECT_THROW(Botan::PK_Signer(*key, random, "Deterministic"), Botan::Lookup_Error);
}

#if SIGNET_BOTAN_3
TEST(PrivateKey, AnotherHashInMgf1IsSignedButNotWrittenIntoACertificate) {
  Botan::AutoSeeded_RNG random;
  const auto key = KeyFor("rsa:2048");
  Botan::PK_Signer signer(*key, random, "PSS(SHA-256,MGF1(SHA-1),20)");
  EXPECT_FALSE(signer.sign_message(ByteVector(3), random).empty());
  EXPECT_THROW(signer.algorithm_identifier(), SigningError);
}
#endif

TEST(PrivateKey, FailedSignatureIsABotanExceptionWithOurText) {
  Botan::AutoSeeded_RNG random;
  const testing::TestIdentity made = TestPki().Issue({.key = "ec:P-256"});
  const auto key = MakePrivateKey(std::make_shared<FailingKey>(FileKey::FromPkcs8(made.private_key)));
  Botan::PK_Signer signer(*key, random, SIGNET_BOTAN_3 ? "SHA-256" : "EMSA1(SHA-256)");
  try {
    signer.sign_message(ByteVector(3), random);
    FAIL() << "it signed";
  } catch (const Botan::Exception& exception) {
    const auto* ours = dynamic_cast<const SigningError*>(&exception);
    ASSERT_NE(ours, nullptr);
    EXPECT_EQ(ours->error().code(), ErrorCode::kTokenAbsent);
    EXPECT_THAT(exception.what(), HasSubstr("the token is absent"));
  }
}

TEST(PrivateKey, PaddingThatTheKeyCannotDoIsRefusedBeforeItSigns) {
  Botan::AutoSeeded_RNG random;
  const testing::TestIdentity made = TestPki().Issue({.key = "rsa:2048"});
  const auto key = MakePrivateKey(std::make_shared<Pkcs1OnlyKey>(FileKey::FromPkcs8(made.private_key)));
  EXPECT_THROW(Botan::PK_Signer(*key, random, SIGNET_BOTAN_3 ? "PSS(SHA-256)" : "EMSA4(SHA-256)"),
               SigningError);
}

#if !SIGNET_BOTAN_3
TEST(PrivateKey, KeyThatBotanDoesNotKnowIsAnError) {
  const auto key = FileKey::FromPkcs8(TestPki().Issue({.key = "ed448"}).private_key);
  EXPECT_THROW(MakePrivateKey(key), Error);
}
#endif

}  // namespace
}  // namespace signet::botan
