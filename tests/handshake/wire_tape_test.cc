#include "inspector/wire_tape.h"

#include "base/openssl_context.h"
#include "base/openssl_ptr.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using testing::TestIdentity;
using testing::TestPki;

std::vector<std::uint8_t> FromHex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// Party is one end of a connection in memory, by libssl.
struct Party {
  OpenSslPtr<SSL_CTX> context;
  OpenSslPtr<SSL> ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
};

OpenSslPtr<X509> Native(const Certificate& certificate) {
  const unsigned char* position = certificate.der().data();
  return OpenSslPtr<X509>(d2i_X509(nullptr, &position, static_cast<long>(certificate.der().size())));
}

Party MakeParty(const SSL_METHOD* method, const TestIdentity& identity, const TestIdentity& root, int version,
                bool compresses) {
  Party party{.context = OpenSslPtr<SSL_CTX>(SSL_CTX_new(method))};
  SSL_CTX* context = party.context.get();
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  const unsigned char* position = identity.private_key.data();
  const OpenSslPtr<EVP_PKEY> key(
      d2i_AutoPrivateKey(nullptr, &position, static_cast<long>(identity.private_key.size())));
  SSL_CTX_use_certificate(context, Native(identity.certificate).get());
  SSL_CTX_use_PrivateKey(context, key.get());
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), Native(root.certificate).get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
  if (!compresses) SSL_CTX_set_options(context, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION);
#else
  static_cast<void>(compresses);
#endif
  return party;
}

void Start(Party& party) {
  party.ssl.reset(SSL_new(party.context.get()));
  party.in = BIO_new(BIO_s_mem());
  party.out = BIO_new(BIO_s_mem());
  SSL_set_bio(party.ssl.get(), party.in, party.out);
}

std::vector<std::uint8_t> Drain(BIO* bio) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(BIO_pending(bio)));
  if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

// Conversation is a whole connection between two OpenSSL parties, on the tape of the client.
class Conversation {
 public:
  Conversation(const char* suite, int version, bool with_secrets = true, bool compresses = false) {
    const TestPki pki;
    client_ =
        MakeParty(TLS_client_method(), pki.Issue({.common_name = "alice"}), pki.root(), version, compresses);
    server_ = MakeParty(TLS_server_method(), pki.Issue(testing::CertificateOptions::Server()), pki.root(),
                        version, compresses);
    if (suite != nullptr) SSL_CTX_set_ciphersuites(client_.context.get(), suite);
    SSL_CTX_set_app_data(client_.context.get(), &secrets_);
    SSL_CTX_set_keylog_callback(client_.context.get(), [](const SSL* ssl, const char* line) {
      static_cast<std::vector<std::string>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->emplace_back(line);
    });
    Start(client_);
    Start(server_);
    for (int round = 0; round < 10; ++round) {
      SSL_connect(client_.ssl.get());
      Carry(client_, server_, Direction::kSent);
      SSL_accept(server_.ssl.get());
      Carry(server_, client_, Direction::kReceived);
    }
    Say(client_, server_, Direction::kSent);
    if (version == TLS1_3_VERSION) SSL_key_update(client_.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    Say(client_, server_, Direction::kSent);
    Say(server_, client_, Direction::kReceived);
    SSL_shutdown(client_.ssl.get());
    Carry(client_, server_, Direction::kSent);
    if (with_secrets) TakeSecrets();
  }

  WireTape& tape() { return tape_; }

 private:
  void Carry(Party& from, Party& to, Direction direction) {
    const std::vector<std::uint8_t> bytes = Drain(from.out);
    // In pieces, as a network may deliver them.
    for (std::size_t i = 0; i < bytes.size(); i += 100) {
      tape_.Bytes(direction, ByteView(bytes).subspan(i, std::min<std::size_t>(100, bytes.size() - i)));
    }
    if (!bytes.empty()) BIO_write(to.in, bytes.data(), static_cast<int>(bytes.size()));
  }

  void Say(Party& from, Party& to, Direction direction) {
    SSL_write(from.ssl.get(), "hello", 5);
    Carry(from, to, direction);
    char buffer[16];
    SSL_read(to.ssl.get(), buffer, sizeof buffer);
  }

  void TakeSecrets() {
    for (const std::string& line : secrets_) {
      const std::size_t first = line.find(' ');
      const std::size_t second = line.find(' ', first + 1);
      tape_.Secret(line.substr(0, first), FromHex(std::string_view(line).substr(second + 1)));
    }
  }

  std::vector<std::string> secrets_;
  Party client_, server_;
  WireTape tape_{Recorder::Side::kClient, "Botan"};
};

std::vector<std::string> MessagesOf(const Recorder& recorder, Direction direction) {
  std::vector<std::string> names;
  for (const HandshakeMessage& message : recorder.messages()) {
    if (message.direction == direction) names.push_back(message.message);
  }
  return names;
}

TEST(WireTape, OpensEverySuiteOfTls13) {
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    SCOPED_TRACE(suite);
    Conversation conversation(suite, TLS1_3_VERSION);
    const Recorder recorder = conversation.tape().Play().recorder;
    EXPECT_THAT(MessagesOf(recorder, Direction::kSent),
                ElementsAre("ClientHello", "ChangeCipherSpec", "Certificate", "CertificateVerify", "Finished",
                            "ApplicationData", "KeyUpdate", "ApplicationData", "Alert"));
    EXPECT_THAT(MessagesOf(recorder, Direction::kReceived),
                ElementsAre("ServerHello", "ChangeCipherSpec", "EncryptedExtensions", "CertificateRequest",
                            "Certificate", "CertificateVerify", "Finished", "NewSessionTicket",
                            "NewSessionTicket", "ApplicationData"));
    ASSERT_TRUE(recorder.client_verify().has_value());
    EXPECT_EQ(recorder.client_verify()->verified, true) << recorder.client_verify()->why;
    EXPECT_EQ(recorder.server_verify()->verified, true) << recorder.server_verify()->why;
    EXPECT_EQ(recorder.version(), 0x0304);
  }
}

