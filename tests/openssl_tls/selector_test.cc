#include "openssl_provider/provider_context.h"
#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <map>
#include <thread>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

class SelectorOn : public ::testing::TestWithParam<std::string> {
 protected:
  // Contexts of both sides, bound to the version that is tested.
  OpenSslPtr<SSL_CTX> Server(int verify_mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) const {
    auto context = ServerContext(server_, pki_.root(), verify_mode);
    SetVersion(context.get(), GetParam());
    return context;
  }
  OpenSslPtr<SSL_CTX> Client(OSSL_LIB_CTX* library = nullptr) const {
    auto context = ClientContext(server_pki_.root(), library);
    SetVersion(context.get(), GetParam());
    return context;
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki other_pki_{CertificateOptions::Ca("Other Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  TestIdentity server_ = server_pki_.Issue(CertificateOptions::Server());
};

TEST_P(SelectorOn, EveryKeyTypeSignsOnce) {
  for (const std::string key : {"rsa:2048", "ec:P-256", "ec:P-384", "ed25519"}) {
    SCOPED_TRACE(key);
    const TokenIdentity alice(pki_.Issue({.key = key, .common_name = "alice"}));
    const auto client = Client();
    openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
    const auto server = Server();
    MemoryHandshake handshake(client.get(), server.get());
    EXPECT_TRUE(handshake.Run());
    EXPECT_EQ(handshake.ClientSubject(), "alice");
    EXPECT_EQ(alice.key->signatures, 1);
    EXPECT_EQ(alice.key->unlocks, 1);
  }
}

TEST_P(SelectorOn, AContextOfTheCallersNeedsNoProviderLoaded) {
  const OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client(library.get());
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), {.library = library.get()});
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
}

TEST_P(SelectorOn, TheAuthoritiesDecide) {
  const TokenIdentity wrong(other_pki_.Issue({.common_name = "wrong"}), "pkcs11:object=wrong");
  const TokenIdentity right(pki_.Issue({.common_name = "right"}), "pkcs11:object=right");
  std::map<std::string, Choice::Considered> considered;
  openssl::SelectorOptions options;
  options.on_choice = [&](const Choice& choice) {
    for (const auto& row : choice.considered()) considered.emplace(row.identity.uri(), row);
  };
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({wrong.identity, right.identity}), options);
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "right");
  EXPECT_EQ(wrong.key->unlocks, 0);
  ASSERT_EQ(considered.size(), 2u);
  ASSERT_FALSE(considered.at("pkcs11:object=wrong").reasons.empty());
  EXPECT_EQ(considered.at("pkcs11:object=wrong").reasons.front().code, Reason::Code::kAuthorities);
}

TEST_P(SelectorOn, IdentityBelowTheSecurityLevelIsNotSelectedAndHasAReason) {
  const TokenIdentity small(pki_.Issue({.key = "rsa:1024", .common_name = "small"}), "pkcs11:object=small");
  const TokenIdentity sha1(pki_.Issue({.common_name = "sha1", .digest = "SHA1"}), "pkcs11:object=sha1");
  std::map<std::string, Choice::Considered> considered;
  openssl::SelectorOptions options;
  options.on_choice = [&](const Choice& choice) {
    for (const auto& row : choice.considered()) considered.emplace(row.identity.uri(), row);
  };
  const auto client = Client();
  SSL_CTX_set_security_level(client.get(), 2);
  // libssl itself tells whether it looks at what signed a certificate of its own.
  const bool looks = SSL_CTX_use_certificate(client.get(), sha1.identity.leaf().native()) != 1;
  openssl::UseSelector(client.get(), IdentitySet({small.identity, sha1.identity}), options);
  const auto server = Server(SSL_VERIFY_PEER);
  SSL_CTX_set_security_level(server.get(), 0);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), looks ? "" : "sha1");
  EXPECT_EQ(considered.at("pkcs11:object=sha1").fits, !looks);
  const Reason weak_key = considered.at("pkcs11:object=small").reasons.front();
  EXPECT_EQ(weak_key.code, Reason::Code::kKeyTooWeak);
  EXPECT_THAT(weak_key.text, HasSubstr("security level 2"));
  if (!looks) return;
  const Reason weak_signature = considered.at("pkcs11:object=sha1").reasons.front();
  EXPECT_EQ(weak_signature.code, Reason::Code::kSignatureTooWeak);
  EXPECT_THAT(weak_signature.text, HasSubstr("ecdsa-with-SHA1"));
}

