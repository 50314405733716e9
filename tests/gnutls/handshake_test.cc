// Handshakes with identities between GnuTLS clients and servers; each asserts the identity at the peer.
#include "c_abi/handles.h"
#include "gnutls/session_pair.h"
#include <signet/gnutls.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::Optional;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;

using Selector = CPtr<signet_gnutls_selector, signet_gnutls_selector_free>;
using Credentials = std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>,
                                    decltype([](gnutls_certificate_credentials_t c) {
                                      gnutls_certificate_free_credentials(c);
                                    })>;

Credentials MakeCredentials() {
  gnutls_certificate_credentials_t made = nullptr;
  gnutls_certificate_allocate_credentials(&made);
  return Credentials(made);
}

class GnuTlsHandshake : public ::testing::Test {
 protected:
  Selector Use(std::vector<const signet_identity*> identities) {
    signet_error* error = nullptr;
    Selector made(signet_gnutls_use(credentials.get(), identities.data(), identities.size(), &error));
    EXPECT_NE(made, nullptr) << signet_error_message(error);
    signet_error_free(error);
    return made;
  }
  PairOptions Options(std::string priority = "NORMAL") const {
    return {.priority = std::move(priority),
            .server = &server,
            .client_trust = &pki,
            .server_trust = &pki,
            .client_credentials = credentials.get()};
  }

  const TestPki pki;
  const TestIdentity server = pki.Issue(CertificateOptions::Server());
  const Credentials credentials = MakeCredentials();
};

struct Kind {
  const char* key;
  const char* priority;   // of both ends
  const char* signature;  // part of the name that GnuTLS gives to the algorithm
};
constexpr const char* k12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
constexpr const char* k13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.key << " " << kind.priority; }

class GnuTlsKey : public GnuTlsHandshake, public ::testing::WithParamInterface<std::tuple<Kind, bool>> {};

TEST_P(GnuTlsKey, SignsForTheServer) {
  const auto& [kind, in_token] = GetParam();
  const TestIdentity alice = TestPki::IssueFrom(pki.Intermediate("Intermediate"), {.key = kind.key});
  CIdentity identity;
  SoftHsm hsm;
  std::optional<testing::WrappedModule> module;
  if (in_token) {
    hsm.Import(alice, {});
    hsm.UseInThisProcess();
    module.emplace(hsm);
    const testing::TemporaryDirectory directory;
    const CSettings settings(signet_settings_new(nullptr));
    signet_settings_set(settings.get(), "pkcs11-module-path", module->path().c_str(), nullptr);
    const std::string issuers = directory.Write("chain.pem", alice.ChainPem());
    signet_settings_set(settings.get(), "chain-file", issuers.c_str(), nullptr);
    const CSource source(
        signet_source_new(settings.get(), nullptr, SIGNET_PROMPT_BY_PERSON, nullptr, nullptr));
    identity.reset(signet_source_open(source.get(), hsm.ObjectUri("\x01", true).c_str(), nullptr));
  } else {
    identity = FromPem(alice);
  }
  ASSERT_NE(identity, nullptr);
  const Selector selector = Use({identity.get()});
  const SessionPair pair(Options(kind.priority));
  const CError error(signet_gnutls_take_error(selector.get(), pair.result().client));
  EXPECT_EQ(error, nullptr) << signet_error_message(error.get());
  EXPECT_EQ(pair.result().client_status, 0) << gnutls_strerror(pair.result().client_status);
  EXPECT_EQ(pair.result().server_status, 0) << gnutls_strerror(pair.result().server_status);
  EXPECT_THAT(pair.result().client_subject, Optional(HasSubstr("CN=alice")));
  EXPECT_THAT(pair.result().client_signature, HasSubstr(kind.signature));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, GnuTlsKey,
    ::testing::Combine(
        ::testing::Values(Kind{"rsa:2048", k12, "RSA"}, Kind{"rsa:2048", k13, "RSA-PSS-RSAE"},
                          Kind{"ec:P-256", k12, "ECDSA"}, Kind{"ec:P-256", k13, "ECDSA-SECP256R1-SHA256"},
                          Kind{"ec:P-384", k12, "ECDSA"}, Kind{"ec:P-384", k13, "ECDSA-SECP384R1-SHA384"},
                          Kind{"ec:P-521", k12, "ECDSA"}, Kind{"ec:P-521", k13, "ECDSA-SECP521R1-SHA512"},
                          Kind{"ed25519", k12, "EdDSA-Ed25519"}, Kind{"ed25519", k13, "EdDSA-Ed25519"},
                          Kind{"ed448", k12, "EdDSA-Ed448"}, Kind{"ed448", k13, "EdDSA-Ed448"}),
        ::testing::Bool()));
