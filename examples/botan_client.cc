// Fetches a page from a server that asks for a client certificate, with Botan 2.19 or 3.
//   botan_client HOST PORT CA.pem IDENTITY-URI...
#include "connect.h"
#include <signet/botan_credentials.h>
#include <signet/identity_source.h>

#include <iostream>

#include <botan/auto_rng.h>
#include <botan/certstor_flatfile.h>
#include <botan/tls_client.h>
#include <botan/tls_session_manager.h>
#if BOTAN_VERSION_MAJOR >= 3
#include <botan/tls_session_manager_noop.h>
#endif

struct Trust : Botan::Credentials_Manager {  // what the application has anyway
  explicit Trust(const std::string& file) : store(file) {}
  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(const std::string&,
                                                                         const std::string&) override {
    return {&store};
  }
  Botan::Flatfile_Certificate_Store store;
};

struct Policy : Botan::TLS::Policy {
  bool require_cert_revocation_info() const override { return false; }
};

struct Connection : Botan::TLS::Callbacks {
  explicit Connection(int to) : socket(to) {}
#if BOTAN_VERSION_MAJOR >= 3
  void tls_emit_data(std::span<const uint8_t> data) override { SendAll(socket, data.data(), data.size()); }
  void tls_record_received(uint64_t, std::span<const uint8_t> data) override {
    Print(data.data(), data.size());
  }
#else
  void tls_emit_data(const uint8_t data[], size_t size) override { SendAll(socket, data, size); }
  void tls_record_received(uint64_t, const uint8_t data[], size_t size) override { Print(data, size); }
  bool tls_session_established(const Botan::TLS::Session&) override { return false; }
#endif
  void tls_alert(Botan::TLS::Alert alert) override { std::cerr << alert.type_string() << "\n"; }
  void Print(const uint8_t* data, size_t size) {
    answered = std::cout.write(reinterpret_cast<const char*>(data), size).good();
  }
  int socket;
  bool answered = false;
};

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: botan_client HOST PORT CA.pem IDENTITY-URI...");
  const signet::IdentitySource source;
  std::vector<signet::Identity> identities;
  for (int i = 4; i < argc; ++i) identities.push_back(source.Open(argv[i]));
  const auto policy = std::make_shared<Policy>();
  const auto manager = signet::botan::CredentialsManager::Make(
      signet::IdentitySet(std::move(identities)), std::make_shared<Trust>(argv[3]), {policy, {}});
  const int socket = ConnectTo(argv[1], argv[2]);
  const auto events = std::make_shared<signet::botan::Callbacks<Connection>>(manager, socket);
  const auto random = std::make_shared<Botan::AutoSeeded_RNG>();
  const auto sessions = std::make_shared<Botan::TLS::Session_Manager_Noop>();
#if BOTAN_VERSION_MAJOR >= 3
  Botan::TLS::Client client(events, sessions, manager, policy, random, {argv[1]});
#else
  Botan::TLS::Client client(*events, *sessions, *manager, *policy, *random, {argv[1]});
#endif
  const std::string request = "GET / HTTP/1.0\r\nHost: " + std::string(argv[1]) + "\r\n\r\n";
  bool asked = false;
  uint8_t part[4096];
  for (ssize_t size = 0; !client.is_closed() && (size = recv(socket, part, sizeof part, 0)) > 0;) {
    client.received_data(part, size);
    if (client.is_active() && !std::exchange(asked, true)) client.send(request);
  }
  if (const auto decision = manager->last_decision()) std::cerr << decision->Explain();
  return events->answered ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