TEST_P(SelectorOn, ProgramsOwnSecurityCallbackIsObeyed) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  SSL_CTX_set_security_callback(client.get(), [](const SSL*, const SSL_CTX*, int operation, int, int, void*,
                                                 void*) { return operation == SSL_SECOP_EE_KEY ? 0 : 1; });
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server(SSL_VERIFY_PEER);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "");
}

TEST_P(SelectorOn, IfNoIdentityFitsNoCertificateIsSentAndNoPinIsRequested) {
  const TokenIdentity wrong(other_pki_.Issue({.common_name = "wrong"}));
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({wrong.identity}));
  const auto server = Server(SSL_VERIFY_PEER);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "");
  EXPECT_EQ(wrong.key->unlocks, 0);
}

TEST_P(SelectorOn, AServerWithoutARequestGetsNoCertificate) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  int choices = 0;
  openssl::SelectorOptions options;
  options.on_choice = [&](const Choice&) { ++choices; };
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  const auto server = Server(SSL_VERIFY_NONE);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "");
  EXPECT_EQ(choices, 0);
  EXPECT_EQ(alice.key->unlocks, 0);
}

TEST_P(SelectorOn, AnUntrustedServerGetsNoCertificate) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  int choices = 0;
  openssl::SelectorOptions options;
  options.on_choice = [&](const Choice&) { ++choices; };
  auto client = ClientContext(other_pki_.root());
  SetVersion(client.get(), GetParam());
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_FALSE(handshake.Run());
  EXPECT_EQ(choices, 0);
  EXPECT_EQ(alice.key->unlocks, 0);
}

TEST_P(SelectorOn, ARejectedPinEndsTheHandshakeAndIsReported) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  alice.key->refuses_pin = true;
  std::vector<ErrorCode> errors;
  openssl::SelectorOptions options;
  options.on_error = [&](const Error& error) { errors.push_back(error.code()); };
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_FALSE(handshake.Run());
  EXPECT_THAT(errors, ::testing::ElementsAre(ErrorCode::kWrongPin));
  EXPECT_EQ(alice.key->unlocks, 1);
}

TEST_P(SelectorOn, APinnedIdentityThatIsMissingIsAnError) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  std::vector<ErrorCode> errors;
  openssl::SelectorOptions options;
  options.policy.pinned = "pkcs11:object=somebody-else";
  options.on_error = [&](const Error& error) { errors.push_back(error.code()); };
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_FALSE(handshake.Run());
  EXPECT_THAT(errors, ::testing::ElementsAre(ErrorCode::kNotFound));
}

TEST_P(SelectorOn, ItCanBeSetOnAConnection) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  openssl::UseSelector(handshake.client(), IdentitySet({alice.identity}));
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
}

TEST_P(SelectorOn, OneIdentityIsPresentedForEveryRequest) {
  const TokenIdentity alice(other_pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  openssl::UseIdentity(client.get(), alice.identity);
  const auto server = Server(SSL_VERIFY_PEER);
  SSL_CTX_set_cert_verify_callback(
      server.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
  EXPECT_EQ(alice.key->unlocks, 0) << "it is unlocked by its first signature";
}

TEST_P(SelectorOn, OneIdentityCanBeSetOnAConnection) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  openssl::UseIdentity(handshake.client(), alice.identity);
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
  EXPECT_EQ(alice.key->signatures, 1);
}

TEST_P(SelectorOn, TheImplicitDefaultStaysLoadedInTheCallersContext) {
  const OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const openssl::KeyPtr key = openssl::MakeKey(alice.identity, library.get());
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(OSSL_PROVIDER_available(library.get(), "signet"), 1);
  EXPECT_EQ(OSSL_PROVIDER_available(library.get(), "default"), 1);
  const OpenSslPtr<EVP_MD> digest(EVP_MD_fetch(library.get(), "SHA256", nullptr));
  EXPECT_NE(digest, nullptr);
}

TEST(MakeKey, TheProviderThatItActivatedEndsWithItsLibraryContext) {
  const TokenIdentity alice(TestPki().Issue({.common_name = "alice"}));
  OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  openssl::KeyPtr key = openssl::MakeKey(alice.identity, library.get());
  ASSERT_NE(key, nullptr);
  auto kept = std::make_shared<CountingKey>(TestPki().Issue({}));
  const std::weak_ptr<PrivateKey> end = kept;
  {
    const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_load(library.get(), "signet"));
    static_cast<provider::ProviderContext*>(OSSL_PROVIDER_get0_provider_ctx(provider.get()))
        ->Deposit(std::move(kept));
  }
  EXPECT_EQ(OSSL_PROVIDER_available(library.get(), "signet"), 1);
  EXPECT_FALSE(end.expired());
  key.reset();
  library.reset();
  EXPECT_TRUE(end.expired());
}

