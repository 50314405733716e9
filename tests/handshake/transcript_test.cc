// Signatures are made here with keys of the testing kit, by the RFCs' words; the checks against real stacks
// are in tests/openssl_tls and tests/applications.
#include "inspector/transcript.h"

#include "identity/hashes.h"
#include <signet/identity_source.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <gtest/gtest.h>

namespace signet {
namespace {

Bytes Message(HandshakeType type, const Bytes& body) {
  Bytes message = {static_cast<std::uint8_t>(type), 0, static_cast<std::uint8_t>(body.size() >> 8),
                   static_cast<std::uint8_t>(body.size())};
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Bytes ServerHello(std::uint16_t suite, bool tls13) {
  Bytes body = {3, 3};
  body.resize(34, 9);
  body.push_back(0);
  body.push_back(static_cast<std::uint8_t>(suite >> 8));
  body.push_back(static_cast<std::uint8_t>(suite));
  body.push_back(0);
  if (tls13) body.insert(body.end(), {0, 6, 0, 43, 0, 2, 3, 4});
  return Message(HandshakeType::kServerHello, body);
}

Bytes Concatenated(std::initializer_list<Bytes> parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

const Bytes kClientHello = Message(HandshakeType::kClientHello, Bytes(40, 1));
const Bytes kFinished = Message(HandshakeType::kFinished, Bytes(32, 2));

struct Key {
  std::string kind;
  SignatureScheme scheme;
};

class CertificateVerifyOf : public ::testing::TestWithParam<Key> {
 protected:
  Identity Load(const std::string& kind) {
    const auto made = testing::TestPki().Issue({.key = kind});
    const std::string file = directory_.Write("identity.p12", testing::MakePkcs12(made));
    return IdentitySource().Open("pkcs12:" + file + "?pin-value=secret");
  }

  // Checked signs `content` and checks the signature against `transcript`.
  std::optional<bool> Checked(const Bytes& content, const Transcript& transcript, bool by_client,
                              const Identity& signer, const Identity& shown) {
    const Bytes signature = signer.key()->SignMessage(GetParam().scheme, content);
    return CheckCertificateVerify(transcript, by_client, shown.leaf().der(), {GetParam().scheme, signature})
        .verified;
  }

  testing::TemporaryDirectory directory_;
};

Bytes Content13(std::string_view context, Hash hash, const Bytes& messages) {
  Bytes content(64, ' ');
  content.insert(content.end(), context.begin(), context.end());
  content.push_back(0);
  const Bytes digest = Digest(hash, messages);
  content.insert(content.end(), digest.begin(), digest.end());
  return content;
}

TEST_P(CertificateVerifyOf, Tls12SignsTheMessages) {
  const Identity identity = Load(GetParam().kind);
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0xc02f, false), false);
  const Bytes content = Concatenated({kClientHello, ServerHello(0xc02f, false)});
  EXPECT_EQ(Checked(content, transcript, true, identity, identity), true);
  transcript.Add(Message(HandshakeType::kServerHelloDone, {}), false);
  EXPECT_EQ(Checked(content, transcript, true, identity, identity), false) << "a message more";
}

TEST_P(CertificateVerifyOf, Tls13SignsTheHashOfTheMessagesWithItsSidesContext) {
  const Identity identity = Load(GetParam().kind);
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0x1302, true), false);
  const Bytes messages = Concatenated({kClientHello, ServerHello(0x1302, true)});
  const Bytes content = Content13("TLS 1.3, client CertificateVerify", Hash::kSha384, messages);
  EXPECT_EQ(Checked(content, transcript, true, identity, identity), true);
  EXPECT_EQ(Checked(content, transcript, false, identity, identity), false) << "the server's context";
  const Bytes other_hash = Content13("TLS 1.3, client CertificateVerify", Hash::kSha256, messages);
  EXPECT_EQ(Checked(other_hash, transcript, true, identity, identity), false);
}

