// Handshakes with keys that sign no digests: their tokens hash the message themselves.
#include "openssl_tls/memory_handshake.h"
#include "pkcs11/module/cryptoki.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::SoftHsm;
using testing::TestPki;
using testing::WrappedModule;

struct Case {
  std::string name;
  std::string version;
  std::string key;
  std::vector<unsigned long> allowed;
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

class HashAndSignHandshake : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Tls, HashAndSignHandshake,
    ::testing::Values(Case{"EcTls12", "1.2", "ec:P-256", {CKM_ECDSA_SHA256}},
                      Case{"EcTls13", "1.3", "ec:P-256", {CKM_ECDSA_SHA256}},
                      Case{"P384Tls13", "1.3", "ec:P-384", {CKM_ECDSA_SHA256, CKM_ECDSA_SHA384}},
                      Case{"RsaTls12", "1.2", "rsa:2048", {CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS}},
                      Case{"RsaTls13", "1.3", "rsa:2048", {CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS}},
                      Case{"RsaPssTls12", "1.2", "rsa-pss:2048", {CKM_SHA256_RSA_PKCS_PSS}},
                      Case{"RsaPssTls13", "1.3", "rsa-pss:2048", {CKM_SHA256_RSA_PKCS_PSS}}),
    [](const auto& one) { return one.param.name; });

// SetSigalgs keeps the handshake to the hash that the keys here have.
void SetSigalgs(SSL_CTX* context, const std::string& key) {
  const char* const list = key == "ec:P-384" ? "ecdsa_secp384r1_sha384"
                           : key == "ec:P-256"
                               ? "ecdsa_secp256r1_sha256"
                               : "rsa_pss_rsae_sha256:rsa_pss_pss_sha256:ecdsa_secp256r1_sha256";
  EXPECT_EQ(SSL_CTX_set1_sigalgs_list(context, list), 1);
}

TEST_P(HashAndSignHandshake, SucceedsForAClientAndForAServer) {
  const TestPki pki(CertificateOptions::Ca("Root"));
  SoftHsm hsm;
  CertificateOptions options = CertificateOptions::Server();
  options.key = GetParam().key;
  options.extended_key_usage = "";
  hsm.Import(pki.Issue(options), {});
  WrappedModule module(hsm, {.allowed_mechanisms = GetParam().allowed, .ecdsa_hashes = true});
  Settings settings;
  settings.modules = {module.path()};
  const Identity identity = IdentitySource(settings).Open(hsm.ObjectUri("\x01", true));
  const auto server = ServerContext(pki.Issue(CertificateOptions::Server()), pki.root());
  const OpenSslPtr<SSL_CTX> own_server(SSL_CTX_new(TLS_server_method()));
  openssl::UseIdentity(own_server.get(), identity);
  const auto client = ClientContext(pki.root());
  openssl::UseIdentity(client.get(), identity);
  SetSigalgs(own_server.get(), GetParam().key);
  for (SSL_CTX* context : {server.get(), own_server.get(), client.get()})
    SetVersion(context, GetParam().version);
  if (GetParam().key != "ec:P-384") SetSigalgs(server.get(), GetParam().key);
  for (SSL_CTX* context : {server.get(), own_server.get()}) {
    module.Reset();
    MemoryHandshake handshake(client.get(), context);
    EXPECT_TRUE(handshake.Run());
    EXPECT_TRUE(handshake.Exchange());
    EXPECT_EQ(module.Count("C_Sign"), 1u);
  }
}

}  // namespace
}  // namespace signet
