// What a program signs with Botan outside TLS, with keys from files and in a token.
#include "botan/site.h"
#include "botan/version.h"
#include <signet/testing/process.h>

#include <botan/auto_rng.h>
#include <botan/pkcs10.h>
#include <botan/pubkey.h>
#include <botan/x509self.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::HasSubstr;

// Keys are those that the source and this Botan have. Botan 2 has no Ed448.
std::vector<std::string> Keys(Source source) {
  std::vector<std::string> keys = {"rsa:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519"};
  if (SIGNET_BOTAN_3 && source == Source::kPkcs12) {
    keys.push_back("ed448");
    if (testing::TestPki::HasKeyType("ml-dsa-65"))
      keys.insert(keys.end(), {"ml-dsa-44", "ml-dsa-65", "ml-dsa-87"});
  }
  return keys;
}

// IsPure tells keys that hash inside of the algorithm, where Botan takes no hash.
bool IsPure(const std::string& key) { return key.starts_with("ed") || key.starts_with("ml-dsa"); }

class OutsideTls : public ::testing::TestWithParam<Source> {};

TEST_P(OutsideTls, CertificateRequestIsSignedAndOpenSslVerifiesIt) {
  Botan::AutoSeeded_RNG random;
  for (const std::string& name : Keys(GetParam())) {
    SCOPED_TRACE(name);
    const auto key = MakePrivateKey(Site::Get().Open(GetParam(), name).key());
    Botan::X509_DN subject;
    subject.add_attribute("X520.CommonName", "alice");
    const std::string hash = IsPure(name) ? "" : "SHA-384";
    const auto csr = Botan::PKCS10_Request::create(*key, subject, Botan::Extensions(), hash, random);
    const auto result = testing::RunProgram(
        {.argv = {"openssl", "req", "-verify", "-noout", "-subject"}, .input = csr.PEM_encode()});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_THAT(result.out + result.err, HasSubstr("verify OK"));
    EXPECT_THAT(result.out, ::testing::ContainsRegex("CN ?= ?alice"));
  }
}

TEST_P(OutsideTls, CertificateIsSignedAndOpenSslVerifiesIt) {
  Botan::AutoSeeded_RNG random;
  Botan::X509_Cert_Options options("alice");
  options.CA_key();
  const auto key = MakePrivateKey(Site::Get().Open(GetParam(), "ec:P-256").key());
  const auto certificate = Botan::X509::create_self_signed_cert(options, *key, "SHA-256", random);
  const std::string file = Site::Get().directory().Write("self.pem", certificate.PEM_encode());
  const auto result =
      testing::RunProgram({.argv = {"openssl", "verify", "-check_ss_sig", "-CAfile", file, file}});
  EXPECT_TRUE(result.ok()) << result.err;
}

TEST_P(OutsideTls, MessageIsSignedAndBotanVerifiesIt) {
  Botan::AutoSeeded_RNG random;
  const ByteVector message(5000, 'm');
  for (const std::string& name : Keys(GetParam())) {
    SCOPED_TRACE(name);
    const auto key = MakePrivateKey(Site::Get().Open(GetParam(), name).key());
    std::string padding = name.starts_with("rsa") ? "EMSA4(SHA-256)" : "EMSA1(SHA-512)";
    if (SIGNET_BOTAN_3) padding = name.starts_with("rsa") ? "PSS(SHA-256)" : "SHA-512";
    if (IsPure(name)) padding = "";
    Botan::PK_Signer signer(*key, random, padding);
    const auto signature = signer.sign_message(message, random);
    const std::unique_ptr<Botan::Public_Key> other(Botan::X509::load_key(key->subject_public_key()));
    EXPECT_TRUE(Botan::PK_Verifier(*other, padding).verify_message(message, signature));
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, OutsideTls, ::testing::Values(Source::kPkcs12, Source::kSoftHsm),
                         [](const auto& row) {
                           return row.param == Source::kPkcs12 ? "Pkcs12File" : "SoftHsmToken";
                         });

}  // namespace
}  // namespace signet::botan
