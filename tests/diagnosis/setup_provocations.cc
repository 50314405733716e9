// What programs print of their own keys and configuration.
#include "diagnosis/provocation.h"
#include "diagnosis/symptom_world.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <openssl/opensslv.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::TestIdentity;
using World = SymptomWorld;
using Kind = World::Kind;

std::string LockedToken(unsigned long result) {
  const testing::SoftHsm hsm;
  const testing::WrappedModule module(hsm, {.faults = {{.function = "C_Login", .result = result}}});
  return World::Printed({"pkcs11-tool", "--module", module.path(), "--login", "--pin", "123456", "-O"});
}

TestIdentity OtherKey(const World& world) {
  TestIdentity identity = world.pki().Issue({});
  identity.private_key = world.pki().Issue({}).private_key;
  return identity;
}

constexpr Provocation kProvocations[] = {
    {"Python", "key values mismatch",
     [] {
       const World world;
       const auto [certificate, key] = world.PemFiles(OtherKey(world));
       return world.Python(world.Server(Kind::kOpenSsl), {certificate, key});
     }},
    {"openssl rand", "unable to fetch drbg",
     [] {
       return World::Printed({"openssl", "rand", "4"}, World().OnlyProvider("null"));
     }},
    {"openssl pkcs12", "Algorithm (RC2",
     [] {
       const World world;
       const auto file = world.Pkcs12File(world.pki().Issue({}), {.certificate_cipher = "PBE-SHA1-RC2-40"});
       return World::Printed({"openssl", "pkcs12", "-in", file, "-passin", "pass:secret"});
     }},
    {"curl", "could not parse PKCS12 file, check password, OpenSSL error error:0308010C",
     [] {
       const World world;
       const auto file = world.Pkcs12File(world.pki().Issue({}), {.certificate_cipher = "PBE-SHA1-RC2-40"});
       return world.Curl(world.Server(Kind::kOpenSsl), {"--cert-type", "P12", "--cert", file + ":secret"});
     }},
    {"openssl pkcs12", "mac verify",
     [] {
       const World world;
       return World::Printed(
           {"openssl", "pkcs12", "-in", world.Pkcs12File(world.pki().Issue({})), "-passin", "pass:wrong"});
     }},
    {"openssl s_client", "library has no ciphers",
     [] {
       const World world;
       return World::Printed({"openssl", "s_client", "-connect", "localhost:1"}, world.OnlyProvider("base"));
     }},
    {"curl", "insufficient randomness",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl), {}, world.OnlyProvider("null"));
     }},
    {"openssl pkey", "Scheme (pkcs11",
     [] {
       return World::Printed({"openssl", "pkey", "-in", "pkcs11:object=a"});
     }},
    {"openssl pkey", "Scheme (pkcs12",
     [] {
       return World::Printed({"openssl", "pkey", "-in", "pkcs12:a"});
     }},
    {"openssl pkey", "at least one of the default or base providers",
     [] {
       const World world;
       return World::Printed({"openssl", "pkey", "-in", world.PemFiles(world.Stranger()).second},
                             world.OnlyProvider("null"));
     }},
    {"openssl pkey", "No such file or directory",
     [] {
       return World::Printed({"openssl", "pkey", "-in", "/none.key"});
     }},
    {"nginx", "DECODER routines::unsupported",
     [] {
       const World world;
       try {
         world.Server(Kind::kNginx, CertificateOptions::Server(),
                      {"ssl_certificate " + world.PemFiles(world.Stranger()).first + ";",
                       "ssl_certificate_key " + world.Pointer() + ";"});
       } catch (const std::runtime_error& error) {
         return std::string(error.what());
       }
       return std::string();
     }},
    {"openssl pkey", "OSSL_DECODER_from_bio:unsupported",
     [] {
       return World::Printed({"openssl", "pkey", "-in", World().Pointer()});
     }},
    {"openssl pkey", "ossl_store_handle_load_result:unsupported",
     [] {
       return World::Printed({"openssl", "pkey", "-in", World().Pointer("pkcs11:token=x;object=y")});
     }},
    {"openssl s_server", "no suitable signature algorithm",
     [] {
       const World world;
       auto server = world.Server(Kind::kOpenSsl);
       World::Printed({"openssl", "s_client", "-connect", server.address(), "-sigalgs", "ed25519"});
       std::this_thread::sleep_for(std::chrono::milliseconds(300));
       return server.output();
     }},
    {"openssl s_server", "no shared cipher",
     [] {
       const World world("1.2");
       auto server = world.Server(Kind::kOpenSsl);
       world.Curl(server, {"--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"});
       std::this_thread::sleep_for(std::chrono::milliseconds(300));
       return server.output();
     }},
    {"pkcs11-tool", "CKR_PIN_LOCKED", [] { return LockedToken(0xa4); }},
    {"pkcs11-tool", "CKR_PIN_INCORRECT", [] { return LockedToken(0xa0); }},
    {"curl", "unable to set private key file",
     [] {
       const World world;
       const auto file = world.PemFiles(world.pki().Issue({})).first;
       return world.Curl(world.Server(Kind::kOpenSsl), {"--cert", file, "--key", file});
     }},
    {"Python", "PEM lib",
     [] {
       const World world;
       const auto file = world.PemFiles(world.pki().Issue({})).first;
       return world.Python(world.Server(Kind::kOpenSsl), {file, file});
     }},
    {"curl", "no start line",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl), {"--cert", world.Pkcs12File(world.pki().Issue({}))});
     }},
    {"curl", "curl: (77)",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl), {"--cacert", "/none.pem"});
     }},
    {"curl", "curl: (53)",
     [] {
       return World::Printed({"curl", "-sS", "--engine", "none", "https://localhost:1/"});
     },
     [] { return !OPENSSL_VERSION_PREREQ(3, 2); }},  // curl of Debian 12
    {"nginx", "ENGINE_by_id",
     [] {
       const World world;
       try {
         world.Server(Kind::kNginx, CertificateOptions::Server(),
                      {"ssl_certificate " + world.PemFiles(world.Stranger()).first + ";",
                       "ssl_certificate_key engine:none:pkcs11:object=a;"});
       } catch (const std::runtime_error& error) {
         return std::string(error.what());
       }
       return std::string();
     }},
    {"openssl list", "dlfcn_load",
     [] {
       return World::Printed({"openssl", "list", "-providers", "-provider", "none"});
     }},
    {"openssl dgst", "Could not read private key",
     [] {
       const World world;
       const auto file = world.PemFiles(world.pki().Issue({})).first;
       return World::Printed({"openssl", "dgst", "-sha256", "-sign", file, file});
     },
     [] { return !OPENSSL_VERSION_PREREQ(3, 2); }},
};

}  // namespace

std::span<const Provocation> SetupProvocations() { return kProvocations; }

}  // namespace signet
