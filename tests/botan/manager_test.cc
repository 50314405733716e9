#include "botan/credentials_manager.h"
#include "botan/keys.h"

#include <fstream>
#include <regex>
#include <sstream>

#include <botan/auto_rng.h>
#include <botan/pubkey.h>
#include <botan/symkey.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TestPki;

// Application is a manager with something to forward to.
class Application : public Botan::Credentials_Manager {
 public:
  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(const std::string&,
                                                                         const std::string&) override {
    return {&store};
  }
  std::string psk_identity_hint(const std::string&, const std::string&) override { return "hint"; }
  std::string psk_identity(const std::string&, const std::string&, const std::string&) override {
    return "identity";
  }
  Botan::SymmetricKey psk(const std::string& type, const std::string&, const std::string&) override {
    return Botan::SymmetricKey(ByteVector(type.begin(), type.end()));
  }
#if SIGNET_BOTAN_3
  Botan::secure_vector<std::uint8_t> session_ticket_key() override { return {1, 2}; }
  Botan::secure_vector<std::uint8_t> dtls_cookie_secret() override { return {3, 4}; }
  std::shared_ptr<Botan::Public_Key> find_raw_public_key(const Strings&, const std::string&,
                                                         const std::string&) override {
    return raw;
  }
  std::shared_ptr<Botan::Private_Key> private_key_for(const Botan::Public_Key&, const std::string&,
                                                      const std::string&) override {
    return raw;
  }
  std::vector<Botan::TLS::ExternalPSK> find_preshared_keys(std::string_view, Botan::TLS::Connection_Side,
                                                           const Strings&,
                                                           const std::optional<std::string>&) override {
    std::vector<Botan::TLS::ExternalPSK> keys;
    keys.emplace_back("found", "SHA-256", Botan::secure_vector<std::uint8_t>(32));
    return keys;
  }
  std::optional<Botan::TLS::ExternalPSK> choose_preshared_key(std::string_view, Botan::TLS::Connection_Side,
                                                              const Strings&,
                                                              const std::optional<std::string>&) override {
    return Botan::TLS::ExternalPSK("chosen", "SHA-256", Botan::secure_vector<std::uint8_t>(32));
  }
  std::shared_ptr<Botan::Private_Key> raw =
      MakePrivateKey(FileKey::FromPkcs8(TestPki().Issue({}).private_key));
  Chain find_cert_chain(const Strings&, const std::vector<Botan::AlgorithmIdentifier>&, const Names&,
                        const std::string&, const std::string&) override {
    ++asked;
    return {};
  }
#else
  bool attempt_srp(const std::string&, const std::string&) override { return true; }
  std::string srp_identifier(const std::string&, const std::string&) override { return "srp"; }
  std::string srp_password(const std::string&, const std::string&, const std::string&) override {
    return "word";
  }
  bool srp_verifier(const std::string&, const std::string&, const std::string&, std::string& group,
                    Botan::BigInt&, ByteVector&, bool) override {
    group = "group";
    return true;
  }
  Chain find_cert_chain(const Strings&, const Names&, const std::string&, const std::string&) override {
    ++asked;
    return {};
  }
#endif
  Botan::Certificate_Store_In_Memory store;
  int asked = 0;
};

// Find asks as Botan does.
Chain Find(Botan::Credentials_Manager& manager, const Strings& key_types, const Names& authorities = {},
           const std::string& type = "tls-client") {
#if SIGNET_BOTAN_3
  return manager.find_cert_chain(key_types, {}, authorities, type, "localhost");
#else
  return manager.find_cert_chain(key_types, authorities, type, "localhost");
#endif
}

Botan::X509_DN NameOf(const Certificate& certificate) {
  return Botan::X509_Certificate(certificate.der().data(), certificate.der().size()).subject_dn();
}

TEST(Manager, ForwardsAllThatIsNotAboutCertificates) {
  const auto application = std::make_shared<Application>();
  const TestPki pki;
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(pki.Issue({}), "test:alice")}), application);
  EXPECT_EQ(manager->trusted_certificate_authorities("tls-client", "h"),
            std::vector<Botan::Certificate_Store*>{&application->store});
  EXPECT_EQ(manager->psk_identity_hint("tls-client", "h"), "hint");
  EXPECT_EQ(manager->psk_identity("tls-client", "h", ""), "identity");
  EXPECT_EQ(manager->psk("tls-server", "session-ticket", "").length(), 10U);
