// Fetches a page from a server that asks for a client certificate, with Botan 2.19 or 3.
//   botan_client HOST PORT CA.pem IDENTITY-URI...
#include <signet/botan_credentials.h>
#include <signet/identity_source.h>

#include <iostream>

#include <botan/auto_rng.h>
#include <botan/certstor_flatfile.h>
#include <botan/tls_client.h>
#include <netdb.h>
#if BOTAN_VERSION_MAJOR >= 3
#include <botan/tls_session_manager_noop.h>
#endif

struct Trust : Botan::Credentials_Manager {  // what the application has anyway
  explicit Trust(const std::string& file) : store(file) {}
  using Stores = std::vector<Botan::Certificate_Store*>;
  Stores trusted_certificate_authorities(const std::string&, const std::string&) override { return {&store}; }
  Botan::Flatfile_Certificate_Store store;
};
struct Connection : Botan::TLS::Callbacks {
  explicit Connection(int to) : socket(to) {}
#if BOTAN_VERSION_MAJOR >= 3
  void tls_emit_data(std::span<const uint8_t> data) override { Send(data.data(), data.size()); }
  void tls_record_received(uint64_t, std::span<const uint8_t> data) override {
    Print(data.data(), data.size());
  }
#else
  void tls_emit_data(const uint8_t data[], size_t size) override { Send(data, size); }
  void tls_record_received(uint64_t, const uint8_t data[], size_t size) override { Print(data, size); }
  bool tls_session_established(const Botan::TLS::Session&) override { return false; }
#endif
  void tls_alert(Botan::TLS::Alert alert) override { std::cerr << alert.type_string() << "\n"; }
  void Send(const uint8_t* data, size_t size) { send(socket, data, size, MSG_NOSIGNAL); }
  void Print(const uint8_t* data, size_t size) {
    answered = std::cout.write(reinterpret_cast<const char*>(data), size).good();
  }
  bool answered = false;
  int socket;
};

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: botan_client HOST PORT CA.pem IDENTITY-URI...");
  const signet::IdentitySource source;
  std::vector<signet::Identity> identities;
  for (int i = 4; i < argc; ++i) identities.push_back(source.Open(argv[i]));
  const auto policy = std::make_shared<Botan::TLS::Text_Policy>("require_cert_revocation_info = false\n");
  addrinfo* found = nullptr;
  if (getaddrinfo(argv[1], argv[2], nullptr, &found) != 0) throw std::runtime_error("unknown host");
  int to = -1;
  for (const addrinfo* it = found; it != nullptr && to < 0; it = it->ai_next) {
    to = socket(it->ai_family, SOCK_STREAM, 0);
    if (connect(to, it->ai_addr, it->ai_addrlen) != 0) to = -1;
  }
  freeaddrinfo(found);
  if (to < 0) throw std::runtime_error("cannot connect to " + std::string(argv[1]));
  const auto manager = signet::botan::CredentialsManager::Make(
      signet::IdentitySet(std::move(identities)), std::make_shared<Trust>(argv[3]), {policy, {}});
  const auto events = std::make_shared<signet::botan::Callbacks<Connection>>(manager, to);
  const auto random = std::make_shared<Botan::AutoSeeded_RNG>();
  const auto sessions = std::make_shared<Botan::TLS::Session_Manager_Noop>();
#if BOTAN_VERSION_MAJOR >= 3
  Botan::TLS::Client client(events, sessions, manager, policy, random, {argv[1]});
#else
  Botan::TLS::Client client(*events, *sessions, *manager, *policy, *random, {argv[1]});
#endif
  bool asked = false;
  uint8_t part[4096];
  for (ssize_t size = 0; !client.is_closed() && (size = recv(to, part, sizeof part, 0)) > 0;) {
    client.received_data(part, size);
    if (client.is_active() && !std::exchange(asked, true)) client.send("GET / HTTP/1.0\r\n\r\n");
  }
  if (const auto decision = manager->last_decision()) std::cerr << decision->Explain();
  return events->answered ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