#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
TEST(WireTape, ReadsCertificatesThatWereCompressed) {
  Conversation conversation(nullptr, TLS1_3_VERSION, true, true);
  const Recorder recorder = conversation.tape().Play().recorder;
  // A server of OpenSSL compresses its own only when told to.
  EXPECT_THAT(MessagesOf(recorder, Direction::kSent), ::testing::Contains("CompressedCertificate"));
  ASSERT_TRUE(recorder.client_verify().has_value());
  EXPECT_EQ(recorder.client_verify()->verified, true) << recorder.client_verify()->why;
  EXPECT_EQ(recorder.server_verify()->verified, true) << recorder.server_verify()->why;
}
#endif

TEST(WireTape, WithoutSecretsSaysWhatItCannotSee) {
  Conversation conversation(nullptr, TLS1_3_VERSION, false);
  const Recorder recorder = conversation.tape().Play().recorder;
  const HandshakeMessage& last = recorder.messages().back();
  EXPECT_EQ(last.message, "");
  EXPECT_EQ(last.record_type, 23);
  EXPECT_FALSE(last.length.has_value());
  EXPECT_THAT(last.why, HasSubstr("Botan provided no key"));
  EXPECT_FALSE(recorder.client_verify().has_value());
}

TEST(WireTape, AlertInPlaintextDoesNotReplaceAnEncryptedOne) {
  WireTape tape(Recorder::Side::kClient, "Botan");
  const auto received = [&](std::uint8_t type, const std::vector<std::uint8_t>& content) {
    tape.Bytes(Direction::kReceived,
               std::vector<std::uint8_t>{type, 3, 3, 0, static_cast<std::uint8_t>(content.size())});
    tape.Bytes(Direction::kReceived, content);
  };
  const std::vector<std::uint8_t> unrecognized_name = {1, 112}, close_notify = {1, 0};
  std::vector<std::uint8_t> server_hello = {2, 0, 0, 38, 3, 3};  // TLS 1.2, then random, session, suite
  server_hello.resize(server_hello.size() + 36);
  received(21, unrecognized_name);
  tape.Alert(Direction::kReceived, unrecognized_name);
  received(22, server_hello);
  received(20, {1});
  received(21, {7, 7, 7});
  tape.Alert(Direction::kReceived, close_notify);
  const Recorder recorder = tape.Play().recorder;
  EXPECT_THAT(MessagesOf(recorder, Direction::kReceived),
              ElementsAre("Alert", "ServerHello", "ChangeCipherSpec", "Alert"));
  EXPECT_THAT(recorder.messages().front().details, ElementsAre("warning: unrecognized_name"));
  EXPECT_THAT(recorder.messages().back().details, ElementsAre("warning: close_notify"));
}

