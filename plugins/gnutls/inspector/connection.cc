#include "gnutls/inspector/connection.h"

#include "c_abi/objects.h"
#include "gnutls/failure.h"
#include "gnutls/inspector/session_options.h"
#include "handshake/alerts.h"
#include "inspector/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

namespace signet::gnutls {
namespace {

constexpr std::uint8_t kWarning = 1, kFatal = 2;
constexpr std::size_t kLargestRecord = 16384 + 256;

// ClientSentNone holds where a client answered this server with an empty Certificate message.
bool ClientSentNone(const Recorder& recorder) {
  return recorder.client_chain().empty() &&
         std::ranges::any_of(recorder.messages(), [](const HandshakeMessage& message) {
           return message.direction == Direction::kReceived && message.message == "Certificate";
         });
}

// SaysWhy tells whether a peer may be told why this side ends the handshake.
bool SaysWhy(int status) {
  constexpr int kTellsNobody[] = {GNUTLS_E_FATAL_ALERT_RECEIVED,
                                  GNUTLS_E_PREMATURE_TERMINATION,
                                  GNUTLS_E_PULL_ERROR,
                                  GNUTLS_E_PUSH_ERROR,
                                  GNUTLS_E_AGAIN,
                                  GNUTLS_E_TIMEDOUT};
  return std::ranges::find(kTellsNobody, status) == std::end(kTellsNobody);
}

}  // namespace

Connection& Connection::Of(gnutls_session_t session) noexcept {
  return *static_cast<Connection*>(gnutls_session_get_ptr(session));
}
Connection& Connection::Of(gnutls_transport_ptr_t self) noexcept { return *static_cast<Connection*>(self); }

Connection::Connection(Recorder::Side side, gnutls_certificate_credentials_t credentials,
                       std::optional<std::uint16_t> version, int socket, Waiting waiting)
    : side_(side),
      socket_(socket),
      waiting_(std::move(waiting)),
      tape_(side, "GnuTLS"),
      session_(MakeSession(side, credentials, version)) {
  gnutls_session_set_ptr(session(), this);
  gnutls_transport_set_ptr(session(), this);
  gnutls_transport_set_pull_function(session(), Pull);
  gnutls_transport_set_pull_timeout_function(session(), PullTimeout);
  gnutls_transport_set_push_function(session(), Push);
  gnutls_handshake_set_hook_function(session(), GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, Show);
  gnutls_session_set_keylog_function(session(), LogKey);
}

void Connection::Verify(std::string host, const char* purpose) {
  const auto datum = [](gnutls_vdata_types_t type, std::string& text) {
    return gnutls_typed_vdata_st{type, reinterpret_cast<unsigned char*>(text.data()),
                                 static_cast<unsigned>(text.size())};
  };
  host_ = std::move(host);
  purpose_ = purpose;
  if (!host_.empty()) expected_.push_back(datum(GNUTLS_DT_DNS_HOSTNAME, host_));
  expected_.push_back(datum(GNUTLS_DT_KEY_PURPOSE_OID, purpose_));
  gnutls_session_set_verify_cert2(session(), expected_.data(), static_cast<unsigned>(expected_.size()), 0);
}

void Connection::VerifyServer(const std::string& host) {
  if (!IsAddress(host)) gnutls_server_name_set(session(), GNUTLS_NAME_DNS, host.data(), host.size());
  Verify(host, GNUTLS_KP_TLS_WWW_SERVER);
}

void Connection::VerifyClient() {
  gnutls_certificate_server_set_request(session(), GNUTLS_CERT_REQUIRE);
  Verify({}, GNUTLS_KP_TLS_WWW_CLIENT);
}

// Moved is what Pull and Push give for `moved` bytes.
ssize_t Connection::Moved(ssize_t moved, Direction direction, const void* data) {
  errno_ = moved < 0 ? errno : 0;
  silent_ = moved < 0 && (errno_ == EAGAIN || errno_ == EWOULDBLOCK);
  if (moved < 0) gnutls_transport_set_errno(session(), errno_);
  if (moved > 0) {
    tape_.Bytes(direction, {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(moved)});
  }
  return moved;
}

ssize_t Connection::Pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept try {
  Connection& connection = Of(self);
  if (connection.waiting_.read && !connection.waiting_.read()) {
    errno = EAGAIN;
    return connection.Moved(-1, Direction::kReceived, data);
  }
  return connection.Moved(recv(connection.socket_, data, size, 0), Direction::kReceived, data);
} catch (...) {
  return -1;
}

int Connection::PullTimeout(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept {
  pollfd entry{.fd = Of(self).socket_, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, static_cast<int>(milliseconds));
}

ssize_t Connection::Push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept try {
  Connection& connection = Of(self);
  return connection.Moved(send(connection.socket_, data, size, MSG_NOSIGNAL), Direction::kSent, data);
} catch (...) {
  return -1;
}

// Show tells the tape of what is encrypted in TLS 1.2: the Finished and all that comes behind it.
int Connection::Show(gnutls_session_t session, unsigned type, unsigned, unsigned incoming,
                     const gnutls_datum_t* body) noexcept try {
  Connection& connection = Of(session);
  const Direction direction = incoming != 0 ? Direction::kReceived : Direction::kSent;
  bool& encrypted = connection.encrypted_[static_cast<std::size_t>(direction)];
  encrypted = encrypted || type == GNUTLS_HANDSHAKE_FINISHED;
  if (!encrypted) return 0;
  const unsigned size = body->size;
  Bytes message = {static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(size >> 16),
                   static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  message.insert(message.end(), body->data, body->data + size);
  connection.tape_.Encrypted(direction, std::move(message));
  return 0;
} catch (...) {
  return 0;  // out of memory: the list is a message short, the handshake goes on
}

int Connection::LogKey(gnutls_session_t session, const char* label, const gnutls_datum_t* secret) noexcept
    try {
  Of(session).tape_.Secret(label, {secret->data, secret->size});
  return 0;
} catch (...) {
  return 0;
}

void Connection::TellAlert(Direction direction, std::uint8_t level, int description) {
  tape_.Alert(direction, Bytes{level, static_cast<std::uint8_t>(description)});
}

// Drive repeats `step` until it is done, fails, or the peer took too long.
template <class Step>
int Connection::Drive(const Step& step) {
  while (true) {
    silent_ = false;
    const int status = step();
    if (status == GNUTLS_E_WARNING_ALERT_RECEIVED || status == GNUTLS_E_FATAL_ALERT_RECEIVED) {
      TellAlert(Direction::kReceived, status == GNUTLS_E_FATAL_ALERT_RECEIVED ? kFatal : kWarning,
                gnutls_alert_get(session()));
    }
    if (status >= 0 || gnutls_error_is_fatal(status) != 0) return status;
    const short events = gnutls_record_get_direction(session()) == 1 ? POLLOUT : POLLIN;
    if (silent_ && !(waiting_.wait && waiting_.wait(events))) return status;
  }
}

void Connection::SendAlert() {
  int level = 0;
  const int description = gnutls_error_to_alert(status_, &level);
  if (!SaysWhy(status_) || description < 0) return;
  TellAlert(Direction::kSent, static_cast<std::uint8_t>(level), description);
  const int number = errno_;
  const bool silent = silent_;
  gnutls_alert_send(session(), static_cast<gnutls_alert_level_t>(level),
                    static_cast<gnutls_alert_description_t>(description));
  errno_ = number;
  silent_ = silent;
}

// TakeLastWords puts on tape what a peer said before it closed the connection that GnuTLS still sends on.
// GnuTLS itself reads no alert after that.
void Connection::TakeLastWords() {
  std::array<std::uint8_t, kLargestRecord> part{};
  const ssize_t got = recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
  if (got > 0) tape_.Bytes(Direction::kReceived, {part.data(), static_cast<std::size_t>(got)});
}

bool Connection::Handshake() {
  status_ = Drive([&] { return gnutls_handshake(session()); });
  if (status_ >= 0) return true;
  over_ = true;
  if (status_ == GNUTLS_E_PUSH_ERROR) TakeLastWords();
  SendAlert();
  return false;
}

bool Connection::Pump() {
  if (over_) return false;
  silent_ = false;
  std::vector<char> part(kLargestRecord);
  const ssize_t got = gnutls_record_recv(session(), part.data(), part.size());
  if (got > 0) {
    tape_.ApplicationData(Direction::kReceived, static_cast<std::size_t>(got));
    response_.append(part.data(), static_cast<std::size_t>(got));
    return true;
  }
  if (got == 0) {
    TellAlert(Direction::kReceived, kWarning, GNUTLS_A_CLOSE_NOTIFY);
    status_ = GNUTLS_E_SESSION_EOF;
    over_ = true;
    return false;
  }
  int status = static_cast<int>(got);
  if (status == GNUTLS_E_REAUTH_REQUEST) {
    status = Drive([&] { return gnutls_reauth(session(), 0); });
  } else if (status == GNUTLS_E_REHANDSHAKE) {
    status = Drive([&] { return gnutls_handshake(session()); });
  } else if (status == GNUTLS_E_WARNING_ALERT_RECEIVED || status == GNUTLS_E_FATAL_ALERT_RECEIVED) {
    TellAlert(Direction::kReceived, status == GNUTLS_E_FATAL_ALERT_RECEIVED ? kFatal : kWarning,
              gnutls_alert_get(session()));
  }
  if (status >= 0 || gnutls_error_is_fatal(status) == 0) return true;
  status_ = status;
  over_ = true;
  SendAlert();
  return false;
}

bool Connection::Send(std::string_view text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const int status = Drive([&] {
      return static_cast<int>(gnutls_record_send(session(), text.data() + sent, text.size() - sent));
    });
    if (status < 0) {
      status_ = status;
      return false;
    }
    tape_.ApplicationData(Direction::kSent, static_cast<std::size_t>(status));
    sent += static_cast<std::size_t>(status);
  }
  return true;
}

void Connection::Close() {
  if (over_ && status_ != GNUTLS_E_SESSION_EOF) return;
  TellAlert(Direction::kSent, kWarning, GNUTLS_A_CLOSE_NOTIFY);
  gnutls_bye(session(), GNUTLS_SHUT_WR);
}

bool Connection::verified() const { return gnutls_session_get_verify_cert_status(session()) == 0; }

std::optional<Certificate> Connection::peer() const {
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(session(), &count);
  if (chain == nullptr || count == 0) return std::nullopt;
  return Certificate::FromDer({chain[0].data, chain[0].size});
}

Error Connection::Failure() const {
  const Recorder recorder = Play().recorder;
  const bool server = side_ == Recorder::Side::kServer;
  if (status_ == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR && server && !recorder.client_chain().empty()) {
    return Error({.code = ErrorCode::kHandshake,
                  .detail = fmt::format("the client's certificate could not be verified: {}",
                                        VerificationText(gnutls_session_get_verify_cert_status(session()))),
                  .hint = "If the client is right, trust the CA that issued its certificate; else have it "
                          "present another one."});
  }
  if (server && ClientSentNone(recorder)) return NoneFromClient();
  if (const auto alert = recorder.received_alert()) {
    return server ? ClientAlertError(*alert) : AlertError(*alert, !recorder.client_chain().empty());
  }
  const auto failure = gnutls::Failure(session(), status_, errno_);
  if (failure != nullptr) return failure->error;
  return AlertError(static_cast<std::uint8_t>(gnutls_alert_get(session())), !recorder.client_chain().empty());
}

}  // namespace signet::gnutls
