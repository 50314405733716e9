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
using ::testing::Not;
using ::testing::SizeIs;
using testing::TestPki;

// Application is a manager with something to forward to. Its answers tell what it was asked.
class Application : public Botan::Credentials_Manager {
 public:
  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(
      const std::string& type, const std::string& context) override {
    trust_asked = type + " " + context;
    return {&store};
  }
  std::string psk_identity_hint(const std::string& type, const std::string& context) override {
    return "hint " + type + " " + context;
  }
  std::string psk_identity(const std::string& type, const std::string& context,
                           const std::string& hint) override {
    return "identity " + type + " " + context + " " + hint;
  }
  Botan::SymmetricKey psk(const std::string& type, const std::string& context,
                          const std::string& id) override {
    const std::string text = type + " " + context + " " + id;
    return Botan::SymmetricKey(ByteVector(text.begin(), text.end()));
  }
#if SIGNET_BOTAN_3
  Botan::secure_vector<std::uint8_t> session_ticket_key() override { return {1, 2}; }
  Botan::secure_vector<std::uint8_t> dtls_cookie_secret() override { return {3, 4}; }
  std::shared_ptr<Botan::Public_Key> find_raw_public_key(const Strings& key_types, const std::string& type,
                                                         const std::string& context) override {
    raw_asked = key_types.at(0) + " " + type + " " + context;
    return raw;
  }
  std::shared_ptr<Botan::Private_Key> private_key_for(const Botan::Public_Key& key, const std::string& type,
                                                      const std::string& context) override {
    raw_asked = "key " + type + " " + context;
    return &key == raw.get() ? raw : nullptr;
  }
  std::vector<Botan::TLS::ExternalPSK> find_preshared_keys(std::string_view host,
                                                           Botan::TLS::Connection_Side side,
                                                           const Strings& identities,
                                                           const std::optional<std::string>& prf) override {
    std::vector<Botan::TLS::ExternalPSK> keys;
    keys.push_back(Psk("found", host, side, identities, prf));
    return keys;
  }
  std::optional<Botan::TLS::ExternalPSK> choose_preshared_key(
      std::string_view host, Botan::TLS::Connection_Side side, const Strings& identities,
      const std::optional<std::string>& prf) override {
    return Psk("chosen", host, side, identities, prf);
  }
  static Botan::TLS::ExternalPSK Psk(const std::string& how, std::string_view host,
                                     Botan::TLS::Connection_Side side, const Strings& identities,
                                     const std::optional<std::string>& prf) {
    const char* who = side == Botan::TLS::Connection_Side::Server ? "server" : "client";
    return {how + " " + std::string(host) + " " + who + " " + identities.at(0), prf.value(),
            Botan::secure_vector<std::uint8_t>(32)};
  }
  std::string raw_asked;
  std::shared_ptr<Botan::Private_Key> raw =
      MakePrivateKey(FileKey::FromPkcs8(TestPki().Issue({}).private_key));
  Chain find_cert_chain(const Strings&, const std::vector<Botan::AlgorithmIdentifier>&, const Names&,
                        const std::string&, const std::string&) override {
    ++asked;
    return {};
  }
#else
  bool attempt_srp(const std::string& type, const std::string& context) override {
    return type == "tls-client" && context == "h";
  }
  std::string srp_identifier(const std::string& type, const std::string& context) override {
    return "srp " + type + " " + context;
  }
  std::string srp_password(const std::string& type, const std::string& context,
                           const std::string& id) override {
    return "word " + type + " " + context + " " + id;
  }
  bool srp_verifier(const std::string& type, const std::string& context, const std::string& id,
                    std::string& group, Botan::BigInt& verifier, ByteVector& salt, bool fake) override {
    group = type + " " + context + " " + id;
    verifier = 7;
    salt = {8};
    return fake;
  }
  Chain find_cert_chain(const Strings&, const Names&, const std::string&, const std::string&) override {
    ++asked;
    return {};
  }
#endif
  Botan::Certificate_Store_In_Memory store;
  std::string trust_asked;
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
  EXPECT_EQ(application->trust_asked, "tls-client h");
  EXPECT_EQ(manager->psk_identity_hint("tls-client", "h"), "hint tls-client h");
  EXPECT_EQ(manager->psk_identity("tls-client", "h", "x"), "identity tls-client h x");
  const auto psk = manager->psk("tls-server", "session-ticket", "id").bits_of();
  EXPECT_EQ(std::string(psk.begin(), psk.end()), "tls-server session-ticket id");
#if SIGNET_BOTAN_3
  EXPECT_EQ(manager->session_ticket_key(), (Botan::secure_vector<std::uint8_t>{1, 2}));
  EXPECT_EQ(manager->dtls_cookie_secret(), (Botan::secure_vector<std::uint8_t>{3, 4}));
  EXPECT_EQ(manager->find_raw_public_key({"RSA"}, "tls-client", "h"), application->raw);
  EXPECT_EQ(application->raw_asked, "RSA tls-client h");
  EXPECT_EQ(manager->private_key_for(*application->raw, "tls-client", "h"), application->raw);
  EXPECT_EQ(application->raw_asked, "key tls-client h");
  const auto side = Botan::TLS::Connection_Side::Server;
  const auto found = manager->find_preshared_keys("h", side, {"x"}, "SHA-384");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.front().identity(), "found h server x");
  EXPECT_EQ(found.front().prf_algo(), "SHA-384");
  EXPECT_EQ(manager->choose_preshared_key("h", side, {"x"}, "SHA-384")->identity(), "chosen h server x");
