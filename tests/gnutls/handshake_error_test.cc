// What signet_gnutls_handshake_error says, and signet_gnutls_pin does.
#include "c_abi/handles.h"
#include "gnutls/failure.h"
#include "gnutls/session_pair.h"
#include "handshake/server_trust.h"
#include <signet/gnutls.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::Optional;
using testing::TestIdentity;
using testing::TestPki;

using Selector = CPtr<signet_gnutls_selector, signet_gnutls_selector_free>;

constexpr const char* kVersions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"};

class GnuTlsError : public ::testing::Test {
 protected:
  GnuTlsError() { gnutls_certificate_allocate_credentials(&credentials); }
  ~GnuTlsError() override {
    selector.reset();
    gnutls_certificate_free_credentials(credentials);
  }
  void Use(const CIdentity& identity) {
    const signet_identity* const identities[] = {identity.get()};
    selector.reset(signet_gnutls_use(credentials, identities, 1, nullptr));
    ASSERT_NE(selector, nullptr);
  }
  PairOptions Options(const char* priority) const {
    return {.priority = priority,
            .server = &server,
            .client_trust = &pki,
            .server_trust = &pki,
            .client_credentials = credentials};
  }
  CError ErrorOf(const SessionPair& pair) const {
    return CError(
        signet_gnutls_handshake_error(selector.get(), pair.result().client, pair.result().client_status));
  }

  const TestPki pki;
  const TestPki stranger{CertificateOptions::Ca("Strange Root")};
  const TestIdentity server = pki.Issue(CertificateOptions::Server());
  gnutls_certificate_credentials_t credentials = nullptr;
  Selector selector;
};

TEST_F(GnuTlsError, IsNullWhereTheHandshakeSucceeded) {
  Use(FromPem(pki.Issue({})));
  for (const char* version : kVersions) {
    const SessionPair pair(Options(version));
    EXPECT_EQ(ErrorOf(pair), nullptr) << gnutls_strerror(pair.result().client_status);
  }
}

TEST_F(GnuTlsError, SaysWhyThePinnedIdentityIsRefused) {
  const CIdentity bob = FromPem(stranger.Issue({.common_name = "bob"}));
  Use(bob);
  std::size_t size = 0;
  const std::uint8_t* der = signet_identity_certificate(bob.get(), 0, &size);
  const std::string pin = Certificate::FromDer({der, size}).sha256();
  EXPECT_TRUE(signet_gnutls_pin(selector.get(), pin.c_str()));
  for (const char* version : kVersions) {
    const SessionPair pair(Options(version));
    EXPECT_THAT(pair.result().server_status, ::testing::Lt(0)) << "bob was presented";
    const CError error = ErrorOf(pair);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_HANDSHAKE);
    EXPECT_THAT(signet_error_detail(error.get()), HasSubstr("the server "));
    EXPECT_STRNE(signet_error_hint(error.get()), "");
  }
  EXPECT_TRUE(signet_gnutls_pin(selector.get(), nullptr));
  EXPECT_EQ(SessionPair(Options(kVersions[1])).result().client_subject, std::nullopt) << "the pin was lifted";
  EXPECT_FALSE(signet_gnutls_pin(nullptr, "pkcs11:"));
}

TEST_F(GnuTlsError, SaysWhatIsWrongWithTheServer) {
  Use(FromPem(pki.Issue({})));
  struct Wrong {
    PairOptions options;
    std::string_view detail, hint;
  };
  for (const char* version : kVersions) {
    PairOptions untrusted = Options(version), misnamed = Options(version);
    untrusted.server_trust = &stranger;
    misnamed.host = "other.example";
    for (const Wrong& wrong : {Wrong{misnamed, "the name in the certificate does not match", kUseItsName},
                               Wrong{untrusted, "the certificate issuer is unknown", kTrustTheCa}}) {
      gnutls_certificate_credentials_t fresh = nullptr;
      gnutls_certificate_allocate_credentials(&fresh);
      PairOptions options = wrong.options;
      options.client_credentials = fresh;
      {
        const SessionPair pair(options);
        const CError error(
            signet_gnutls_handshake_error(nullptr, pair.result().client, pair.result().client_status));
        ASSERT_NE(error, nullptr);
        EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_UNTRUSTED_SERVER);
        EXPECT_THAT(signet_error_detail(error.get()), HasSubstr(std::string(wrong.detail)));
        EXPECT_EQ(signet_error_hint(error.get()), wrong.hint);
      }
      gnutls_certificate_free_credentials(fresh);
    }
  }
}

TEST_F(GnuTlsError, SaysWhyTheKeyDidNotSign) {
  testing::SoftHsm hsm;
  hsm.Import(pki.Issue({.common_name = "alice"}), {});
  hsm.UseInThisProcess();
  const testing::WrappedModule module(hsm);
  const CSettings settings(signet_settings_new(nullptr));
  signet_settings_set(settings.get(), "pkcs11-module-path", module.path().c_str(), nullptr);
  const auto answer = [](const signet_pin_request*, signet_pin* pin, void*) {
    constexpr std::string_view kWrong = "not-the-pin";
    return signet_pin_set(pin, kWrong.data(), kWrong.size());
  };
  const CSource source(signet_source_new(settings.get(), answer, SIGNET_PROMPT_BY_PROGRAM, nullptr, nullptr));
  const CListing listing(signet_source_list(source.get(), hsm.TokenUri().c_str(), nullptr));
  ASSERT_EQ(signet_listing_identity_count(listing.get()), 1u);
  Use(CIdentity(signet_identity_copy(signet_listing_identity(listing.get(), 0))));
  const SessionPair pair(Options(kVersions[1]));
  const CError error = ErrorOf(pair);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_WRONG_PIN) << signet_error_message(error.get());
  EXPECT_THAT(signet_error_message(error.get()), ::testing::Not(HasSubstr("not-the-pin")));
}

TEST_F(GnuTlsError, OfNoSessionIsABadArgument) {
  const CError error(signet_gnutls_handshake_error(nullptr, nullptr, GNUTLS_E_PULL_ERROR));
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_BAD_ARGUMENT);
}

struct HintCase {
  unsigned status;
  std::string_view hint;
};

TEST(GnuTlsVerification, HasTheHintsOfTheOtherStacks) {
  for (const HintCase& row : {HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND, kTrustTheCa},
                              HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_UNEXPECTED_OWNER, kUseItsName},
                              HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED, kRenewServers},
                              HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_NOT_ACTIVATED, kCompareClocks},
                              HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_PURPOSE_MISMATCH, kGiveItServerAuth},
                              HintCase{GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOKED, kHaveItReissued}}) {
    EXPECT_EQ(gnutls::VerificationHint(row.status), row.hint);
    const std::string text = gnutls::VerificationText(row.status);
    EXPECT_THAT(text, ::testing::MatchesRegex("[a-z].*[^. ]"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr(". ")));
  }
}

}  // namespace
}  // namespace signet
