// What programs print of certificates that one side does not take.
#include "base/openssl_ptr.h"
#include "diagnosis/provocation.h"
#include "diagnosis/symptom_world.h"

#include <openssl/ssl.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using World = SymptomWorld;
using Kind = World::Kind;

std::string WithOther(const CertificateOptions& options, const char* cipher) {
  const World world;
  auto argv = world.CurlFiles(world.pki().Issue(options));
  argv.insert(argv.end(), {"--ciphers", cipher});
  return world.Curl(world.Server(Kind::kOpenSsl), argv);
}

// JudgesOwnSignatures asks libssl: OpenSSL 3.5.9 takes its own certificate however it is signed.
bool JudgesOwnSignatures() {
  const OpenSslPtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 2);
  const World world;
  const auto weak = world.pki().Issue({.digest = "SHA1"});
  return SSL_CTX_use_certificate(context.get(), weak.certificate.native()) != 1;
}

// Verified is what `openssl verify` says of a certificate of the world's CA.
std::string Verified(const World& world, const CertificateOptions& options, std::vector<std::string> more) {
  const testing::TestIdentity identity = world.pki().Issue(options);
  std::vector<std::string> argv = {"openssl", "verify", "-CAfile", world.RootFile()};
  argv.insert(argv.end(), more.begin(), more.end());
  argv.push_back(world.PemFiles(identity).first);
  return World::Printed(argv);
}

constexpr Provocation kProvocations[] = {
    {"curl", "ca md too weak", [] { return WithOther({.digest = "SHA1"}, "DEFAULT@SECLEVEL=2"); },
     JudgesOwnSignatures},
    {"curl", "ee key too small", [] { return WithOther({.key = "rsa:1024"}, "DEFAULT@SECLEVEL=2"); }},
    {"curl", "certificate problem: certificate has expired",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl, CertificateOptions::Server().Expired()));
     }},
    {"curl", "certificate problem: unsuitable certificate purpose",
     [] {
       const World world;
       auto client = CertificateOptions::Server();
       client.extended_key_usage = "clientAuth";
       return world.Curl(world.Server(Kind::kOpenSsl, client));
     }},
    {"curl", "certificate problem",
     [] {
       const World world;
       const World other;
       return world.Curl(world.Server(Kind::kOpenSsl),
                         {"--cacert", other.PemFiles(other.pki().root()).first});
     }},
    {"gnutls-cli", "The certificate is NOT trusted",
     [] {
       const World world;
       const auto server = world.Server(Kind::kOpenSsl);
       return World::Printed({"gnutls-cli", "-p", std::to_string(server.port()), "localhost"});
     }},
    {"curl, of a root that was sent", "certificate problem",
     [] {
       const World world;
       const World other;
       const auto server = world.Server(Kind::kOpenSsl);
       const auto nosier =
           world.Server(Kind::kOpenSsl, CertificateOptions::Server(), {"-cert_chain", server.trust_file()});
       return world.Curl(nosier, {"--cacert", other.PemFiles(other.pki().root()).first});
     }},
    {"curl", "no alternative certificate subject name matches",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl, CertificateOptions::Server("other.example")));
     }},
    {"Python", "certificate verify failed: certificate has expired",
     [] {
       const World world;
       return world.Python(world.Server(Kind::kOpenSsl, CertificateOptions::Server().Expired()));
     }},
    {"Python", "CERTIFICATE_VERIFY_FAILED",
     [] {
       const World world;
       auto client = CertificateOptions::Server();
       client.extended_key_usage = "clientAuth";
       return world.Python(world.Server(Kind::kOpenSsl, client));
     }},
    {"openssl verify", "certificate has expired",
     [] { return Verified(World(), CertificateOptions().Expired(), {}); }},
    {"openssl verify", "unsuitable certificate purpose",
     [] {
       return Verified(World(), CertificateOptions(), {"-purpose", "sslserver"});
     }},
    {"openssl verify", "unable to get local issuer certificate",
     [] {
       const World world;
       return World::Printed({"openssl", "verify", world.PemFiles(world.Stranger()).first});
     }},
    {"openssl verify", "self-signed certificate",
     [] {
       const World world;
       return World::Printed({"openssl", "verify", world.PemFiles(world.pki().root()).first});
     }},
};

}  // namespace

std::span<const Provocation> VerificationProvocations() { return kProvocations; }

}  // namespace signet
