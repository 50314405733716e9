#pragma once

#include <signet/testing/test_pki.h>

#include <optional>
#include <string>

#include <gnutls/gnutls.h>

namespace signet {

// PairOptions say how a client and a server of GnuTLS meet.
struct PairOptions {
  std::string priority = "NORMAL";
  std::string server_priority = {};  // empty: as the client's
  const testing::TestIdentity* server =
      nullptr;  // its certificate; null: its credentials have what they have
  const testing::TestPki* client_trust =
      nullptr;  // whose certificates the server asks for; null: it asks for none
  const testing::TestPki* server_trust = nullptr;  // what the client trusts
  gnutls_certificate_credentials_t client_credentials = nullptr;
  gnutls_certificate_credentials_t server_credentials = nullptr;  // null: made of `server`
  std::string host = "localhost";
};

// PairResult is how both ends saw it.
struct PairResult {
  int client_status = 0;  // of gnutls_handshake, and of the first read behind it
  int server_status = 0;
  std::optional<std::string> client_subject;  // what the server was shown
  std::optional<std::string> server_subject;  // what the client was shown
  std::string client_signature;               // the algorithm of the client's CertificateVerify
  gnutls_session_t client = nullptr;          // lives until the pair is destroyed
};

// SessionPair is one handshake between two threads over a socket pair.
class SessionPair {
 public:
  explicit SessionPair(const PairOptions& options);
  ~SessionPair();
  SessionPair(const SessionPair&) = delete;
  SessionPair& operator=(const SessionPair&) = delete;

  const PairResult& result() const noexcept { return result_; }

 private:
  int sockets_[2] = {-1, -1};
  gnutls_session_t client_ = nullptr, server_ = nullptr;
  gnutls_certificate_credentials_t made_ = nullptr;
  PairResult result_;
};

}  // namespace signet
