#include "handshake/messages.h"

#include "inspector/certificate_compression.h"
#include "inspector/recorder.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void Append(Bytes& bytes, std::initializer_list<int> more) {
  for (const int byte : more) bytes.push_back(static_cast<std::uint8_t>(byte));
}

// Framed puts the handshake header before a body.
Bytes Framed(HandshakeType type, const Bytes& body) {
  Bytes message = {static_cast<std::uint8_t>(type), 0, static_cast<std::uint8_t>(body.size() >> 8),
                   static_cast<std::uint8_t>(body.size())};
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

// CN=ca: SEQUENCE { SET { SEQUENCE { 2.5.4.3, UTF8String } } }
const Bytes kName = {0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, 'c', 'a'};

Bytes Request12() {
  Bytes body = {2, 1, 64, 0, 4, 0x04, 0x01, 0x04, 0x03, 0, 17, 0, 15};
  body.insert(body.end(), kName.begin(), kName.end());
  return body;
}

Bytes Request13() {
  Bytes body = {0};      // certificate_request_context
  Append(body, {0, 0});  // extensions, length below
  Append(body, {0, 13, 0, 4, 0, 2, 0x08, 0x04});
  Append(body, {0, 50, 0, 4, 0, 2, 0x04, 0x01});
  Append(body, {0, 47, 0, 19, 0, 17, 0, 15});
  body.insert(body.end(), kName.begin(), kName.end());
  // clientAuth wanted in extended key usage: OID 2.5.29.37, values SEQUENCE { 1.3.6.1.5.5.7.3.2 }
  Append(body, {0,  48,   0,    22,   0,    20,   5,    0x06, 0x03, 0x55, 0x1d, 0x25, 0,
                12, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02});
  body[2] = static_cast<std::uint8_t>(body.size() - 3);
  return body;
}

TEST(Messages, ATls12RequestIsReadWhole) {
  const CertificateRequest request = ParseCertificateRequest(Request12(), kTls12);
  EXPECT_EQ(request.protocol_version, kTls12);
  EXPECT_THAT(request.certificate_types, ElementsAre(1, 64));
  EXPECT_THAT(request.schemes,
              ElementsAre(SignatureScheme::kRsaPkcs1Sha256, SignatureScheme::kEcdsaSecp256r1Sha256));
  EXPECT_THAT(request.authorities, ElementsAre(kName));
}

TEST(Messages, ATls13RequestIsReadWhole) {
  const CertificateRequest request = ParseCertificateRequest(Request13(), kTls13);
  EXPECT_THAT(request.schemes, ElementsAre(SignatureScheme::kRsaPssRsaeSha256));
  EXPECT_THAT(request.certificate_schemes, ElementsAre(SignatureScheme::kRsaPkcs1Sha256));
  EXPECT_THAT(request.authorities, ElementsAre(kName));
  ASSERT_EQ(request.oid_filters.size(), 1u);
  EXPECT_EQ(request.oid_filters[0].oid, "2.5.29.37");
  EXPECT_EQ(request.oid_filters[0].values.size(), 12u);
}

TEST(Messages, EveryTruncatedRequestIsMalformed) {
  for (const auto& [body, version] : {std::pair{Request12(), kTls12}, std::pair{Request13(), kTls13}}) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      try {
        ParseCertificateRequest({body.data(), size}, version);
        ADD_FAILURE() << version << " of " << size << " bytes was read";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kMalformed);
      }
    }
  }
}

TEST(Messages, AServerHelloChoosesItsVersionInAnExtension) {
  Bytes body = {3, 3};
  body.resize(34, 7);
  Append(body, {0, 0x13, 0x02, 0, 0, 6, 0, 43, 0, 2, 3, 4});
  const Hello hello = ParseServerHello(body);
  EXPECT_EQ(hello.version(), kTls13);
  EXPECT_FALSE(hello.is_retry());
  EXPECT_THAT(hello.suites, ElementsAre(0x1302));
}

TEST(Messages, EveryMessageOfTheHandshakeHasItsName) {
  EXPECT_EQ(MessageName(1), "ClientHello");
  EXPECT_EQ(MessageName(14), "ServerHelloDone");
  EXPECT_EQ(MessageName(15), "CertificateVerify");
  EXPECT_EQ(MessageName(99), "HandshakeMessage99");
}

