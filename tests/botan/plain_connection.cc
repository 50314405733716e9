#include "botan/plain_connection.h"

#include <sys/socket.h>

namespace signet::botan {

class PlainConnection::Events : public ChannelEvents {
 public:
  explicit Events(int socket) : socket_(socket) {}
  void tls_inspect_handshake_msg(const Botan::TLS::Handshake_Message& message) override {
    const std::optional<PeerWish> wish = WishOf(message);
    if (wish && wish->role == CertificateRequest::Role::kClient) requested_ = wish->schemes;
  }
  const std::string& response() const noexcept { return response_; }
  const std::vector<SignatureScheme>& requested() const noexcept { return requested_; }

 protected:
  void Emit(Bytes data) override { send(socket_, data.data(), data.size(), MSG_NOSIGNAL); }
  void Take(Bytes data) override { response_.append(data.begin(), data.end()); }
  void AlertReceived(bool, std::uint8_t) override {}
  void Verify(const std::function<void(const std::string& host)>& verify, const Chain&) override {
    verify("");
  }
  void KeyLog(const std::string&, Bytes) const override {}

 private:
  int socket_;
  std::string response_;
  std::vector<SignatureScheme> requested_;
};

PlainConnection::PlainConnection(const Setup& setup, Socket socket) : socket_(std::move(socket)) {
  if (setup.with_callbacks) {
    const auto events = std::make_shared<Callbacks<Events>>(setup.manager, socket_.get());
    events_ = events.get();
    callbacks_ = events;
  } else {
    const auto events = std::make_shared<Events>(socket_.get());
    events_ = events.get();
    callbacks_ = events;
  }
  parts_.policy = setup.policy;
  parts_.credentials = setup.manager;
}

PlainConnection::PlainConnection(PlainConnection&&) noexcept = default;
PlainConnection::~PlainConnection() = default;

PlainConnection PlainConnection::ToServer(const Setup& setup, std::uint16_t port) {
  PlainConnection connection(setup, Socket::Connect("127.0.0.1", port, std::chrono::seconds(10)));
  connection.channel_ = MakeClient(connection.callbacks_, connection.parts_, "localhost", port);
  return connection;
}

PlainConnection PlainConnection::ToClient(const Setup& setup, Socket socket) {
  PlainConnection connection(setup, std::move(socket));
  connection.channel_ = MakeServer(connection.callbacks_, connection.parts_);
  return connection;
}

const std::vector<SignatureScheme>& PlainConnection::requested() const noexcept {
  return events_->requested();
}

bool PlainConnection::Step() {
  constexpr std::size_t kHeader = 5;
  if (!failure_.empty() || channel_->is_closed()) return false;
  ByteVector record(kHeader);
  if (recv(socket_.get(), record.data(), kHeader, MSG_WAITALL) != ssize_t{kHeader}) return false;
  const std::size_t size = std::size_t{record[3]} << 8 | record[4];
  record.resize(kHeader + size);
  if (recv(socket_.get(), record.data() + kHeader, size, MSG_WAITALL) != static_cast<ssize_t>(size))
    return false;
  try {
    channel_->received_data(record.data(), record.size());
  } catch (const std::exception& exception) {
    failure_ = exception.what();
  }
  return failure_.empty();
}

std::string PlainConnection::Shake() {
  while (!IsComplete(*channel_)) {
    if (!Step()) return failure_.empty() ? "the peer closed" : failure_;
  }
  return {};
}

std::string PlainConnection::Fetch() {
  if (std::string failure = Shake(); !failure.empty()) return failure;
  channel_->send(std::string("GET / HTTP/1.0\r\n\r\n"));
  while (Step()) continue;
  if (!failure_.empty()) return failure_;
  const std::string& response = events_->response();
  return response.substr(0, response.find_first_of("\r\n"));
}

}  // namespace signet::botan