INSTANTIATE_TEST_SUITE_P(PssKeys, GnuTlsKey,
                         ::testing::Combine(::testing::Values(Kind{"rsa-pss:2048", k12, "RSA-PSS"},
                                                              Kind{"rsa-pss:2048", k13, "RSA-PSS"}),
                                            ::testing::Values(false)));
INSTANTIATE_TEST_SUITE_P(
    Schemes, GnuTlsKey,
    ::testing::Combine(
        ::testing::Values(
            Kind{"ec:P-256", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA256",
                 "ECDSA-SHA384"},
            Kind{"ec:P-384", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-ECDSA-SHA256", "ECDSA-SHA256"},
            Kind{"rsa:2048", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-RSA-SHA256:+SIGN-ECDSA-SHA256",
                 "RSA-SHA256"},
            Kind{"rsa:2048", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-RSA-SHA512:+SIGN-ECDSA-SHA256",
                 "RSA-SHA512"},
            Kind{"rsa:2048",
                 "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-ECDSA-SHA256",
                 "RSA-PSS-RSAE-SHA384"}),
        ::testing::Bool()));

TEST_F(GnuTlsHandshake, TheIdentityOfTheServersAuthorityIsPresented) {
  const TestPki other(CertificateOptions::Ca("Other Root"));
  const CIdentity bob = FromPem(other.Issue({.common_name = "bob"}));
  const CIdentity alice = FromPem(pki.Issue({.common_name = "alice"}));
  const Selector selector = Use({bob.get(), alice.get()});
  for (const char* priority : {k12, k13}) {
    const SessionPair pair(Options(priority));
    EXPECT_THAT(pair.result().client_subject, Optional(HasSubstr("CN=alice"))) << priority;
    const CChoice choice(signet_gnutls_take_choice(selector.get(), pair.result().client));
    ASSERT_NE(choice, nullptr);
    EXPECT_THAT(signet_choice_explain(choice.get()), HasSubstr("not chosen"));
    EXPECT_EQ(signet_gnutls_take_choice(selector.get(), pair.result().client), nullptr) << "it was taken";
  }
}

TEST_F(GnuTlsHandshake, IfNoIdentityFitsTheClientContinuesWithoutACertificate) {
  const TestPki other(CertificateOptions::Ca("Other Root"));
  const CIdentity bob = FromPem(other.Issue({.common_name = "bob"}));
  const Selector selector = Use({bob.get()});
  for (const char* priority : {k12, k13}) {
    PairOptions options = Options(priority);
    const SessionPair pair(options);
    EXPECT_EQ(pair.result().client_subject, std::nullopt) << priority;
    const CChoice choice(signet_gnutls_take_choice(selector.get(), pair.result().client));
    ASSERT_NE(choice, nullptr) << priority;
    EXPECT_EQ(signet_choice_identity(choice.get()), nullptr);
    EXPECT_EQ(signet_gnutls_take_error(selector.get(), pair.result().client), nullptr);
  }
}

TEST_F(GnuTlsHandshake, AServerPresentsTheIdentityForTheNameThatTheClientAsksFor) {
  const CIdentity one = FromPem(pki.Issue(CertificateOptions::Server("one.example")));
  const CIdentity two = FromPem(pki.Issue(CertificateOptions::Server("two.example")));
  const Selector selector = Use({one.get(), two.get()});
  for (const char* priority : {k12, k13}) {
    for (const std::string host : {"one.example", "two.example"}) {
      const Credentials client = MakeCredentials();
      PairOptions options{.priority = priority,
                          .server_trust = &pki,
                          .client_credentials = client.get(),
                          .server_credentials = credentials.get(),
                          .host = host};
      const SessionPair pair(options);
      EXPECT_EQ(pair.result().client_status, 0) << gnutls_strerror(pair.result().client_status);
      EXPECT_THAT(pair.result().server_subject, Optional(HasSubstr("CN=" + host)));
    }
  }
}

class GnuTlsToken : public GnuTlsHandshake {
 protected:
  GnuTlsToken() {
    hsm.Import(pki.Issue({.common_name = "alice"}), {});
    hsm.UseInThisProcess();
    module.emplace(hsm);
    settings.reset(signet_settings_new(nullptr));
    signet_settings_set(settings.get(), "pkcs11-module-path", module->path().c_str(), nullptr);
  }
  CIdentity Open(const std::string& query) {
    source.reset(signet_source_new(settings.get(), nullptr, SIGNET_PROMPT_BY_PERSON, nullptr, nullptr));
    signet_error* error = nullptr;
    CListing listing(signet_source_list(source.get(), (hsm.TokenUri() + query).c_str(), &error));
    signet_error_free(error);
    return CIdentity(signet_identity_copy(signet_listing_identity(listing.get(), 0)));
  }

  SoftHsm hsm;
  std::optional<testing::WrappedModule> module;
  CSettings settings;
  CSource source;
};

TEST_F(GnuTlsToken, AMissingPinIsAnErrorWithItsCauseAndNoAbort) {
  const CIdentity alice = Open("");
  ASSERT_NE(alice, nullptr);
  const Selector selector = Use({alice.get()});
  for (const char* priority : {k12, k13}) {
    const SessionPair pair(Options(priority));
    EXPECT_LT(pair.result().client_status, 0);
    const CError error(signet_gnutls_take_error(selector.get(), pair.result().client));
    ASSERT_NE(error, nullptr) << priority;
    EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_PIN_NEEDED)
        << signet_error_message(error.get());
  }
}

