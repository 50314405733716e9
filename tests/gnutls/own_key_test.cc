// Handshakes of GnuTLS with a C++ program's own key, which comes through the C interface.
#include "c_abi/handles.h"
#include "gnutls/session_pair.h"
#include "test_own_key.h"
#include <signet/c_identity.h>
#include <signet/gnutls.h>
#include <signet/identity.h>

#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::Optional;
using testing::TestIdentity;
using testing::TestPki;

class GnuTlsOwnKey : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  ~GnuTlsOwnKey() override {
    selector_.reset();
    gnutls_certificate_free_credentials(credentials_);
  }

  void Use(std::shared_ptr<OwnKey> key) {
    const CIdentityPtr identity = MakeCIdentity(
        Identity::Make(CertificateChain(alice.certificate, alice.issuers), MakeKey(std::move(key))));
    gnutls_certificate_allocate_credentials(&credentials_);
    const signet_identity* identities[] = {identity.get()};
    selector_.reset(signet_gnutls_use(credentials_, identities, 1, nullptr));
    ASSERT_NE(selector_, nullptr);
  }
  PairOptions Options() const {
    return {.priority = std::string("NORMAL:-VERS-ALL:+VERS-") + std::get<1>(GetParam()),
            .server = &server,
            .client_trust = &pki,
            .server_trust = &pki,
            .client_credentials = credentials_};
  }
  signet_gnutls_selector* selector() const { return selector_.get(); }

  const TestPki pki;
  const TestIdentity server = pki.Issue(CertificateOptions::Server());
  const TestIdentity alice = pki.Issue({.key = std::get<0>(GetParam()), .common_name = "alice"});

 private:
  gnutls_certificate_credentials_t credentials_ = nullptr;
  CPtr<signet_gnutls_selector, signet_gnutls_selector_free> selector_;
};

TEST_P(GnuTlsOwnKey, SignsForTheServer) {
  Use(std::make_shared<WholeOwnKey>(alice));
  const SessionPair pair(Options());
  EXPECT_EQ(pair.result().server_status, 0);
  EXPECT_THAT(pair.result().client_subject, Optional(HasSubstr("alice")));
}

TEST_P(GnuTlsOwnKey, ThatSignsNoDigestsEndsTheHandshakeWithItsCause) {
  if (std::string_view(std::get<0>(GetParam())) == "ed25519") GTEST_SKIP() << "it signs messages only";
  Use(std::make_shared<TestOwnKey>(alice));
  const SessionPair pair(Options());
  EXPECT_NE(pair.result().client_status, 0);
  const CError error(signet_gnutls_take_error(selector(), pair.result().client));
  EXPECT_EQ(signet_error_get_code(error.get()), SIGNET_ERROR_UNSUPPORTED)
      << signet_error_message(error.get());
}

INSTANTIATE_TEST_SUITE_P(Kinds, GnuTlsOwnKey,
                         ::testing::Combine(::testing::Values("rsa:2048", "ec:P-256", "ed25519"),
                                            ::testing::Values("TLS1.2", "TLS1.3")),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param)).substr(0, 2) + "Tls1" +
                                  std::string(std::get<1>(row.param)).substr(5);
                         });

TEST(MakeCIdentity, GivesTheSameIdentity) {
  const TestIdentity alice = TestPki().Issue({.common_name = "alice"});
  const Identity identity =
      Identity::Make(CertificateChain(alice.certificate), MakeKey(std::make_shared<TestOwnKey>(alice)),
                     Identity::Source::kApplication, "own:alice");
  const CIdentityPtr made = MakeCIdentity(identity);
  EXPECT_STREQ(signet_identity_uri(made.get()), "own:alice");
  EXPECT_STREQ(signet_identity_user_name(made.get()), "alice");
  unsigned char signature[256];
  signet_error* error = nullptr;
  EXPECT_GT(signet_identity_sign(made.get(), 0x0403, signature, 0, signature, sizeof signature, &error), 0u);
  EXPECT_TRUE(identity.proven());
}

}  // namespace
}  // namespace signet
