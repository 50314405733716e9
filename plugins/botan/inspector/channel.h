#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <botan/auto_rng.h>
#include <botan/tls_client.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#if BOTAN_VERSION_MAJOR >= 3
#include <botan/tls_session_manager_memory.h>
#endif

#include "botan/version.h"

// What differs between Botan 2.19 and Botan 3 in running a TLS connection, which only the probe does.
namespace signet::botan {

inline constexpr bool kHasTls13 = SIGNET_BOTAN_3;
#if SIGNET_BOTAN_3
inline constexpr auto kBadCertificateAlert = Botan::TLS::Alert::BadCertificate;
#else
inline constexpr auto kBadCertificateAlert = Botan::TLS::Alert::BAD_CERTIFICATE;
#endif

// ChannelPolicy is the probe's: TLS 1.2 and 1.3 or one of them, regardless of the server's chain about
// revocation.
class ChannelPolicy : public Botan::TLS::Policy {
 public:
  explicit ChannelPolicy(bool tls12 = true, bool tls13 = true) : tls12_(tls12), tls13_(tls13) {}

  bool require_cert_revocation_info() const override { return false; }
  bool allow_tls12() const override { return tls12_; }
  bool require_client_certificate_authentication() const override { return true; }
#if SIGNET_BOTAN_3
  bool allow_tls13() const override { return tls13_; }
  bool allow_ssl_key_log_file() const override { return true; }
#else
  bool allow_tls10() const override { return false; }
  bool allow_tls11() const override { return false; }
#endif

 private:
  bool tls12_;
  [[maybe_unused]] bool tls13_;
};

// ChannelEvents are Botan's callbacks in neutral terms.
class ChannelEvents : public Botan::TLS::Callbacks {
 public:
#if SIGNET_BOTAN_3
  void tls_emit_data(std::span<const std::uint8_t> data) override { Emit(data); }
  void tls_record_received(std::uint64_t, std::span<const std::uint8_t> data) override { Take(data); }
  void tls_verify_cert_chain(const Chain& chain,
                             const std::vector<std::optional<Botan::OCSP::Response>>& ocsp,
                             const std::vector<Botan::Certificate_Store*>& trusted, Botan::Usage_Type usage,
                             std::string_view, const Botan::TLS::Policy& policy) override {
    Verify(
        [&](const std::string& host) {
          Botan::TLS::Callbacks::tls_verify_cert_chain(chain, ocsp, trusted, usage, host, policy);
        },
        chain);
  }
  void tls_ssl_key_log_data(std::string_view label, std::span<const std::uint8_t>,
                            std::span<const std::uint8_t> secret) const override {
    KeyLog(std::string(label), secret);
  }
#else
  void tls_emit_data(const std::uint8_t data[], std::size_t size) override { Emit({data, size}); }
  void tls_record_received(std::uint64_t, const std::uint8_t data[], std::size_t size) override {
    Take({data, size});
  }
  bool tls_session_established(const Botan::TLS::Session&) override { return true; }
  void tls_verify_cert_chain(const Chain& chain,
                             const std::vector<std::shared_ptr<const Botan::OCSP::Response>>& ocsp,
                             const std::vector<Botan::Certificate_Store*>& trusted, Botan::Usage_Type usage,
                             const std::string&, const Botan::TLS::Policy& policy) override {
    Verify(
        [&](const std::string& host) {
          Botan::TLS::Callbacks::tls_verify_cert_chain(chain, ocsp, trusted, usage, host, policy);
        },
        chain);
  }
#endif
  void tls_alert(Botan::TLS::Alert alert) override {
    AlertReceived(alert.is_fatal(), static_cast<std::uint8_t>(alert.type()));
  }

 protected:
  virtual void Emit(Bytes data) = 0;
  virtual void Take(Bytes data) = 0;
  virtual void AlertReceived(bool fatal, std::uint8_t description) = 0;
  // Verify judges the peer's chain by `verify`, which throws if the chain is not trusted or does not carry
  // `host` (empty: any), and may throw for reasons of its own.
  virtual void Verify(const std::function<void(const std::string& host)>& verify, const Chain& chain) = 0;
  virtual void KeyLog(const std::string& label, Bytes secret) const = 0;
};

// Parts are what several connections share.
struct Parts {
  std::shared_ptr<Botan::RandomNumberGenerator> random = std::make_shared<Botan::AutoSeeded_RNG>();
#if SIGNET_BOTAN_3
  std::shared_ptr<Botan::TLS::Session_Manager> sessions =
      std::make_shared<Botan::TLS::Session_Manager_In_Memory>(random);
#else
  std::shared_ptr<Botan::TLS::Session_Manager> sessions =
      std::make_shared<Botan::TLS::Session_Manager_In_Memory>(*random);
#endif
  std::shared_ptr<const Botan::TLS::Policy> policy;
  std::shared_ptr<Botan::Credentials_Manager> credentials;
};

// MakeClient and MakeServer give a channel; Botan 2 keeps references to all that is passed.
inline std::unique_ptr<Botan::TLS::Channel> MakeClient(const std::shared_ptr<Botan::TLS::Callbacks>& events,
                                                       const Parts& parts, const std::string& host,
                                                       std::uint16_t port) {
  const Botan::TLS::Server_Information server(host, port);
#if SIGNET_BOTAN_3
  const auto version = parts.policy->allow_tls13() ? Botan::TLS::Protocol_Version::TLS_V13
                                                   : Botan::TLS::Protocol_Version::TLS_V12;
  return std::make_unique<Botan::TLS::Client>(events, parts.sessions, parts.credentials, parts.policy,
                                              parts.random, server, version);
#else
  return std::make_unique<Botan::TLS::Client>(*events, *parts.sessions, *parts.credentials, *parts.policy,
                                              *parts.random, server, Botan::TLS::Protocol_Version::TLS_V12);
#endif
}

inline std::unique_ptr<Botan::TLS::Channel> MakeServer(const std::shared_ptr<Botan::TLS::Callbacks>& events,
                                                       const Parts& parts) {
#if SIGNET_BOTAN_3
  return std::make_unique<Botan::TLS::Server>(events, parts.sessions, parts.credentials, parts.policy,
                                              parts.random);
#else
  return std::make_unique<Botan::TLS::Server>(*events, *parts.sessions, *parts.credentials, *parts.policy,
                                              *parts.random);
#endif
}

// IsComplete tells whether both sides have finished: a TLS 1.3 server may send before the client has even
// shown who it is, and Botan 3 calls that active.
inline bool IsComplete(const Botan::TLS::Channel& channel) {
#if SIGNET_BOTAN_3
  return channel.is_handshake_complete();
#else
  return channel.is_active();
#endif
}

// FinishedOf gives a TLS 1.2 Finished message as it was on the wire, before encryption; nothing for other
// messages.
inline std::optional<ByteVector> FinishedOf(const Botan::TLS::Handshake_Message& message) {
  const auto* finished = dynamic_cast<const Botan::TLS::Finished*>(&message);
  if (finished == nullptr) return std::nullopt;
  const auto data = finished->verify_data();
  ByteVector bytes = {20, 0, 0, static_cast<std::uint8_t>(data.size())};
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

}  // namespace signet::botan
