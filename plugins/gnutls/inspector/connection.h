#pragma once

#include "gnutls/handles.h"
#include "inspector/wire_tape.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gnutls/gnutls.h>

namespace signet::gnutls {

// Connection is one TLS connection of the probe on a connected socket, all of it on tape.
class Connection {
 public:
  // Waiting is how it waits for the peer: `wait` for events of poll(2), false where that took too long;
  // `read` before each read, false where no more may be read. Both may be empty: then the socket itself
  // waits.
  struct Waiting {
    std::function<bool(short events)> wait;
    std::function<bool()> read;
  };
  // Connection begins nothing yet. The credentials and the socket must outlive it. It is bound to one
  // protocol version where one is given.
  Connection(Recorder::Side side, gnutls_certificate_credentials_t credentials,
             std::optional<std::uint16_t> version, int socket, Waiting waiting);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // VerifyServer has the handshake end with a server whose certificate is not trusted or does not carry
  // `host`; VerifyClient has it end with a client that presents none, or one that is not trusted.
  void VerifyServer(const std::string& host);
  void VerifyClient();

  // Handshake is false where the handshake failed, and Failure says why.
  bool Handshake();
  // Pump reads from the peer once; false where nothing more will come. `silent` tells afterwards whether
  // nothing came yet.
  bool Pump();
  bool silent() const noexcept { return silent_; }
  // pending tells whether data was read that Pump has not given yet.
  bool pending() const noexcept { return gnutls_record_check_pending(session()) > 0; }
  // GiveUp makes Failure say that the peer did not answer in time.
  void GiveUp() noexcept {
    status_ = GNUTLS_E_TIMEDOUT;
    silent_ = true;
  }
  bool Send(std::string_view text);
  void Close();

  // response is the application data that came so far.
  const std::string& response() const noexcept { return response_; }
  // verified tells whether the server's chain was found good in this connection.
  bool verified() const;
  WireTape::Played Play() const { return tape_.Play(); }
  // peer is the peer's certificate, from the session where that was resumed; nothing where it has none.
  std::optional<Certificate> peer() const;
  // Failure says why the connection did not come to a good end.
  Error Failure() const;
  gnutls_session_t session() const noexcept { return session_.get(); }

 private:
  struct Deinit {
    void operator()(gnutls_session_t session) const noexcept { gnutls_deinit(session); }
  };

  static Connection& Of(gnutls_session_t session) noexcept;
  static Connection& Of(gnutls_transport_ptr_t self) noexcept;
  static ssize_t Pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept;
  static int PullTimeout(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept;
  static ssize_t Push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept;
  static int Show(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                  const gnutls_datum_t* body) noexcept;
  static int LogKey(gnutls_session_t session, const char* label, const gnutls_datum_t* secret) noexcept;

  template <class Step>
  int Drive(const Step& step);
  void Verify(std::string host, const char* purpose);
  void TellAlert(Direction direction, std::uint8_t level, int description);
  void SendAlert();
  void TakeLastWords();
  ssize_t Moved(ssize_t moved, Direction direction, const void* data);

  Recorder::Side side_;
  int socket_;
  Waiting waiting_;
  WireTape tape_;
  std::array<bool, 2> encrypted_{};  // TLS 1.2: the Finished of that direction was shown
  std::string host_;                 // GnuTLS keeps pointers to what it verifies
  std::string purpose_;
  std::vector<gnutls_typed_vdata_st> expected_;
  std::string response_;
  int status_ = 0;  // of the newest call that failed
  int errno_ = 0;
  bool silent_ = false;
  bool over_ = false;  // nothing more comes
  std::unique_ptr<std::remove_pointer_t<gnutls_session_t>, Deinit> session_;
};

}  // namespace signet::gnutls