TEST_P(SelectorOn, AnUnverifiedServerGetsNoCertificateAndNoPinIsRequested) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  auto client = ClientContext(other_pki_.root());
  SetVersion(client.get(), GetParam());
  SSL_CTX_set_verify(client.get(), SSL_VERIFY_NONE, nullptr);  // as OpenSSL has it by default
  std::vector<ErrorCode> errors;
  openssl::SelectorOptions options;
  options.on_error = [&](const Error& error) { errors.push_back(error.code()); };
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  const auto server = Server();
  MemoryHandshake refused(client.get(), server.get());
  EXPECT_FALSE(refused.Run());
  EXPECT_THAT(errors, ::testing::ElementsAre(ErrorCode::kUntrustedServer));
  EXPECT_EQ(alice.key->unlocks, 0);

  options.allow_unverified_server = true;
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}), options);
  MemoryHandshake allowed(client.get(), server.get());
  EXPECT_TRUE(allowed.Run());
  EXPECT_EQ(allowed.ClientSubject(), "alice");
}

TEST_P(SelectorOn, AServerThatTheProgramsCallbackTrustsIsVerified) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  auto client = ClientContext(other_pki_.root());
  SetVersion(client.get(), GetParam());
  SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
}

TEST_P(SelectorOn, IntermediatesAreSentAndTheRootIsNot) {
  const TestIdentity intermediate = pki_.Intermediate("Middle");
  const TokenIdentity alice(TestPki::IssueFrom(intermediate, {.common_name = "alice"}));
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.server_recorder().client_chain().size(), 2u);
}

// The server has the old root, the identity comes from the new one and has both ways to a root.
TEST_P(SelectorOn, CertificateThatLeadsToACasOldKeyIsSent) {
  CertificateOptions ca = CertificateOptions::Ca("Client Root");
  const TestPki old_key(ca);
  ca.not_after += std::chrono::hours(24);
  const TestPki new_key(ca);
  const auto new_by_old =
      TestPki::CertifyFrom(old_key.root(), new_key.root().certificate.subject_public_key_info(), ca);
  TestIdentity made = new_key.Issue({.common_name = "alice"});
  made.issuers = {new_key.root().certificate, new_by_old.certificate};
  for (const TestPki* trusted : {&old_key, &new_key}) {
    const TokenIdentity alice(made);
    const auto server = ServerContext(server_, trusted->root());
    SetVersion(server.get(), GetParam());
    const auto client = Client();
    openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
    MemoryHandshake handshake(client.get(), server.get());
    EXPECT_TRUE(handshake.Run() && handshake.Exchange());
    EXPECT_EQ(handshake.ClientSubject(), "alice");
  }
}

TEST_P(SelectorOn, AServerSelectsItsCertificateByName) {
  const TokenIdentity one(server_pki_.Issue(CertificateOptions::Server("one.example")), "pkcs11:object=one");
  const TokenIdentity two(server_pki_.Issue(CertificateOptions::Server("two.example")), "pkcs11:object=two");
  auto server = Server(SSL_VERIFY_NONE);
  openssl::UseSelector(server.get(), IdentitySet({one.identity, two.identity}));
  const auto client = Client();
  for (const std::string host : {"one.example", "two.example"}) {
    MemoryHandshake handshake(client.get(), server.get());
    SSL_set_tlsext_host_name(handshake.client(), host.c_str());
    SSL_set1_host(handshake.client(), host.c_str());
    EXPECT_TRUE(handshake.Run()) << host;
    EXPECT_EQ(handshake.ServerSubject(), host);
  }
}

TEST_P(SelectorOn, ManyThreadsShareOneContext) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server();
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      MemoryHandshake handshake(client.get(), server.get());
      if (handshake.Run() && handshake.ClientSubject() == "alice") ++done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 8);
  EXPECT_EQ(alice.key->signatures, 8);
}

INSTANTIATE_TEST_SUITE_P(Tls, SelectorOn, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == "1.2" ? "12" : "13"; });

class Selector : public SelectorOn {};