TEST_F(GnuTlsToken, ARemovedTokenIsAnErrorAndWorksAfterReinsertion) {
  const CIdentity alice = Open("?pin-value=" + hsm.pin());
  ASSERT_NE(alice, nullptr);
  const Selector selector = Use({alice.get()});
  EXPECT_EQ(SessionPair(Options()).result().client_status, 0);
  module->RemoveToken();
  {
    const SessionPair pair(Options());
    EXPECT_LT(pair.result().client_status, 0);
    const CError error(signet_gnutls_take_error(selector.get(), pair.result().client));
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_TOKEN_ABSENT)
        << signet_error_message(error.get());
  }
  module->ReturnToken();
  // A token that was absent is skipped for some seconds.
  std::optional<std::string> subject;
  for (int i = 0; i < 200 && !subject; ++i) {
    subject = SessionPair(Options()).result().client_subject;
    if (!subject) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_THAT(subject, Optional(HasSubstr("CN=alice")));
}

TEST_F(GnuTlsHandshake, FreedSelectorsAnswerNoMore) {
  const CIdentity alice = FromPem(pki.Issue({.common_name = "alice"}));
  Selector first = Use({alice.get()});
  Selector second = Use({alice.get()});
  first.reset();
  EXPECT_THAT(SessionPair(Options()).result().client_subject, Optional(HasSubstr("CN=alice")));
  second.reset();
  EXPECT_EQ(SessionPair(Options()).result().client_subject, std::nullopt);
}

TEST(GnuTlsUse, SaysWhatItCannotPresent) {
  const Credentials credentials = MakeCredentials();
  signet_error* error = nullptr;
  EXPECT_EQ(signet_gnutls_use(nullptr, nullptr, 0, &error), nullptr);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT);
  signet_error_free(error);
  const TestPki pki;
  const CIdentity alice = FromPem(pki.Issue({.key = "dsa:2048"}));
  ASSERT_NE(alice, nullptr);
  const signet_identity* identities[] = {alice.get()};
  EXPECT_EQ(signet_gnutls_use(credentials.get(), identities, 1, &error), nullptr);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_UNSUPPORTED) << signet_error_message(error);
  signet_error_free(error);
}

}  // namespace
}  // namespace signet
