// What a program that uses the library is told when a handshake fails: the cause and the hint, in an Error.
#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <gmock/gmock.h>
#include <openssl/err.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

class HandshakeErrorIn : public ::testing::TestWithParam<std::string> {
 protected:
  // Complaint runs a handshake that must fail, on the client at the latest when it reads, and gives the
  // Error.
  Error Complaint(const std::vector<Identity>& identities, const std::string& pinned = {}) {
    const auto client = ClientContext(trusted_);
    const auto server = ServerContext(server_, pki_.root());
    SetVersion(client.get(), GetParam());
    SetVersion(server.get(), GetParam());
    if (schemes_ != nullptr) SSL_CTX_set1_client_sigalgs_list(server.get(), schemes_);
    openssl::UseSelector(client.get(), IdentitySet(identities), {.policy = {.pinned = pinned}});
    MemoryHandshake handshake(client.get(), server.get());
    EXPECT_FALSE(handshake.Run());
    ERR_clear_error();  // what the server's side left behind
    char byte = 0;
    EXPECT_LE(SSL_read(handshake.client(), &byte, 1), 0);
    if (queue_is_emptied_) ERR_clear_error();
    const Error error = openssl::HandshakeError(handshake.client());
    EXPECT_EQ(ERR_peek_error(), 0U);
    return error;
  }

  TokenIdentity Token(const TestPki& pki, CertificateOptions options) const {
    return TokenIdentity(pki.Issue(options), "pkcs11:object=" + options.common_name);
  }

