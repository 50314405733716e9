// Real handshakes played to the recorder again, with one byte of one message changed: CertificateVerify is
// then reported as not verified.
#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestPki;

struct Played {
  Direction direction;
  Bytes message;
};
using Tape = std::vector<Played>;

// Copy is a message callback that keeps each handshake message.
void Copy(int sent, int, int content_type, const void* data, std::size_t size, SSL*, void* tape) {
  if (content_type != SSL3_RT_HANDSHAKE) return;
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  static_cast<Tape*>(tape)->push_back(
      {sent != 0 ? Direction::kSent : Direction::kReceived, Bytes(bytes, bytes + size)});
}

// TapeOf makes a handshake, and gives the messages as the client saw them.
Tape TapeOf(const std::string& version, const char* groups, const std::string& key) {
  const TestPki pki(CertificateOptions::Ca("Root"));
  const auto client = ClientContext(pki.root());
  const auto server = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  SetVersion(client.get(), version);
  SetVersion(server.get(), version);
  if (groups != nullptr) SSL_CTX_set1_groups_list(server.get(), groups);
  openssl::UseSelector(client.get(), IdentitySet({TokenIdentity(pki.Issue({.key = key})).identity}));
  Tape tape;
  MemoryHandshake handshake(client.get(), server.get());
  SSL_set_msg_callback(handshake.client(), Copy);
  SSL_set_msg_callback_arg(handshake.client(), &tape);
  EXPECT_TRUE(handshake.Run());
  return tape;
}

Recorder Play(const Tape& tape) {
  Recorder recorder(Recorder::Side::kClient);
  for (const Played& played : tape) recorder.Handshake(played.direction, 22, played.message);
  return recorder;
}

bool IsClientVerify(const Played& played) {
  return played.direction == Direction::kSent && !played.message.empty() &&
         static_cast<HandshakeType>(played.message[0]) == HandshakeType::kCertificateVerify;
}

class Tampering : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Tampering, OneChangedByteOfAnyEarlierMessageIsDetected) {
  for (const std::string key : {"ec:P-256", "rsa:2048", "ed25519"}) {
    const Tape tape = TapeOf(GetParam().first, GetParam().second, key);
    ASSERT_EQ(Play(tape).client_verify().value().verified, true);
    std::size_t tampered = 0;
    for (std::size_t i = 0; i < tape.size() && !IsClientVerify(tape[i]); ++i) {
      Tape changed = tape;
      Bytes& message = changed[i].message;
      if (message.size() <= 4) continue;  // a header alone
      // A byte that does not decide how the message is read: the end, or in a Certificate its signature.
      const bool certificate = static_cast<HandshakeType>(message[0]) == HandshakeType::kCertificate;
      message[message.size() - (certificate ? 6 : 1)] ^= 1;
      const auto check = Play(changed).client_verify();
      ASSERT_TRUE(check.has_value()) << i;
      EXPECT_EQ(check->verified, false) << key << ", message " << i << " of type " << int{tape[i].message[0]};
      EXPECT_THAT(check->why, HasSubstr("does not match"));
      ++tampered;
    }
    EXPECT_GE(tampered, 6U);
  }
}

TEST_P(Tampering, ChangedSignatureIsNotVerifiedAndSaidInTheList) {
  Tape tape = TapeOf(GetParam().first, GetParam().second, "rsa:2048");
  std::ranges::find_if(tape, IsClientVerify)->message.back() ^= 1;
  const Recorder recorder = Play(tape);
  EXPECT_EQ(recorder.client_verify()->verified, false);
  const auto shown = std::ranges::find_if(recorder.messages(), [](const HandshakeMessage& message) {
    return message.direction == Direction::kSent && message.message == "CertificateVerify";
  });
  ASSERT_NE(shown, recorder.messages().end());
  EXPECT_THAT(shown->details.back(), HasSubstr("does not match the handshake's messages"));
}

TEST_P(Tampering, MissingOrRepeatedMessageIsDetected) {
  const Tape tape = TapeOf(GetParam().first, GetParam().second, "ec:P-256");
  // The first ClientHello: what follows is read anyway.
  Tape missing(tape.begin() + 1, tape.end());
  EXPECT_EQ(Play(missing).client_verify()->verified, false);
  Tape twice = tape;
  twice.insert(twice.begin(), tape.front());
  EXPECT_EQ(Play(twice).client_verify()->verified, false);
}

TEST_P(Tampering, SignatureOfAnotherKeyIsNotVerified) {
  Tape tape = TapeOf(GetParam().first, GetParam().second, "ec:P-256");
  const Tape other = TapeOf(GetParam().first, GetParam().second, "ec:P-256");
  *std::ranges::find_if(tape, IsClientVerify) = *std::ranges::find_if(other, IsClientVerify);
  EXPECT_EQ(Play(tape).client_verify()->verified, false);
}

INSTANTIATE_TEST_SUITE_P(Of, Tampering,
                         ::testing::Values(std::pair{"1.2", nullptr}, std::pair{"1.3", nullptr},
                                           std::pair{"1.3", "P-384"}),
                         [](const auto& row) {
                           return row.param.second != nullptr             ? "HelloRetryRequest"
                                  : row.param.first == std::string("1.2") ? "Tls12"
                                                                          : "Tls13";
                         });

}  // namespace
}  // namespace signet