#else
  std::string group;
  Botan::BigInt verifier;
  ByteVector salt;
  EXPECT_TRUE(manager->attempt_srp("tls-client", "h"));
  EXPECT_FALSE(manager->attempt_srp("tls-server", "h"));
  EXPECT_EQ(manager->srp_identifier("tls-client", "h"), "srp tls-client h");
  EXPECT_EQ(manager->srp_password("tls-client", "h", "id"), "word tls-client h id");
  EXPECT_TRUE(manager->srp_verifier("tls-server", "h", "id", group, verifier, salt, true));
  EXPECT_FALSE(manager->srp_verifier("tls-server", "h", "id", group, verifier, salt, false));
  EXPECT_EQ(group, "tls-server h id");
  EXPECT_EQ(verifier, 7);
  EXPECT_EQ(salt, ByteVector{8});
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

TEST(Manager, WithoutAnApplicationsManagerOtherRequestsAreEmpty) {
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
  ASSERT_THAT(chain, SizeIs(2));  // the server has the root, or does not trust it
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

TEST(Manager, NoFittingIdentityGivesAnEmptyChainAndAReason) {
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

TEST(Manager, KeyForAnotherPurposeIsTheApplications) {
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(TestPki().Issue({}), "test:alice")}), nullptr);
  const Chain chain = Find(*manager, {"ECDSA"});
  ASSERT_FALSE(chain.empty());
  EXPECT_NE(manager->private_key_for(chain.front(), "tls-client", ""), nullptr);
  EXPECT_NE(manager->private_key_for(chain.front(), "tls-server", ""), nullptr);
  EXPECT_EQ(manager->private_key_for(chain.front(), "https", ""), nullptr);
}

TEST(Manager, RenewedCertificateUnderTheSameUriIsASeparateIdentity) {
  const TestPki one(testing::CertificateOptions::Ca("One"));
  const TestPki two(testing::CertificateOptions::Ca("Two"));
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(one.Issue({.common_name = "old"}), "test:alice"),
                                            MakeIdentity(two.Issue({.common_name = "new"}), "test:alice")}),
                               nullptr);
  for (const auto& [pki, name] : {std::pair(&one, "old"), std::pair(&two, "new")}) {
    const Chain chain = Find(*manager, {"ECDSA"}, {NameOf(pki->root().certificate)});
    ASSERT_FALSE(chain.empty());
    EXPECT_EQ(chain.front().subject_info("X520.CommonName"), Strings{name});
    const auto key = manager->private_key_for(chain.front(), "tls-client", "localhost");
    EXPECT_EQ(key->subject_public_key(), chain.front().subject_public_key_info());
  }
}

