#include "openssl_tls/request_table.h"

#include "base/openssl_error.h"
#include "inspector/socket.h"
#include "openssl_tls/inspector/connection.h"
#include "openssl_tls/native.h"
#include <signet/openssl_tls.h>

#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {

using testing::CertificateOptions;
using testing::TestIdentity;
using testing::TestPki;

std::vector<Request> Requests() {
  std::vector<Request> requests;
  for (const char* authorities : {"", "a", "b", "ab", "c"}) {
    for (const char* schemes :
         {"rsa_pss_rsae_sha256:RSA+SHA256", "ECDSA+SHA256:ECDSA+SHA384", "ed25519:rsa_pss_rsae_sha512",
          "RSA+SHA256:ECDSA+SHA256:ECDSA+SHA384:ed25519:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384"}) {
      for (const int level : {1, 2}) requests.push_back({authorities, schemes, level, "P-256:P-384"});
    }
  }
  requests.push_back({"a", "ECDSA+SHA256", 2, "P-384"});
  requests.push_back({"b", "ECDSA+SHA256", 2, "X25519"});
  requests.push_back({"", "ECDSA+SHA256", 0, "P-256:brainpoolP256r1"});
  requests.push_back({"", "RSA+SHA1:rsa_pss_rsae_sha256", 3, "P-256"});
  return requests;
}

RequestTable::RequestTable() {
  const auto later = [](CertificateOptions options, int minutes) {
    options.not_before += std::chrono::minutes(minutes);
    return options;
  };
  // Identities that must not be selected are newer, so they rank first.
  Add(a_.Issue(later({.key = "rsa:1024", .common_name = "small"}, 50)));
  Add(b_.Issue(later({.key = "rsa:2048", .common_name = "sha1", .digest = "SHA1"}, 49)));
  Add(a_.Issue(later({.key = "ec:brainpoolP256r1", .common_name = "brainpool"}, 48)));
  Add(a_.Issue(later({.common_name = "mail", .extensions = {{"nsCertType", "email"}}}, 47)));
  Add(b_.Issue(later({.common_name = "server", .extended_key_usage = "serverAuth"}, 46)));
  Add(a_.Issue(CertificateOptions{.key = "rsa:2048", .common_name = "expired"}.Expired()));
  Add(a_.Issue({.key = "rsa:2048", .common_name = "rsa"}));
  Add(b_.Issue({.key = "ec:P-384", .common_name = "p384"}));
  Add(a_.Issue({.key = "ed25519", .common_name = "edwards"}));
  AddCrossSigned();
}

void RequestTable::Add(const TestIdentity& made, const std::vector<Certificate>& issuers) {
  const auto key = std::make_shared<LockedKey>(made);
  identities_.push_back(Identity::Make(CertificateChain(made.certificate, issuers), key,
                                       Identity::Source::kPkcs11,
                                       fmt::format("pkcs11:object={}", identities_.size())));
}

// AddCrossSigned has an intermediate that both roots certified, root A with SHA-1.
void RequestTable::AddCrossSigned() {
  CertificateOptions weak = CertificateOptions::Ca("Crossed");
  weak.digest = "SHA1";
  weak.not_after += std::chrono::hours(1);
  const TestIdentity by_a = a_.Issue(weak);
  const TestIdentity by_b = TestPki::CertifyFrom(b_.root(), by_a.certificate.subject_public_key_info(),
                                                 CertificateOptions::Ca("Crossed"));
  Add(TestPki::IssueFrom(by_a, {.common_name = "crossed"}),
      {by_a.certificate, a_.root().certificate, by_b.certificate, b_.root().certificate});
}

OpenSslPtr<SSL_CTX> RequestTable::Server(const Request& request, const std::string& version) const {
  auto context = openssl::MakeContext(nullptr, TLS_server_method(), std::nullopt);
  SetVersion(context.get(), version);
  SSL_CTX_set_security_level(context.get(), 0);
  // A server of TLS 1.2 takes keys on its own groups only, and tells nobody which these are.
  CheckOpenSsl(
      static_cast<int>(SSL_CTX_set1_groups_list(context.get(), "X25519:P-256:P-384:brainpoolP256r1")),
      "SSL_CTX_set1_groups_list");
  openssl::UseIdentity(context.get(), server_);
  for (const char letter : request.authorities.empty() ? std::string("abc") : request.authorities) {
    const auto root = openssl::NativeCertificate(Root(letter).root().certificate, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root.get());
    if (!request.authorities.empty()) SSL_CTX_add_client_CA(context.get(), root.get());
  }
  CheckOpenSsl(static_cast<int>(SSL_CTX_set1_client_sigalgs_list(context.get(), request.schemes.c_str())),
               "SSL_CTX_set1_client_sigalgs_list");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

std::string NameOfClient(SSL_CTX* context, const std::function<void(std::uint16_t port)>& connect) {
  const Socket listener = Socket::Listen("127.0.0.1", 0);
  std::string presented = "failed";
  std::thread server([&] {
    const Socket socket = listener.Accept(std::chrono::seconds(10));
    const OpenSslPtr<SSL> connection(SSL_new(context));
    SSL_set_fd(connection.get(), socket.get());
    char request_line[100];
    if (SSL_accept(connection.get()) != 1) return;
    if (SSL_read(connection.get(), request_line, sizeof request_line) <= 0) return;
    SSL_write(connection.get(), "done\n", 5);
    SSL_shutdown(connection.get());
    X509* leaf = SSL_get0_peer_certificate(connection.get());
    char name[100] = "";
    if (leaf != nullptr)
      X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof name);
    presented = name;
  });
  connect(listener.port());
  server.join();
  return presented;
}

namespace {

// AnyCan presents each identity by itself.
bool AnyCan(const RequestTable& table, const Request& request, const Presenter& present) {
  for (const Identity& identity : table.identities()) {
    for (const Identity& alternative : Alternatives(identity)) {
      const std::string presented = present(request, {alternative}, nullptr);
      if (!presented.empty() && presented != "failed") return true;
    }
  }
  return false;
}

}  // namespace

void ExpectEveryRequestAnswered(const RequestTable& table, const Presenter& present) {
  int met = 0;
  for (const Request& request : Requests()) {
    SCOPED_TRACE(fmt::format("[{}] {}", request.authorities, request.schemes));
    std::string why;
    const std::string presented = present(request, table.identities(), &why);
    EXPECT_NE(presented, "failed") << why;
    if (presented.empty()) {
      EXPECT_FALSE(AnyCan(table, request, present)) << why;
    } else {
      ++met;
    }
  }
  EXPECT_GE(met, 15);
}

std::vector<Identity> Alternatives(const Identity& identity) {
  std::vector<Identity> all;
  for (const auto& path : identity.chain().paths()) {
    for (std::size_t size = 1; size <= path.size(); ++size) {
      all.push_back(identity.WithChain(
          identity.chain().WithPath({path.begin(), path.begin() + static_cast<std::ptrdiff_t>(size)})));
    }
  }
  return all;
}

}  // namespace signet
