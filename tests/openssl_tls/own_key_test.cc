// Handshakes with a program's own key.
#include "openssl_tls/memory_handshake.h"
#include "test_own_key.h"
#include <signet/openssl_tls.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

class OwnKeyHandshake : public ::testing::TestWithParam<const char*> {
 protected:
  static Identity With(const TestIdentity& certified, std::shared_ptr<OwnKey> key) {
    return Identity::Make(CertificateChain(certified.certificate, certified.issuers),
                          MakeKey(std::move(key)));
  }
  MemoryHandshake Meet(const Identity& identity) {
    client_ = ClientContext(pki.root());
    SetVersion(client_.get(), GetParam());
    openssl::UseSelector(client_.get(), IdentitySet({identity}));
    return MemoryHandshake(client_.get(), server_.get());
  }

  const TestPki pki;
  const TestIdentity alice = pki.Issue({.key = "ec:P-384", .common_name = "alice"});

 private:
  OpenSslPtr<SSL_CTX> server_ = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  OpenSslPtr<SSL_CTX> client_;
};

TEST_P(OwnKeyHandshake, SignsOnce) {
  const auto own = std::make_shared<TestOwnKey>(alice);
  MemoryHandshake handshake = Meet(With(alice, own));
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
  EXPECT_EQ(own->signatures, 1);
}

// The server prefers SHA-256, which TLS 1.2 binds to no curve.
TEST_P(OwnKeyHandshake, SignsWithTheOneHashThatItHas) {
  class Sha384 final : public TestOwnKey {
   public:
    using TestOwnKey::TestOwnKey;
    std::vector<SignatureScheme> schemes() const override { return {SignatureScheme::kEcdsaSecp384r1Sha384}; }
  };
  MemoryHandshake handshake = Meet(With(alice, std::make_shared<Sha384>(alice)));
  EXPECT_TRUE(handshake.Run());
  EXPECT_EQ(handshake.ClientSubject(), "alice");
}

TEST_P(OwnKeyHandshake, EndsWithWhatTheKeySaid) {
  const auto own = std::make_shared<TestOwnKey>(alice);
  own->broken = true;
  MemoryHandshake handshake = Meet(With(alice, own));
  EXPECT_FALSE(handshake.Run() && handshake.Exchange());
  const Error error = openssl::HandshakeError(handshake.client());
  EXPECT_EQ(error.code(), ErrorCode::kApplication);
  EXPECT_THAT(error.what(), HasSubstr("the vault is closed"));
}

TEST_P(OwnKeyHandshake, EndsBeforeASignatureOfAnotherKeyIsSent) {
  class Liar final : public TestOwnKey {
   public:
    Liar(const TestIdentity& own, const TestIdentity& claimed)
        : TestOwnKey(own), claimed_(CopyOf(claimed.certificate.subject_public_key_info())) {}
    std::vector<std::uint8_t> public_key() const override { return claimed_; }

   private:
    const std::vector<std::uint8_t> claimed_;
  };
  const TestIdentity eve = pki.Issue({.key = "ec:P-384", .common_name = "eve"});
  MemoryHandshake handshake = Meet(With(alice, std::make_shared<Liar>(eve, alice)));
  EXPECT_FALSE(handshake.Run() && handshake.Exchange());
  EXPECT_EQ(openssl::HandshakeError(handshake.client()).code(), ErrorCode::kKeyCertificateMismatch);
}

INSTANTIATE_TEST_SUITE_P(Tls, OwnKeyHandshake, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return "Tls1" + std::string(row.param).substr(2); });

}  // namespace
}  // namespace signet
