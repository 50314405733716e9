#pragma once

#include "base/openssl_ptr.h"
#include "openssl_provider/counting_key.h"
#include "openssl_tls/inspector/recording.h"
#include <signet/identity.h>
#include <signet/testing/test_pki.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet {

// LockedKey is a key in the guise of one in a token that counts how often it was unlocked, and may be told to
// fail there or to lack schemes.
class LockedKey : public CountingKey {
 public:
  using CountingKey::CountingKey;
  void Unlock() override {
    ++unlocks;
    if (refuses_pin) {
      throw Error(
          {.code = ErrorCode::kWrongPin, .detail = "the PIN is wrong", .hint = "Enter the right one."});
    }
  }
  bool locked() const override { return unlocks == 0; }
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    if (sign_error) throw Error(*sign_error);
    return CountingKey::Sign(algorithm, input, signature);
  }
  std::vector<SignatureScheme> schemes() const override {
    return only_schemes.empty() ? CountingKey::schemes() : only_schemes;
  }

  std::atomic<int> unlocks = 0;
  bool refuses_pin = false;
  std::optional<Error> sign_error;
  std::vector<SignatureScheme> only_schemes;
};

// TokenIdentity is an identity with such a key.
struct TokenIdentity {
  explicit TokenIdentity(const testing::TestIdentity& made, const std::string& uri = "pkcs11:object=key");
  std::shared_ptr<LockedKey> key;
  Identity identity;
};

// ServerContext and ClientContext make one side of a handshake in `library`: a server with `own` that trusts
// `clients`, a client that trusts `trusted`.
OpenSslPtr<SSL_CTX> ServerContext(const testing::TestIdentity& own, const testing::TestIdentity& clients,
                                  int verify_mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
OpenSslPtr<SSL_CTX> ClientContext(const testing::TestIdentity& trusted, OSSL_LIB_CTX* library = nullptr);

// SetVersion binds a context to TLS "1.2" or "1.3".
void SetVersion(SSL_CTX* context, const std::string& version);

// MemoryHandshake is a connection between two contexts of this process, through memory.
class MemoryHandshake {
 public:
  MemoryHandshake(SSL_CTX* client, SSL_CTX* server);

  SSL* client() const noexcept { return client_.get(); }
  SSL* server() const noexcept { return server_.get(); }
  const Recorder& client_recorder() const noexcept { return client_recording_.recorder(); }
  const Recorder& server_recorder() const noexcept { return server_recording_.recorder(); }

  // Run continues until both sides are done or one failed; tells whether both are done.
  bool Run();
  // Exchange moves one byte each way, so that what came after the handshake is processed; tells whether it
  // could.
  bool Exchange();
  // ClientSubject is the common name of the certificate that the server has seen; empty for none.
  std::string ClientSubject() const { return CommonName(server()); }
  std::string ServerSubject() const { return CommonName(client()); }

 private:
  static std::string CommonName(SSL* connection);

  OpenSslPtr<SSL> client_;
  OpenSslPtr<SSL> server_;
  openssl::Recording client_recording_;
  openssl::Recording server_recording_;
};

}  // namespace signet
