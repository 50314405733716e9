#include "botan/inspector/connection.h"

#include "handshake/alerts.h"
#include "handshake/server_trust.h"
#include "inspector/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <botan/tls_exceptn.h>
#include <botan/x509path.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace signet::botan {
namespace {

Certificate Converted(const Botan::X509_Certificate& certificate) {
  return Certificate::FromDer(certificate.BER_encode());
}

struct StatusHint {
  Botan::Certificate_Status_Code status;
  std::string_view hint;
};

using Status = Botan::Certificate_Status_Code;
constexpr StatusHint kStatusHints[] = {
    {Status::CANNOT_ESTABLISH_TRUST, kTrustTheCa}, {Status::CERT_ISSUER_NOT_FOUND, kTrustTheCa},
    {Status::CERT_NAME_NOMATCH, kUseItsName},      {Status::CERT_HAS_EXPIRED, kRenewServers},
    {Status::CERT_NOT_YET_VALID, kCompareClocks},  {Status::INVALID_USAGE, kGiveItServerAuth},
};

// Untrusted says what `reason` of Botan's, which names the status in its own words, calls for.
Error Untrusted(std::string_view reason, bool self_signed) {
  const auto* row = std::ranges::find_if(kStatusHints, [&](const StatusHint& candidate) {
    return reason.ends_with(Botan::Path_Validation_Result::status_string(candidate.status));
  });
  return Error({.code = ErrorCode::kUntrustedServer,
                .detail = fmt::format("the server's certificate could not be verified: {}", reason),
                .hint = std::string(row == std::end(kStatusHints)             ? kHaveItReissued
                                    : self_signed && row->hint == kTrustTheCa ? kNotSelfSigned
                                                                              : row->hint)});
}

// ClientSentNone holds where a client answered this server with an empty Certificate message.
bool ClientSentNone(const Recorder& recorder) {
  return recorder.side() == Recorder::Side::kServer && recorder.client_chain().empty() &&
         std::ranges::any_of(recorder.messages(), [](const HandshakeMessage& message) {
           return message.direction == Direction::kReceived && message.message == "Certificate";
         });
}

}  // namespace

// Events is what Botan calls while it works.
class Connection::Events : public ChannelEvents {
 public:
  Events(Recorder::Side side, int socket, std::string host)
      : tape_(side, "Botan"),
        socket_(socket),
        host_(std::move(host)),
        client_(side == Recorder::Side::kClient) {}

  void tls_inspect_handshake_msg(const Botan::TLS::Handshake_Message& message) override {
    if (std::optional<ByteVector> finished = FinishedOf(message)) tape_.Finished(*std::move(finished));
  }

  WireTape& tape() noexcept { return tape_; }
  const std::string& response() const noexcept { return response_; }
  bool verified() const noexcept { return verified_; }
  const std::optional<Error>& untrusted() const noexcept { return untrusted_; }

 protected:
  void Emit(Bytes data) override {
    tape_.Bytes(Direction::kSent, data);
    while (!data.empty()) {
      const ssize_t sent = send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return;  // the next read finds out
      data = data.subspan(static_cast<std::size_t>(sent));
    }
  }

  void Take(Bytes data) override {
    tape_.ApplicationData(Direction::kReceived, data.size());
    response_.append(data.begin(), data.end());
  }

  void AlertReceived(bool fatal, std::uint8_t description) override {
    tape_.Alert(Direction::kReceived, ByteVector{static_cast<std::uint8_t>(fatal ? 2 : 1), description});
  }

  void Verify(const std::function<void(const std::string& host)>& verify, const Chain& chain) override {
    const bool address = IsAddress(host_);
    try {
      verify(address ? std::string() : host_);
      if (address && X509_check_ip_asc(Converted(chain.front()).native(), host_.c_str(), 0) != 1) {
        untrusted_ = Error(
            {.code = ErrorCode::kUntrustedServer,
             .detail = fmt::format(
                 "the server's certificate could not be verified: it does not contain the address {}", host_),
             .hint = std::string(kUseItsName)});
        throw Botan::TLS::TLS_Exception(kBadCertificateAlert, "the certificate does not contain the address");
      }
      verified_ = true;
    } catch (const std::exception& exception) {
      if (client_ && !untrusted_) untrusted_ = Untrusted(exception.what(), chain.front().is_self_signed());
      throw;
    }
  }

  void KeyLog(const std::string& label, Bytes secret) const override { tape_.Secret(label, secret); }

 private:
  mutable WireTape tape_;  // Botan's key log callback is const
  int socket_;
  std::string host_;
  bool client_;
  std::string response_;
  bool verified_ = false;
  std::optional<Error> untrusted_;
};

Connection::Connection(std::shared_ptr<Events> events, std::shared_ptr<CredentialsManager> manager,
                       int socket)
    : events_(std::move(events)), manager_(std::move(manager)), socket_(socket) {}