TEST_P(Selector, PostHandshakeAuthenticationChoosesThen) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  SSL_CTX_set_post_handshake_auth(client.get(), 1);
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server(SSL_VERIFY_NONE);
  MemoryHandshake handshake(client.get(), server.get());
  ASSERT_TRUE(handshake.Run());
  EXPECT_EQ(alice.key->unlocks, 0);
  SSL_set_verify(handshake.server(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ASSERT_EQ(SSL_verify_client_post_handshake(handshake.server()), 1);
  SSL_do_handshake(handshake.server());
  EXPECT_TRUE(handshake.Exchange());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
  EXPECT_EQ(alice.key->unlocks, 1);
  ASSERT_TRUE(handshake.client_recorder().client_verify().has_value());
  EXPECT_EQ(handshake.client_recorder().client_verify()->verified, true);
  EXPECT_EQ(handshake.server_recorder().client_verify()->verified, true);
}

// AddFilter makes a server ask for clientAuth in the extended key usage, by RFC 8446 section 4.2.5.
int AddFilter(SSL*, unsigned, unsigned, const unsigned char** out, std::size_t* size, X509*, std::size_t,
              int*, void* values) {
  const auto* filter = static_cast<const std::vector<unsigned char>*>(values);
  *out = filter->data();
  *size = filter->size();
  return 1;
}

TEST_P(Selector, OidFiltersAreSeen) {
  const TokenIdentity mail(
      pki_.Issue({.common_name = "mail", .extended_key_usage = "clientAuth,emailProtection"}),
      "pkcs11:object=mail");
  const TokenIdentity plain(pki_.Issue({.common_name = "plain"}), "pkcs11:object=plain");
  const auto server = Server();
  // 2.5.29.37 must hold SEQUENCE { emailProtection }
  std::vector<unsigned char> filter = {0,    20,   5,    0x06, 0x03, 0x55, 0x1d, 0x25, 0,    12,   0x30,
                                       0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04};
  ASSERT_EQ(SSL_CTX_add_custom_ext(server.get(), 48, SSL_EXT_TLS1_3_CERTIFICATE_REQUEST, AddFilter, nullptr,
                                   &filter, nullptr, nullptr),
            1);
  for (const auto& order :
       {std::vector{mail.identity, plain.identity}, std::vector{plain.identity, mail.identity}}) {
    const auto client = Client();
    openssl::UseSelector(client.get(), IdentitySet(order));
    MemoryHandshake handshake(client.get(), server.get());
    EXPECT_TRUE(handshake.Run());
    EXPECT_EQ(handshake.ClientSubject(), "mail");
  }
}

TEST_P(Selector, ACardWithoutPssHasNoSchemeForTls13AndAReason) {
  const TokenIdentity card(pki_.Issue({.key = "rsa:2048", .common_name = "card"}));
  card.key->only_schemes = {SignatureScheme::kRsaPkcs1Sha256};
  std::string reason;
  openssl::SelectorOptions options;
  options.on_choice = [&](const Choice& choice) {
    reason = choice.considered().front().reasons.front().text;
  };
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({card.identity}), options);
  const auto server = Server(SSL_VERIFY_PEER);
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "");
  EXPECT_THAT(reason, HasSubstr("PSS"));
}

INSTANTIATE_TEST_SUITE_P(Tls, Selector, ::testing::Values("1.3"), [](const auto&) { return "13"; });

class SelectorTls12 : public SelectorOn {};

TEST_P(SelectorTls12, RenegotiationChoosesThen) {
  const TokenIdentity alice(pki_.Issue({.common_name = "alice"}));
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  const auto server = Server(SSL_VERIFY_NONE);
  MemoryHandshake handshake(client.get(), server.get());
  ASSERT_TRUE(handshake.Run());
  SSL_set_verify(handshake.server(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_set_options(handshake.server(), SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(handshake.server()), 1);
  SSL_do_handshake(handshake.server());
  char byte = 0;
  for (int round = 0; round < 4; ++round) {
    SSL_read(handshake.client(), &byte, 1);
    SSL_read(handshake.server(), &byte, 1);
  }
  EXPECT_EQ(handshake.ClientSubject(), "alice");
  ASSERT_TRUE(handshake.client_recorder().client_verify().has_value());
  EXPECT_EQ(handshake.client_recorder().client_verify()->verified, true);
}

TEST_P(SelectorTls12, ACardWithoutPssSignsWithPkcs1) {
  const TokenIdentity card(pki_.Issue({.key = "rsa:2048", .common_name = "card"}));
  card.key->only_schemes = {SignatureScheme::kRsaPkcs1Sha256, SignatureScheme::kRsaPkcs1Sha384};
  const auto client = Client();
  openssl::UseSelector(client.get(), IdentitySet({card.identity}));
  const auto server = Server();
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "card");
  EXPECT_EQ(card.key->last_algorithm().kind, SigningAlgorithm::Kind::kRsaPkcs1);
}

INSTANTIATE_TEST_SUITE_P(Tls, SelectorTls12, ::testing::Values("1.2"), [](const auto&) { return "12"; });

}  // namespace
}  // namespace signet
