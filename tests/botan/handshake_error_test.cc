#include "botan/keys.h"
#include "botan/version.h"
#include <signet/botan_credentials.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestPki;

constexpr std::uint8_t kHandshakeFailure = 40;
constexpr std::uint8_t kUnknownCa = 48;

// Complaint has a manager asked for a certificate of `authority`, and gives what the server's alert then
// means.
Error Complaint(const std::vector<Identity>& identities, const TestPki& authority, std::uint8_t alert,
                const std::string& pinned = {}) {
  Options options;
  options.selection.pinned = pinned;
  const auto manager = CredentialsManager::Make(IdentitySet(identities), nullptr, options);
  const Certificate& root = authority.root().certificate;
  const Names names = {Botan::X509_Certificate(root.der().data(), root.der().size()).subject_dn()};
#if SIGNET_BOTAN_3
  manager->find_cert_chain({"RSA", "ECDSA"}, {}, names, "tls-client", "localhost");
#else
  manager->find_cert_chain({"RSA", "ECDSA"}, names, "tls-client", "localhost");
#endif
  return HandshakeError(*manager, Botan::TLS::Alert(Botan::secure_vector<std::uint8_t>{2, alert}));
}

TEST(BotanHandshakeError, NamesTheAuthoritiesIfNoCertificateWasSent) {
  const TestPki known(CertificateOptions::Ca("Known Root"));
  const TestPki strange(CertificateOptions::Ca("Strange Root"));
  const Error error = Complaint({MakeIdentity(strange.Issue({}), "test:alice")}, known, kHandshakeFailure);
  EXPECT_THAT(error.detail(), AllOf(HasSubstr("accepts only certificates from \"CN=Known Root"),
                                    HasSubstr("this one is from \"CN=Strange Root")));
  EXPECT_THAT(error.hint(), HasSubstr("one of these authorities issued"));
}

TEST(BotanHandshakeError, NamesWhatBotanCannotUse) {
  const TestPki pki;
  const Error error =
      Complaint({MakeIdentity(pki.Issue({.key = "ed25519"}), "test:edwards")}, pki, kHandshakeFailure);
  EXPECT_THAT(error.detail(),
              AllOf(HasSubstr("CN=alice"), HasSubstr("no signature scheme for its key, Ed25519")));
  EXPECT_THAT(error.hint(), HasSubstr("another TLS stack"));
}

TEST(BotanHandshakeError, NamesTheMissingIntermediateOfWhatWasSent) {
  const TestPki pki;
  testing::TestIdentity alice = TestPki::IssueFrom(pki.Intermediate("Middle"), {});
  alice.issuers.clear();
  const Error error = Complaint({MakeIdentity(alice, "test:alice")}, pki, kUnknownCa, "test:alice");
  EXPECT_THAT(error.detail(), AllOf(HasSubstr("alert unknown_ca"), HasSubstr("CN=Middle")));
  EXPECT_THAT(error.hint(), HasSubstr("missing certificate to the identity"));
}

TEST(BotanHandshakeError, ExplainsTheAlertWithoutACertificateRequest) {
  const auto manager = CredentialsManager::Make({}, nullptr);
  const Error error = HandshakeError(*manager, Botan::TLS::Alert(Botan::secure_vector<std::uint8_t>{2, 70}));
  EXPECT_THAT(error.detail(), HasSubstr("does not support the TLS version"));
  EXPECT_FALSE(error.hint().empty());
}

}  // namespace
}  // namespace signet::botan
