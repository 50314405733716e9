#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::ElementsAre;
using testing::TestPki;

// Shown writes messages as "-> ClientHello 22"; tickets, whose number is the server's affair, are left out.
std::vector<std::string> Shown(const Recorder& recorder) {
  std::vector<std::string> lines;
  for (const HandshakeMessage& message : recorder.messages()) {
    if (message.message == "NewSessionTicket") continue;
    lines.push_back(fmt::format("{} {} {}", message.direction == Direction::kSent ? "->" : "<-",
                                message.message, message.record_type));
  }
  return lines;
}

class ShownHandshake : public ::testing::Test {
 protected:
  MemoryHandshake Run(const std::string& version, const char* client_groups = nullptr,
                      const char* server_groups = nullptr) {
    client_ = ClientContext(server_pki_.root());
    server_ = ServerContext(server_pki_.Issue(CertificateOptions::Server()), pki_.root());
    SetVersion(client_.get(), version);
    SetVersion(server_.get(), version);
    if (client_groups != nullptr) SSL_CTX_set1_groups_list(client_.get(), client_groups);
    if (server_groups != nullptr) SSL_CTX_set1_groups_list(server_.get(), server_groups);
    openssl::UseSelector(client_.get(), IdentitySet({alice_.identity}));
    return MemoryHandshake(client_.get(), server_.get());
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  TokenIdentity alice_{pki_.Issue({.common_name = "alice"})};
  OpenSslPtr<SSL_CTX> client_;
  OpenSslPtr<SSL_CTX> server_;
};

TEST_F(ShownHandshake, Tls12IsCompleteAndInOrder) {
  MemoryHandshake handshake = Run("1.2");
  ASSERT_TRUE(handshake.Run());
  EXPECT_THAT(
      Shown(handshake.client_recorder()),
      ElementsAre("-> ClientHello 22", "<- ServerHello 22", "<- Certificate 22", "<- ServerKeyExchange 22",
                  "<- CertificateRequest 22", "<- ServerHelloDone 22", "-> Certificate 22",
                  "-> ClientKeyExchange 22", "-> CertificateVerify 22", "-> ChangeCipherSpec 20",
                  "-> Finished 22", "<- ChangeCipherSpec 20", "<- Finished 22"));
}

TEST_F(ShownHandshake, Tls13IsCompleteAndInOrder) {
  MemoryHandshake handshake = Run("1.3");
  ASSERT_TRUE(handshake.Run());
  EXPECT_THAT(Shown(handshake.client_recorder()),
              ElementsAre("-> ClientHello 22", "<- ServerHello 22", "<- ChangeCipherSpec 20",
                          "<- EncryptedExtensions 23", "<- CertificateRequest 23", "<- Certificate 23",
                          "<- CertificateVerify 23", "<- Finished 23", "-> ChangeCipherSpec 20",
                          "-> Certificate 23", "-> CertificateVerify 23", "-> Finished 23"));
}

TEST_F(ShownHandshake, BothSidesSeeTheSame) {
  for (const char* version : {"1.2", "1.3"}) {
    MemoryHandshake handshake = Run(version);
    ASSERT_TRUE(handshake.Run());
    EXPECT_EQ(handshake.client_recorder().messages().size() -
                  std::ranges::count(handshake.client_recorder().messages(), "NewSessionTicket",
                                     &HandshakeMessage::message),
              handshake.server_recorder().messages().size() -
                  std::ranges::count(handshake.server_recorder().messages(), "NewSessionTicket",
                                     &HandshakeMessage::message));
    EXPECT_EQ(handshake.server_recorder().client_verify()->verified, true);
    EXPECT_EQ(handshake.client_recorder().client_verify()->verified, true);
  }
}

TEST_F(ShownHandshake, TheServersCertificateVerifyIsCheckedToo) {
  MemoryHandshake handshake = Run("1.3");
  ASSERT_TRUE(handshake.Run());
  ASSERT_TRUE(handshake.client_recorder().server_verify().has_value());
  EXPECT_EQ(handshake.client_recorder().server_verify()->verified, true);
}

TEST_F(ShownHandshake, AHelloRetryRequestIsShownAndTheTranscriptHolds) {
  MemoryHandshake handshake = Run("1.3", "X25519:P-384", "P-384");
  ASSERT_TRUE(handshake.Run());
  const auto shown = Shown(handshake.client_recorder());
  EXPECT_THAT(std::vector(shown.begin(), shown.begin() + 5),
              ElementsAre("-> ClientHello 22", "<- HelloRetryRequest 22", "-> ChangeCipherSpec 20",
                          "-> ClientHello 22", "<- ChangeCipherSpec 20"));
  EXPECT_EQ(handshake.client_recorder().client_verify()->verified, true);
  EXPECT_EQ(handshake.client_recorder().server_verify()->verified, true);
}

TEST_F(ShownHandshake, TheRequestIsReadFromTheWire) {
  MemoryHandshake handshake = Run("1.3");
  ASSERT_TRUE(handshake.Run());
  const auto& request = handshake.client_recorder().request();
  ASSERT_TRUE(request.has_value());
  ASSERT_EQ(request->authorities.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(request->authorities.front(), pki_.root().certificate.subject_der()));
  EXPECT_FALSE(request->schemes.empty());
}

}  // namespace
}  // namespace signet