  TestPki pki_{CertificateOptions::Ca("Known Root")};
  TestPki stranger_{CertificateOptions::Ca("Strange Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  TestIdentity server_ = server_pki_.Issue(CertificateOptions::Server());
  TestIdentity trusted_ = server_pki_.root();
  const char* schemes_ = nullptr;
  bool queue_is_emptied_ = false;
};

TEST_P(HandshakeErrorIn, ServerThatAcceptsOtherAuthorities) {
  const Error error = Complaint({Token(stranger_, {}).identity});
  EXPECT_EQ(error.code(), ErrorCode::kHandshake);
  EXPECT_THAT(error.detail(), AllOf(HasSubstr("accepts only certificates from \"CN=Known Root"),
                                    HasSubstr("this one is from \"CN=Strange Root")));
  EXPECT_THAT(error.hint(), HasSubstr("one of these authorities issued"));
}

TEST_P(HandshakeErrorIn, IntermediateThatIsMissing) {
  TestIdentity alice = TestPki::IssueFrom(pki_.Intermediate("Middle"), {});
  alice.issuers.clear();
  const Error unsent = Complaint({TokenIdentity(alice).identity});
  EXPECT_THAT(unsent.detail(), HasSubstr("certificate of the issuer CN=Middle"));
  EXPECT_THAT(unsent.hint(), HasSubstr("missing certificate to the identity"));
  const Error refused = Complaint({TokenIdentity(alice).identity}, "pkcs11:object=key");
  EXPECT_THAT(refused.detail(), AllOf(HasSubstr("alert unknown_ca"), HasSubstr("CN=Middle")));
  EXPECT_THAT(refused.hint(), HasSubstr("missing certificate to the identity"));
}

TEST_P(HandshakeErrorIn, ExtendedKeyUsageWithoutClientAuth) {
  const auto alice = Token(pki_, {.extended_key_usage = "serverAuth"});
  const Error unsent = Complaint({alice.identity});
  EXPECT_THAT(unsent.detail(), HasSubstr("its extended key usage lacks clientAuth"));
  const Error refused = Complaint({alice.identity}, "pkcs11:object=alice");
  EXPECT_THAT(refused.detail(), AllOf(HasSubstr("the server "), HasSubstr("lacks clientAuth")));
  EXPECT_THAT(refused.hint(), HasSubstr("clientAuth"));
}

TEST_P(HandshakeErrorIn, DatesAndTheClock) {
  const auto late = Token(pki_, CertificateOptions{}.Expired());
  EXPECT_THAT(Complaint({late.identity}).detail(), HasSubstr("this computer's clock says"));
  const Error refused = Complaint({late.identity}, "pkcs11:object=alice");
  EXPECT_THAT(refused.detail(), AllOf(HasSubstr("alert certificate_expired"), HasSubstr("expired on")));
  EXPECT_THAT(refused.hint(), HasSubstr("clock"));
  const Error early = Complaint({Token(pki_, CertificateOptions{}.NotYetValid()).identity});
  EXPECT_THAT(early.detail(), HasSubstr("not valid before"));
}

TEST_P(HandshakeErrorIn, SchemesThatTheServerDoesNotTake) {
  schemes_ = "ECDSA+SHA256";
  const Error error = Complaint({Token(pki_, {.key = "rsa:2048"}).identity});
  EXPECT_THAT(error.detail(), HasSubstr("it accepts ecdsa_secp256r1_sha256"));
  EXPECT_THAT(error.hint(), HasSubstr("another type of key"));
}

TEST_P(HandshakeErrorIn, RsaWithoutPssOnTheCardUnderTls13) {
  const auto card = Token(pki_, {.key = "rsa:2048"});
  card.key->only_schemes = {SignatureScheme::kRsaPkcs1Sha256};
  if (GetParam() == "1.2") {
    schemes_ = "RSA-PSS+SHA256";
    EXPECT_THAT(Complaint({card.identity}).detail(), HasSubstr("accepts none of the signature schemes"));
    return;
  }
  const Error error = Complaint({card.identity});
  EXPECT_THAT(error.detail(), HasSubstr("TLS 1.3 allows only RSA-PSS for RSA signatures"));
  EXPECT_THAT(error.hint(), HasSubstr("TLS 1.2"));
}

TEST_P(HandshakeErrorIn, NothingToPresent) {
  const Error error = Complaint({});
  EXPECT_THAT(error.detail(), HasSubstr("none was sent: no identity was given"));
  EXPECT_FALSE(error.hint().empty());
}

TEST_P(HandshakeErrorIn, ServerThatIsNotTrusted) {
  trusted_ = stranger_.root();
  const Error error = Complaint({Token(pki_, {}).identity});
  EXPECT_EQ(error.code(), ErrorCode::kUntrustedServer);
  EXPECT_THAT(error.detail(), HasSubstr("could not be verified"));
}

TEST_P(HandshakeErrorIn, PinThatIsWrong) {
  const auto alice = Token(pki_, {});
  alice.key->refuses_pin = true;
  const Error error = Complaint({alice.identity});
  EXPECT_EQ(error.code(), ErrorCode::kWrongPin);
  EXPECT_EQ(error.hint(), "Enter the right one.");
}

TEST_P(HandshakeErrorIn, SignatureThatTheTokenRefusesIsTheCause) {
  const auto alice = Token(pki_, {});
  alice.key->sign_error = Error({.code = ErrorCode::kTokenAbsent,
                                 .detail = "no. 3 of the readers is empty. It was full before",
                                 .hint = "Put the card back."});
  const Error error = Complaint({alice.identity});
  EXPECT_EQ(error.code(), ErrorCode::kTokenAbsent);
  EXPECT_EQ(error.detail(), "no. 3 of the readers is empty. It was full before");
  EXPECT_EQ(error.hint(), "Put the card back.");
}

TEST_P(HandshakeErrorIn, ClearedQueueKeepsTheCause) {
  queue_is_emptied_ = true;
  const auto late = Token(pki_, CertificateOptions{}.Expired());
  EXPECT_THAT(Complaint({late.identity}, "pkcs11:object=alice").detail(),
              AllOf(HasSubstr("alert certificate_expired"), HasSubstr("expired on")));
  const auto alice = Token(pki_, {});
  alice.key->sign_error =
      Error({.code = ErrorCode::kTokenAbsent, .detail = "the card is gone", .hint = "Put it back."});
  EXPECT_EQ(Complaint({alice.identity}).code(), ErrorCode::kTokenAbsent);
  const auto locked = Token(pki_, {});
  locked.key->refuses_pin = true;
  EXPECT_EQ(Complaint({locked.identity}).code(), ErrorCode::kWrongPin);
  trusted_ = stranger_.root();
  EXPECT_EQ(Complaint({Token(pki_, {}).identity}).code(), ErrorCode::kUntrustedServer);
}

TEST(HandshakeError, QueueNamesSignetAndTheReasonInWords) {
  const TestPki pki(CertificateOptions::Ca("Root"));
  const auto client = ClientContext(pki.root());
  const auto server = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  const TokenIdentity alice(pki.Issue({}));
  alice.key->refuses_pin = true;
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  MemoryHandshake handshake(client.get(), server.get());
  ERR_clear_error();
  SSL_do_handshake(handshake.client());
  SSL_do_handshake(handshake.server());
  ERR_clear_error();
  EXPECT_NE(SSL_do_handshake(handshake.client()), 1);
  char text[256] = "";
  ERR_error_string_n(ERR_peek_error(), text, sizeof text);
  EXPECT_THAT(text, AllOf(HasSubstr("signet"), HasSubstr("wrong-pin")));
  ERR_clear_error();
}

TEST(HandshakeError, ProgramsOwnInfoCallbackIsStillCalled) {
  const TestPki pki(CertificateOptions::Ca("Root"));
  const auto client = ClientContext(pki.root());
  const auto server = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  static int calls;
  calls = 0;
  SSL_CTX_set_info_callback(client.get(), [](const SSL*, int, int) { ++calls; });
  const TokenIdentity alice(pki.Issue({}));
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  openssl::UseSelector(client.get(), IdentitySet({alice.identity}));
  MemoryHandshake handshake(client.get(), server.get());
  openssl::UseSelector(handshake.client(), IdentitySet({alice.identity}));
  EXPECT_TRUE(handshake.Run());
  EXPECT_GT(calls, 0);
}

INSTANTIATE_TEST_SUITE_P(Tls, HandshakeErrorIn, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == "1.2" ? "12" : "13"; });

TEST(HandshakeError, WithoutASelectorTheAlertIsPutIntoWords) {
  const TestPki pki(CertificateOptions::Ca("Root"));
  const auto client = ClientContext(pki.root());
  const auto server = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  SetVersion(client.get(), "1.2");
  SetVersion(server.get(), "1.3");
  MemoryHandshake handshake(client.get(), server.get());
  EXPECT_FALSE(handshake.Run());
  ERR_clear_error();
  EXPECT_NE(SSL_do_handshake(handshake.client()), 1);
  const Error error = openssl::HandshakeError(handshake.client());
  EXPECT_THAT(error.detail(), HasSubstr("does not support the TLS version that we offered"));
}

}  // namespace
}  // namespace signet