TEST(Manager, ServerThatAsksForOneKeyTypeAfterAnotherKeepsItsResult) {
  const auto manager = CredentialsManager::Make(
      IdentitySet({MakeIdentity(TestPki().Issue(testing::CertificateOptions::Server()), "test:own")}),
      nullptr);
  EXPECT_THAT(Find(*manager, {"RSA"}, {}, "tls-server"), IsEmpty());
  EXPECT_FALSE(manager->last_decision()->choice);
  EXPECT_THAT(Find(*manager, {"ECDSA"}, {}, "tls-server"), Not(IsEmpty()));
  EXPECT_THAT(Find(*manager, {"DSA"}, {}, "tls-server"), IsEmpty());
  EXPECT_TRUE(manager->last_decision()->choice);
}

TEST(Manager, DecisionOfAServersHandshakeIsNotTheOneBefore) {
  const testing::TestIdentity made = TestPki().Issue(testing::CertificateOptions::Server());
  const auto key = std::make_shared<LeavingKey>(FileKey::FromPkcs8(made.private_key));
  const Identity alice = Identity::Make(CertificateChain(made.certificate, made.issuers), key,
                                        Identity::Source::kPkcs11, "test:alice");
  const auto manager = CredentialsManager::Make(IdentitySet({alice}), nullptr);
  for (const bool gone : {false, true}) {
    key->gone = gone;
    for (const char* type : {"RSA", "ECDSA", "DSA"}) Find(*manager, {type}, {}, "tls-server");
    EXPECT_EQ(bool{manager->last_decision()->choice}, !gone);
    if (!gone) continue;
    EXPECT_THAT(manager->last_decision()->Explain(), HasSubstr("the token is absent"));
  }
}

TEST(Manager, DecisionOfAServerIsTheOneForItsKey) {
  const TestPki pki;
  testing::CertificateOptions rsa = testing::CertificateOptions::Server();
  rsa.key = "rsa:2048";
  const auto manager = CredentialsManager::Make(
      IdentitySet({MakeIdentity(pki.Issue(rsa), "test:rsa"),
                   MakeIdentity(pki.Issue(testing::CertificateOptions::Server()), "test:ec")}),
      nullptr);
  const Chain with_rsa = Find(*manager, {"RSA"}, {}, "tls-server");
  const Chain with_ec = Find(*manager, {"ECDSA"}, {}, "tls-server");
  ASSERT_FALSE(with_rsa.empty() || with_ec.empty());
  Find(*manager, {"DSA"}, {}, "tls-server");
  manager->private_key_for(with_rsa.front(), "tls-server", "");
  EXPECT_EQ(manager->last_decision()->choice.identity()->uri(), "test:rsa");
  manager->private_key_for(with_ec.front(), "tls-server", "");
  EXPECT_EQ(manager->last_decision()->choice.identity()->uri(), "test:ec");
}