TEST_P(CertificateVerifyOf, ATamperedTranscriptIsNotVerified) {
  const Identity identity = Load(GetParam().kind);
  for (std::size_t at = 4; at < kClientHello.size(); at += 7) {
    Bytes tampered = kClientHello;
    tampered[at] ^= 0x10;
    Transcript transcript;
    transcript.Add(tampered, true);
    transcript.Add(ServerHello(0x1301, true), false);
    const Bytes content = Content13("TLS 1.3, client CertificateVerify", Hash::kSha256,
                                    Concatenated({kClientHello, ServerHello(0x1301, true)}));
    EXPECT_EQ(Checked(content, transcript, true, identity, identity), false) << at;
  }
}

TEST_P(CertificateVerifyOf, AWrongKeyIsNotVerified) {
  const Identity signer = Load(GetParam().kind);
  const Identity shown = Load(GetParam().kind);
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0xc02f, false), false);
  const Bytes content = Concatenated({kClientHello, ServerHello(0xc02f, false)});
  EXPECT_EQ(Checked(content, transcript, true, signer, shown), false);
}

INSTANTIATE_TEST_SUITE_P(Keys, CertificateVerifyOf,
                         ::testing::Values(Key{"rsa:2048", SignatureScheme::kRsaPssRsaeSha256},
                                           Key{"rsa:2048", SignatureScheme::kRsaPkcs1Sha512},
                                           Key{"ec:P-256", SignatureScheme::kEcdsaSecp256r1Sha256},
                                           Key{"ec:P-384", SignatureScheme::kEcdsaSecp384r1Sha384},
                                           Key{"ed25519", SignatureScheme::kEd25519}),
                         [](const auto& row) { return std::string(Name(row.param.scheme)); });

TEST(CertificateVerifyCheck, ASchemeOfAnotherKeyTypeIsNotVerified) {
  const auto made = testing::TestPki().Issue({.key = "ec:P-256"});
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0xc02f, false), false);
  const Bytes signature(64, 1);
  EXPECT_EQ(
      CheckCertificateVerify(transcript, true, made.certificate.der(), {SignatureScheme::kEd25519, signature})
          .verified,
      false);
}

TEST(CertificateVerifyCheck, WhatCannotBeCheckedSaysWhy) {
  Transcript transcript;
  transcript.Add(kClientHello, true);
  const Bytes signature(64, 1);
  const auto unknown =
      CheckCertificateVerify(transcript, true, {}, {static_cast<SignatureScheme>(0x0aaa), signature});
  EXPECT_FALSE(unknown.verified.has_value());
  EXPECT_FALSE(unknown.why.empty());
  const auto without = CheckCertificateVerify(transcript, true, {}, {SignatureScheme::kEd25519, signature});
  EXPECT_FALSE(without.verified.has_value());
  EXPECT_FALSE(without.why.empty());
}

TEST(Transcript, LeavesOutWhatTlsLeavesOut) {
  Transcript transcript;
  transcript.Add(Message(HandshakeType::kHelloRequest, {}), false);
  EXPECT_TRUE(transcript.bytes().empty());
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0x1301, true), false);
  const std::size_t size = transcript.bytes().size();
  transcript.Add(Message(HandshakeType::kNewSessionTicket, Bytes(20)), false);
  transcript.Add(Message(HandshakeType::kKeyUpdate, {0}), false);
  EXPECT_EQ(transcript.bytes().size(), size);
}

TEST(Transcript, StartsAgainAtARenegotiation) {
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0xc02f, false), false);
  transcript.Add(kFinished, true);
  transcript.Add(kFinished, false);
  transcript.Add(kClientHello, true);
  EXPECT_EQ(transcript.bytes().size(), kClientHello.size());
}

TEST(Transcript, GoesBackToTheMainHandshakeForEachPostHandshakeAuthentication) {
  const Bytes request = Message(HandshakeType::kCertificateRequest, Bytes(10));
  Transcript transcript;
  transcript.Add(kClientHello, true);
  transcript.Add(ServerHello(0x1301, true), false);
  transcript.Add(kFinished, false);
  transcript.Add(kFinished, true);
  const std::size_t main = transcript.bytes().size();
  for (int round = 0; round < 2; ++round) {
    transcript.Add(request, false);
    EXPECT_EQ(transcript.bytes().size(), main + request.size());
    transcript.Add(Message(HandshakeType::kCertificate, Bytes(10)), true);
    transcript.Add(kFinished, true);
  }
}

}  // namespace
}  // namespace signet