#if SIGNET_BOTAN_3
  EXPECT_EQ(manager->session_ticket_key(), (Botan::secure_vector<std::uint8_t>{1, 2}));
  EXPECT_EQ(manager->dtls_cookie_secret(), (Botan::secure_vector<std::uint8_t>{3, 4}));
  EXPECT_EQ(manager->find_raw_public_key({}, "tls-client", "h"), application->raw);
  EXPECT_EQ(manager->private_key_for(*application->raw, "tls-client", "h"), application->raw);
  const auto side = Botan::TLS::Connection_Side::Client;
  ASSERT_THAT(manager->find_preshared_keys("h", side, {}, {}), SizeIs(1));
  EXPECT_EQ(manager->find_preshared_keys("h", side, {}, {}).front().identity(), "found");
  EXPECT_EQ(manager->choose_preshared_key("h", side, {}, {})->identity(), "chosen");
#else
  std::string group;
  Botan::BigInt verifier;
  ByteVector salt;
  EXPECT_TRUE(manager->attempt_srp("tls-client", "h"));
  EXPECT_EQ(manager->srp_identifier("tls-client", "h"), "srp");
  EXPECT_EQ(manager->srp_password("tls-client", "h", "srp"), "word");
  EXPECT_TRUE(manager->srp_verifier("tls-server", "h", "srp", group, verifier, salt, false));
  EXPECT_EQ(group, "group");
#endif
}

// A function that a newer Botan adds to its manager must be forwarded, too.
TEST(Manager, ForwardsEveryVirtualFunctionOfBotansManager) {
  const auto text = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  std::string header;
  std::istringstream folders(SIGNET_BOTAN_INCLUDES);
  for (std::string folder; header.empty() && std::getline(folders, folder, ':');) {
    header = text(folder + "/botan/credentials_manager.h");
  }
  const std::string ours = text(SIGNET_SOURCE_DIR "/plugins/botan/version.h");
  static const std::regex declared(R"(virtual [^;{]*?\b(\w+)\()");
  int seen = 0;
  for (std::sregex_iterator it(header.begin(), header.end(), declared), end; it != end; ++it) {
    const std::string name = (*it)[1].str();
    if (name == "Credentials_Manager") continue;  // its destructor
    ++seen;
    EXPECT_THAT(ours, HasSubstr(name == "cert_chain" ? "return find_cert_chain(" : "inner_->" + name + "("))
        << name;
  }
  EXPECT_GE(seen, 10);
}

TEST(Manager, WithoutIdentitiesTheApplicationAnswers) {
  const auto application = std::make_shared<Application>();
  const auto manager = CredentialsManager::Make({}, application);
  EXPECT_THAT(Find(*manager, {"RSA"}), IsEmpty());
  EXPECT_EQ(application->asked, 1);
  EXPECT_FALSE(manager->last_decision().has_value());
}

TEST(Manager, OtherPurposesAreTheApplications) {
  const auto application = std::make_shared<Application>();
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(TestPki().Issue({}), "test:alice")}), application);
  Find(*manager, {}, {}, "https");
  EXPECT_EQ(application->asked, 1);
}

TEST(Manager, WithoutAnApplicationsManagerNothingElseIsThere) {
  const auto manager = CredentialsManager::Make({}, nullptr);
  EXPECT_THAT(Find(*manager, {"RSA"}), IsEmpty());
  EXPECT_THAT(manager->trusted_certificate_authorities("tls-client", "h"), IsEmpty());
}

TEST(Manager, GivesChainAndKeyOfTheChosenIdentity) {
  const TestPki pki;
  const testing::TestIdentity issuing = pki.Intermediate("Issuing");
  const Identity alice = MakeIdentity(TestPki::IssueFrom(issuing, {.common_name = "alice"}), "test:alice");
  const auto manager = CredentialsManager::Make(IdentitySet({alice}), nullptr);
  const Chain chain = Find(*manager, {"RSA", "ECDSA"});
  ASSERT_THAT(chain, SizeIs(alice.chain().certificates().size()));
  EXPECT_EQ(chain.front().subject_info("X520.CommonName"), Strings{"alice"});
  const auto key = manager->private_key_for(chain.front(), "tls-client", "localhost");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->subject_public_key(), chain.front().subject_public_key_info());
  ASSERT_TRUE(manager->last_decision().has_value());
  EXPECT_EQ(manager->last_decision()->choice.identity()->uri(), "test:alice");
  EXPECT_FALSE(manager->last_decision()->exact);
}