#if SIGNET_BOTAN_3
// Asked is a CertificateRequest of TLS 1.3 with one signature scheme, RSA for the signatures in certificates,
// an oid_filter and no authority; as it would come from a server.
Botan::TLS::Certificate_Request_13 Asked(SignatureScheme scheme) {
  const auto code = static_cast<std::uint16_t>(scheme);
  const auto high = static_cast<std::uint8_t>(code >> 8), low = static_cast<std::uint8_t>(code);
  const ByteVector algorithms = {0, 13, 0, 4, 0, 2, high, low};
  const ByteVector for_certificates = {0, 50, 0, 4, 0, 2, 4, 1};  // rsa_pkcs1_sha256
  const ByteVector filters = {0, 48, 0, 9, 0, 7, 3, 0x55, 0x1d, 0x25, 0, 1, 5};
  ByteVector message = {0, 0, 29};  // no context; 29 bytes of extensions
  for (const ByteVector& extension : {algorithms, for_certificates, filters})
    message.insert(message.end(), extension.begin(), extension.end());
  return {message, Botan::TLS::Connection_Side::Server};
}

TEST(Manager, ReadsAllThatARequestOfTls13Says) {
  const std::optional<PeerWish> wish = WishOf(Asked(SignatureScheme::kEcdsaSecp256r1Sha256));
  ASSERT_TRUE(wish.has_value());
  EXPECT_EQ(wish->version, 0x0304);
  EXPECT_THAT(wish->schemes, ::testing::ElementsAre(SignatureScheme::kEcdsaSecp256r1Sha256));
  EXPECT_THAT(wish->certificate_schemes, ::testing::ElementsAre(SignatureScheme::kRsaPkcs1Sha256));
  EXPECT_EQ(wish->oid_filters, (ByteVector{0, 7, 3, 0x55, 0x1d, 0x25, 0, 1, 5}));
}

TEST(Manager, ShowsBotanOtherSchemesOnlyWhereItWouldEndTheHandshake) {
  const auto application = std::make_shared<Application>();
  const auto manager =
      CredentialsManager::Make(IdentitySet({MakeIdentity(TestPki().Issue({}), "test:alice")}), application);
  const int connection = 0, other = 0;
  const auto fine = Asked(SignatureScheme::kEcdsaSecp256r1Sha256);
  manager->Inspect(fine, &other);
  EXPECT_THAT(SchemesOf(fine.signature_schemes()),
              ::testing::ElementsAre(SignatureScheme::kEcdsaSecp256r1Sha256));
  EXPECT_EQ(manager->find_raw_public_key({"ECDSA"}, "tls-client", "h"), application->raw);
  const auto strange = Asked(SignatureScheme::kEd25519);
  manager->Inspect(strange, &connection);
  EXPECT_EQ(strange.signature_schemes(), Botan::TLS::Signature_Scheme::all_available_schemes());
  // Nor is the application's raw key used with a scheme that the server does not take.
  EXPECT_EQ(manager->find_raw_public_key({"ECDSA"}, "tls-client", "h"), nullptr);
  EXPECT_THAT(Find(*manager, {"RSA", "ECDSA"}), IsEmpty());
  EXPECT_THAT(manager->last_decision()->Explain(), HasSubstr("accepts none of the signature schemes"));
  const auto nobody = CredentialsManager::Make({}, application);
  const auto untouched = Asked(SignatureScheme::kEd25519);
  nobody->Inspect(untouched, &connection);
  EXPECT_THAT(SchemesOf(untouched.signature_schemes()), ::testing::ElementsAre(SignatureScheme::kEd25519));
}

TEST(Manager, RequestOfAServerFollowsItsPolicy) {
  struct Strange : Botan::TLS::Policy {
    std::vector<Botan::TLS::Signature_Scheme> acceptable_signature_schemes() const override {
      return {SchemeOf(SignatureScheme::kEd25519)};
    }
  };
  Options options;
  options.policy = std::make_shared<Strange>();
  const auto manager = CredentialsManager::Make(IdentitySet({MakeIdentity(TestPki().Issue({}), "test:own")}),
                                                nullptr, std::move(options));
  const int connection = 0;
  const auto own = Asked(SignatureScheme::kEd25519);
  manager->Inspect(own, &connection);
  EXPECT_THAT(SchemesOf(own.signature_schemes()), ::testing::ElementsAre(SignatureScheme::kEd25519));
}
#endif

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
