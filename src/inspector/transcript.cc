#include "inspector/transcript.h"

#include "handshake/byte_reader.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "inspector/names.h"
#include <signet/certificate.h>

#include <string_view>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kHeader = 4;

// SuiteHash gives the hash of a TLS 1.3 cipher suite (RFC 8446 appendix B.4).
Hash SuiteHash(std::uint16_t suite) { return suite == 0x1302 ? Hash::kSha384 : Hash::kSha256; }

void Append(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

// SignedContent is what a TLS 1.3 CertificateVerify signs (RFC 8446 section 4.4.3). The transcript hash is
// the cipher suite's, which the caller reads from the transcript's ServerHello.
Bytes SignedContent13(ByteView transcript_hash, bool by_client) {
  constexpr std::string_view kClient = "TLS 1.3, client CertificateVerify";
  constexpr std::string_view kServer = "TLS 1.3, server CertificateVerify";
  const std::string_view context = by_client ? kClient : kServer;
  Bytes content(64, 0x20);
  content.insert(content.end(), context.begin(), context.end());
  content.push_back(0);
  Append(content, transcript_hash);
  return content;
}

// SuiteOf finds the ServerHello that is no retry in a transcript and gives its cipher suite.
std::uint16_t SuiteOf(ByteView transcript) {
  std::uint16_t suite = 0;
  ByteReader reader(transcript);
  while (!reader.empty()) {
    const auto type = static_cast<HandshakeType>(reader.Number(1));
    const ByteView body = reader.Vector(3);
    if (type == HandshakeType::kServerHello) suite = ParseServerHello(body).suites.front();
  }
  return suite;
}

}  // namespace

void Transcript::AddServerHello(ByteView message) {
  const Hello hello = ParseServerHello(message.subspan(kHeader));
  version_ = hello.version();
  if (hello.is_retry()) {
    const Bytes first_hello = Digest(SuiteHash(hello.suites.front()), bytes_);
    bytes_ = {static_cast<std::uint8_t>(HandshakeType::kMessageHash), 0, 0,
              static_cast<std::uint8_t>(first_hello.size())};
    Append(bytes_, first_hello);
  }
  Append(bytes_, message);
}

void Transcript::Add(ByteView message, bool from_client) {
  if (message.size() < kHeader) {
    throw Error({.code = ErrorCode::kMalformed, .detail = "a handshake message is shorter than its header"});
  }
  const bool complete = client_finished_ && server_finished_;
  switch (static_cast<HandshakeType>(message[0])) {
    case HandshakeType::kHelloRequest:
    case HandshakeType::kKeyUpdate:
      return;
    case HandshakeType::kNewSessionTicket:
      if (version_ >= kTls13) return;
      break;
    case HandshakeType::kClientHello:
      if (complete) *this = Transcript();
      break;
    case HandshakeType::kServerHello:
      return AddServerHello(message);
    case HandshakeType::kCertificateRequest:
      if (complete && version_ >= kTls13) bytes_.resize(main_end_);
      break;
    default:
      break;
  }
  Append(bytes_, message);
  if (static_cast<HandshakeType>(message[0]) != HandshakeType::kFinished) return;
  (from_client ? client_finished_ : server_finished_) = true;
  if (!complete) main_end_ = bytes_.size();
}

CertificateVerifyCheck CheckCertificateVerify(const Transcript& transcript, bool by_client, ByteView leaf,
                                              const CertificateVerify& message) {
  CertificateVerifyCheck check{.scheme = SchemeName(static_cast<std::uint16_t>(message.scheme))};
  const SchemeRow* row = FindRow(message.scheme);
  if (row == nullptr) {
    check.why = "the signature scheme is unknown";
    return check;
  }
  try {
    const Certificate certificate = Certificate::FromDer(leaf);
    const PublicKey key = PublicKey::FromSpki(certificate.subject_public_key_info());
    Bytes content(transcript.bytes().begin(), transcript.bytes().end());
    if (transcript.version() >= kTls13) {
      content = SignedContent13(Digest(SuiteHash(SuiteOf(content)), content), by_client);
    }
    const SigningAlgorithm& algorithm = row->algorithm;
    const Bytes input = algorithm.hash == Hash::kNone ? content : Digest(algorithm.hash, content);
    check.verified = row->key == key.type() && key.Verify(algorithm, input, message.signature);
    if (!*check.verified)
      check.why = "the signature does not match the handshake's messages and the certificate";
  } catch (const Error& error) {
    check.why = error.detail();
  }
  return check;
}

}  // namespace signet::inline inspector