TEST(Manager, ChoosesByAuthority) {
  const TestPki one(testing::CertificateOptions::Ca("One"));
  const TestPki two(testing::CertificateOptions::Ca("Two"));
  const auto manager = CredentialsManager::Make(
      IdentitySet({MakeIdentity(one.Issue({.common_name = "first"}), "test:first"),
                   MakeIdentity(two.Issue({.common_name = "second"}), "test:second")}),
      nullptr);
  const Chain chain = Find(*manager, {"ECDSA"}, {NameOf(two.root().certificate)});
  ASSERT_FALSE(chain.empty());
  EXPECT_EQ(chain.front().subject_info("X520.CommonName"), Strings{"second"});
}

TEST(Manager, WhatBotanCannotUseGivesAnEmptyChainAndAReason) {
  const TestPki pki;
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(pki.Issue({.key = "ed25519"}), "test:edwards"),
                                            MakeIdentity(pki.Issue({.key = "rsa-pss:2048"}), "test:pss")}),
                               nullptr);
  EXPECT_THAT(Find(*manager, {"RSA", "ECDSA"}), IsEmpty());
  const std::optional<Decision> decision = manager->last_decision();
  ASSERT_TRUE(decision.has_value());
  EXPECT_THAT(decision->unusable, SizeIs(2));
  EXPECT_THAT(decision->Explain(),
              HasSubstr("test:edwards: not chosen, Botan's TLS has no signature scheme"));
  EXPECT_THAT(decision->Explain(), HasSubstr("test:pss: not chosen, Botan's TLS has no signature scheme"));
}

TEST(Manager, NothingFitsGivesAnEmptyChainAndAReason) {
  const TestPki pki;
  const auto manager = CredentialsManager::Make(
      IdentitySet({MakeIdentity(pki.Issue(testing::CertificateOptions().Expired()), "test:expired")}),
      nullptr);
  EXPECT_THAT(Find(*manager, {"RSA", "ECDSA"}), IsEmpty());
  EXPECT_THAT(manager->last_decision()->Explain(), HasSubstr("test:expired: not chosen, "));
}

TEST(Manager, KeyTypesOfNoUseGiveAnEmptyChainAndAReason) {
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(TestPki().Issue({}), "test:alice")}), nullptr);
  EXPECT_THAT(Find(*manager, {"DSA"}), IsEmpty());
  EXPECT_THAT(manager->last_decision()->Explain(),
              HasSubstr("test:alice: not chosen, the program's Botan policy"));
}

TEST(Manager, UnknownCertificateIsTheApplications) {
  const TestPki pki;
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(pki.Issue({}), "test:alice")}), nullptr);
  const Certificate other = pki.Issue({}).certificate;
  EXPECT_EQ(manager->private_key_for(Botan::X509_Certificate(other.der().data(), other.der().size()),
                                     "tls-client", ""),
            nullptr);
}

TEST(Manager, PinnedTwinSigns) {
  const testing::TestIdentity made = TestPki().Issue({});
  Options options;
  options.selection.pinned = "test:file";
  const auto manager = CredentialsManager::Make(
      IdentitySet({WithKey<FailingKey>(made, "test:token"), MakeIdentity(made, "test:file")}), nullptr,
      options);
  const Chain chain = Find(*manager, {"ECDSA"});
  ASSERT_FALSE(chain.empty());
  Botan::AutoSeeded_RNG random;
  const auto key = manager->private_key_for(chain.front(), "tls-client", "localhost");
  Botan::PK_Signer signer(*key, random, SIGNET_BOTAN_3 ? "SHA-256" : "EMSA1(SHA-256)");
  EXPECT_FALSE(signer.sign_message(ByteVector(3), random).empty());
}

}  // namespace
}  // namespace signet::botan