TEST(Recorder, ListsAnUnreadableMessageWithAReason) {
  Recorder recorder(Recorder::Side::kClient);
  recorder.Handshake(Direction::kReceived, 22, Bytes{2, 0, 0, 1, 3});
  recorder.Handshake(Direction::kReceived, 22, Bytes{13});
  recorder.Handshake(Direction::kReceived, 22, Bytes{});
  ASSERT_EQ(recorder.messages().size(), 3u);
  EXPECT_EQ(recorder.messages()[0].message, "ServerHello");
  for (const HandshakeMessage& message : recorder.messages()) {
    EXPECT_THAT(message.details,
                Contains(::testing::AnyOf(HasSubstr("is shorter than its fields"), HasSubstr("shorter"))))
        << message.message;
  }
}

// kStored is what a Certificate message of the list {"ab"} becomes by zlib, stored (RFC 1950, RFC 1951).
Bytes CompressedCertificateMessage(std::uint16_t algorithm) {
  const Bytes list = {0, 0, 0, 7, 0, 0, 2, 'a', 'b', 0, 0};
  Bytes stored = {
      0x78, 0x01, 0x01, static_cast<std::uint8_t>(list.size()), 0, static_cast<std::uint8_t>(~list.size()),
      0xff};
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : list) {
    stored.push_back(byte);
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  Append(stored, {static_cast<std::uint8_t>(b >> 8), static_cast<std::uint8_t>(b),
                  static_cast<std::uint8_t>(a >> 8), static_cast<std::uint8_t>(a)});
  Bytes body = {0, static_cast<std::uint8_t>(algorithm),    0, 0, static_cast<std::uint8_t>(list.size()), 0,
                0, static_cast<std::uint8_t>(stored.size())};
  body.insert(body.end(), stored.begin(), stored.end());
  return body;
}

TEST(CertificateCompression, IsUndoneWhereOpenSslCan) {
  const Bytes zlib = CompressedCertificateMessage(1);
  const CompressedCertificate message = ParseCompressedCertificate(zlib);
  EXPECT_EQ(message.uncompressed_length, 11U);
  try {
    const Bytes list = Uncompress(message);
    const auto certificates = ParseCertificateList(list, kTls13);
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_THAT(certificates[0], ElementsAre('a', 'b'));
  } catch (const Error& error) {  // OpenSSL before 3.2, or one without zlib, offers no compression either
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.detail(), HasSubstr("compressed with zlib"));
  }
}

TEST(CertificateCompression, UnknownAlgorithmAndDamagedDataAreErrors) {
  const Bytes unknown = CompressedCertificateMessage(9);
  EXPECT_THROW(Uncompress(ParseCompressedCertificate(unknown)), Error);
  Bytes damaged = CompressedCertificateMessage(1);
  damaged[12] ^= 0xff;
  EXPECT_THROW(Uncompress(ParseCompressedCertificate(damaged)), Error);
  for (std::size_t size = 0; size < damaged.size(); ++size) {
    EXPECT_THROW(ParseCompressedCertificate({damaged.data(), size}), Error) << size;
  }
}

TEST(Recorder, AClosingAlertIsNoRefusal) {
  Recorder recorder(Recorder::Side::kClient);
  recorder.Alert(Direction::kReceived, 21, Bytes{1, 0});
  recorder.Alert(Direction::kSent, 21, Bytes{2, 48});
  EXPECT_FALSE(recorder.received_alert().has_value());
  recorder.Alert(Direction::kReceived, 21, Bytes{2, 48});
  EXPECT_EQ(recorder.received_alert(), 48);
}

TEST(Recorder, DescribesWhatTheServerAsksFor) {
  const std::vector<std::string> lines =
      Describe(Framed(HandshakeType::kCertificateRequest, Request12()), kTls12);
  EXPECT_THAT(lines, ElementsAre("types: rsa_sign, ecdsa_sign",
                                 "schemes: rsa_pkcs1_sha256, ecdsa_secp256r1_sha256", "authority: CN=ca"));
}

}  // namespace
}  // namespace signet