Connection Connection::ToServer(const Parts& parts, std::shared_ptr<CredentialsManager> manager, int socket,
                                const std::string& host, std::uint16_t port) {
  auto events = std::make_shared<Callbacks<Events>>(manager, Recorder::Side::kClient, socket, host);
  Connection connection(events, std::move(manager), socket);
  connection.parts_ = parts;
  const std::string name = IsAddress(host) ? std::string() : host;
  connection.Guard([&] { connection.channel_ = MakeClient(events, connection.parts_, name, port); });
  return connection;
}

Connection Connection::ToClient(const Parts& parts, std::shared_ptr<CredentialsManager> manager, int socket) {
  auto events = std::make_shared<Callbacks<Events>>(manager, Recorder::Side::kServer, socket, std::string());
  Connection connection(events, std::move(manager), socket);
  connection.parts_ = parts;
  connection.Guard([&] { connection.channel_ = MakeServer(events, connection.parts_); });
  return connection;
}

template <class Call>
bool Connection::Guard(Call&& call) {
  try {
    call();
    return true;
  } catch (const SigningError& error) {
    error_ = error.error();
  } catch (const Error& error) {
    error_ = error;
  } catch (const std::exception& exception) {
    error_ = Error(
        {.code = ErrorCode::kHandshake,
         .detail = fmt::format("the handshake failed: {}", exception.what()),
         .hint =
             "Check that the peer uses TLS on this port, and which versions and cipher suites it supports."});
  }
  return false;
}

void Connection::GiveUp() noexcept {
  silent_ = true;
  errno_ = EAGAIN;
}

bool Connection::Handshake(const std::function<bool()>& wait) {
  while (channel_ != nullptr && !error_ && !IsComplete(*channel_)) {
    if (wait && !wait()) {
      GiveUp();
      return false;
    }
    if (!Pump()) return false;
  }
  return channel_ != nullptr && !error_;
}

bool Connection::Pump() {
  if (channel_ == nullptr || error_ || channel_->is_closed()) return false;
  std::uint8_t part[16384];
  ssize_t got = 0;
  do {
    got = recv(socket_, part, sizeof part, 0);
  } while (got < 0 && errno == EINTR);
  errno_ = got < 0 ? errno : 0;
  silent_ = got < 0 && (errno_ == EAGAIN || errno_ == EWOULDBLOCK);
  if (got <= 0) return false;
  const auto size = static_cast<std::size_t>(got);
  events_->tape().Bytes(Direction::kReceived, {part, size});
  return Guard([&] { channel_->received_data(part, size); }) && !channel_->is_closed();
}

bool Connection::Send(std::string_view text) {
  if (channel_ == nullptr || error_ || !IsComplete(*channel_)) return false;
  events_->tape().ApplicationData(Direction::kSent, text.size());
  return Guard([&] { channel_->send(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); });
}

void Connection::Close() {
  if (channel_ == nullptr || error_ || channel_->is_closed()) return;
  constexpr std::uint8_t kWarning = 1;
  constexpr std::uint8_t kCloseNotify = 0;
  events_->tape().Alert(Direction::kSent, ByteVector{kWarning, kCloseNotify});
  Guard([&] { channel_->close(); });
}

const std::string& Connection::response() const { return events_->response(); }
bool Connection::verified() const { return events_->verified(); }
WireTape::Played Connection::Play() const { return events_->tape().Play(); }

std::optional<Certificate> Connection::peer() const {
  if (channel_ == nullptr) return std::nullopt;
  const Chain chain = channel_->peer_cert_chain();
  if (chain.empty()) return std::nullopt;
  return Converted(chain.front());
}

Error Connection::Failure() const {
  const Recorder recorder = Play().recorder;
  if (events_->untrusted()) return *events_->untrusted();
  if (error_ && error_->code() != ErrorCode::kHandshake) return *error_;
  if (error_ && ClientSentNone(recorder)) return NoneFromClient();
  const auto alert = recorder.received_alert();
  if (alert && recorder.side() == Recorder::Side::kServer) return ClientAlertError(*alert);
  if (alert) return AlertError(*alert, !recorder.client_chain().empty());
  if (error_) return *error_;
  const char* when =
      channel_ != nullptr && IsComplete(*channel_) ? "after the handshake" : "in the handshake";
  if (silent_) {
    return Error({.code = ErrorCode::kNetwork,
                  .detail = fmt::format("the peer did not respond in time {}", when),
                  .hint = "Check that it uses TLS on this port, and not only after STARTTLS."});
  }
  return Error(
      {.code = ErrorCode::kNetwork,
       .detail = fmt::format("the peer {} the connection {}", errno_ == 0 ? "closed" : "broke", when),
       .native = {errno_ == 0 ? NativeCode::Kind::kNone : NativeCode::Kind::kErrno,
                  static_cast<unsigned long>(errno_), errno_ == 0 ? "" : std::strerror(errno_)},
       .hint = "Check the server's log and that it uses TLS on this port."});
}

}  // namespace signet::botan