TEST(WireTape, AlertThatBotanDoesNotTellOfIsNotSeen) {
  WireTape tape(Recorder::Side::kClient, "Botan");
  std::vector<std::uint8_t> records = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
  records.resize(records.size() + 36);
  for (const std::uint8_t byte : {20, 3, 3, 0, 1, 1, 21, 3, 3, 0, 3, 7, 7, 7}) records.push_back(byte);
  tape.Bytes(Direction::kReceived, records);
  const Recorder recorder = tape.Play().recorder;
  EXPECT_EQ(recorder.messages().back().message, "Alert");
  EXPECT_FALSE(recorder.messages().back().length.has_value());
  EXPECT_THAT(recorder.messages().back().why, HasSubstr("Botan does not show"));
}

// Tls12Tape is one whose server has sent its ServerHello and ChangeCipherSpec: from here on it is encrypted.
WireTape Tls12Tape() {
  WireTape tape(Recorder::Side::kClient, "GnuTLS");
  std::vector<std::uint8_t> records = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
  records.resize(records.size() + 36);
  for (const std::uint8_t byte : {20, 3, 3, 0, 1, 1}) records.push_back(byte);
  tape.Bytes(Direction::kReceived, records);
  return tape;
}

void Encrypted(WireTape& tape, std::size_t size) {
  std::vector<std::uint8_t> record = {22, 3, 3, 0, static_cast<std::uint8_t>(size)};
  record.resize(record.size() + size);
  tape.Bytes(Direction::kReceived, record);
}

std::vector<std::uint8_t> Message(std::uint8_t type, std::uint8_t size) {
  std::vector<std::uint8_t> message = {type, 0, 0, size};
  message.resize(message.size() + size);
  return message;
}

TEST(WireTape, FindsEncryptedMessagesOfTls12ByTheLengthsOfTheirRecords) {
  WireTape tape = Tls12Tape();
  constexpr std::size_t kOverhead = 24;
  Encrypted(tape, 16 + kOverhead);  // a Finished
  Encrypted(tape, 4 + kOverhead);   // a HelloRequest, which the stack does not show
  Encrypted(tape, 30 + 4 + kOverhead);
  tape.Encrypted(Direction::kReceived, Message(20, 12));
  tape.Encrypted(Direction::kReceived, Message(99, 26));
  tape.Encrypted(Direction::kReceived, Message(14, 0));  // in the same record
  const Recorder recorder = tape.Play().recorder;
  EXPECT_THAT(MessagesOf(recorder, Direction::kReceived),
              ElementsAre("ServerHello", "ChangeCipherSpec", "Finished", "", "HandshakeMessage99", "ServerHelloDone"));
  EXPECT_THAT(recorder.messages()[3].why, HasSubstr("GnuTLS does not show"));
}

TEST(WireTape, WhatFitsNoRecordOfTls12IsNotSeen) {
  WireTape tape = Tls12Tape();
  Encrypted(tape, 40);
  Encrypted(tape, 41);
  tape.Encrypted(Direction::kReceived, Message(20, 12));
  tape.Encrypted(Direction::kReceived, Message(11, 40));
  const Recorder recorder = tape.Play().recorder;
  EXPECT_FALSE(recorder.messages().back().length.has_value());
}

TEST(WireTape, Tls12ShowsAllUpToTheFinished) {
  Conversation conversation(nullptr, TLS1_2_VERSION);
  conversation.tape().Finished({20, 0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  conversation.tape().ApplicationData(Direction::kSent, 5);
  const Recorder recorder = conversation.tape().Play().recorder;
  EXPECT_THAT(MessagesOf(recorder, Direction::kSent),
              ElementsAre("ClientHello", "Certificate", "ClientKeyExchange", "CertificateVerify",
                          "ChangeCipherSpec", "Finished", "ApplicationData", "ApplicationData", "Alert"));
  EXPECT_THAT(MessagesOf(recorder, Direction::kReceived),
              ElementsAre("ServerHello", "Certificate", "ServerKeyExchange", "CertificateRequest",
                          "ServerHelloDone", "NewSessionTicket", "ChangeCipherSpec", "", "ApplicationData"));
  ASSERT_TRUE(recorder.client_verify().has_value());
  EXPECT_EQ(recorder.client_verify()->verified, true) << recorder.client_verify()->why;
}

}  // namespace
}  // namespace signet
