#include "inspector/recorder.h"

#include "handshake/alerts.h"
#include "inspector/certificate_compression.h"

#include <fmt/format.h>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint8_t kChangeCipherSpecRecord = 20;
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kCloseNotify = 0;

std::vector<Bytes> Copies(const std::vector<ByteView>& views) {
  std::vector<Bytes> copies;
  for (const ByteView view : views) copies.emplace_back(view.begin(), view.end());
  return copies;
}

}  // namespace

// Look reads what later questions ask for. The transcript does not hold `message` yet.
void Recorder::Look(ByteView message, bool from_client, HandshakeMessage& entry) {
  const ByteView body = message.subspan(kHeader);
  std::vector<Bytes>& chain = from_client ? client_chain_ : server_chain_;
  switch (static_cast<HandshakeType>(message[0])) {
    case HandshakeType::kServerHello:
      if (ParseServerHello(body).is_retry()) entry.message = "HelloRetryRequest";
      break;
    case HandshakeType::kCertificateRequest:
      request_ = ParseCertificateRequest(body, version());
      break;
    case HandshakeType::kCertificate:
      chain = Copies(ParseCertificateList(body, version()));
      break;
    case HandshakeType::kCompressedCertificate:
      chain = Copies(ParseCertificateList(Uncompress(ParseCompressedCertificate(body)), version()));
      break;
    case HandshakeType::kCertificateVerify: {
      auto& check = from_client ? client_verify_ : server_verify_;
      const ByteView leaf = chain.empty() ? ByteView() : ByteView(chain.front());
      check = CheckCertificateVerify(transcript_, from_client, leaf, ParseCertificateVerify(body));
      break;
    }
    default:
      break;
  }
}

void Recorder::Handshake(Direction direction, std::uint8_t record_type, ByteView message) {
  HandshakeMessage entry{.direction = direction,
                         .record_type = record_type,
                         .message = MessageName(message.empty() ? 255 : message[0]),
                         .length = message.size()};
  const bool from_client = (direction == Direction::kSent) == (side_ == Side::kClient);
  try {
    if (message.size() >= kHeader) Look(message, from_client, entry);
    transcript_.Add(message, from_client);
    entry.details = Describe(message, version());
    if (static_cast<HandshakeType>(message[0]) == HandshakeType::kCertificateVerify) {
      const CertificateVerifyCheck& check = from_client ? *client_verify_ : *server_verify_;
      entry.details.push_back(check.verified.value_or(false)
                                  ? "signature: verified with the previous messages"
                                  : fmt::format("signature: {}", check.why));
    }
  } catch (const Error& error) {
    entry.details.push_back(error.detail());
  }
  messages_.push_back(std::move(entry));
}

void Recorder::ChangeCipherSpec(Direction direction) {
  messages_.push_back({.direction = direction,
                       .record_type = kChangeCipherSpecRecord,
                       .message = "ChangeCipherSpec",
                       .length = 1});
}

void Recorder::Alert(Direction direction, std::uint8_t record_type, ByteView level_and_description) {
  HandshakeMessage entry{.direction = direction,
                         .record_type = record_type,
                         .message = "Alert",
                         .length = level_and_description.size()};
  if (level_and_description.size() == 2) {
    const std::uint8_t description = level_and_description[1];
    // TLS 1.3 ignores the level: all alerts but close_notify and user_canceled are fatal (RFC 8446 section
    // 6).
    const bool fatal = level_and_description[0] == kFatal;
    entry.details.push_back(fmt::format("{}: {}", fatal ? "fatal" : "warning", AlertName(description)));
    if (direction == Direction::kReceived && fatal && description != kCloseNotify)
      received_alert_ = description;
  }
  messages_.push_back(std::move(entry));
}

void Recorder::ApplicationData(Direction direction, std::uint8_t record_type, std::size_t length) {
  messages_.push_back(
      {.direction = direction, .record_type = record_type, .message = "ApplicationData", .length = length});
}

void Recorder::Unseen(Direction direction, std::uint8_t record_type, std::string message, std::size_t length,
                      std::string why) {
  messages_.push_back({.direction = direction,
                       .record_type = record_type,
                       .message = std::move(message),
                       .details = {fmt::format("a record of {} bytes", length)},
                       .why = std::move(why)});
}

}  // namespace signet::inline inspector
