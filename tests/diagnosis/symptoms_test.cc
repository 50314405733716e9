// What other programs print when client authentication fails, made with the programs themselves, and
// explained.
#include "applications/signet_command.h"
#include "base/openssl_ptr.h"
#include "diagnosis/explanation.h"
#include "diagnosis/provoked_texts.h"
#include "diagnosis/symptom_world.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::TestIdentity;
using World = SymptomWorld;
using Kind = World::Kind;

// Provocation makes a program print `text`.
struct Provocation {
  const char* program;
  const char* text;  // a Symptom's
  std::string (*print)();
  bool (*is_at_hand)() = nullptr;  // where not every version prints it
};

std::string LockedToken(unsigned long result) {
  const testing::SoftHsm hsm;
  const testing::WrappedModule module(hsm, {.faults = {{.function = "C_Login", .result = result}}});
  return World::Printed({"pkcs11-tool", "--module", module.path(), "--login", "--pin", "123456", "-O"});
}

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

TestIdentity OtherKey(const World& world) {
  TestIdentity identity = world.pki().Issue({});
  identity.private_key = world.pki().Issue({}).private_key;
  return identity;
}

constexpr Provocation kProvocations[] = {
    {"curl, of nginx", "No required SSL certificate was sent",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kNginx));
     }},
    {"curl, of nginx", "The SSL certificate error",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kNginx), world.CurlFiles(world.Stranger()));
     }},
    {"nginx", "client sent no required SSL certificate", [] { return World().ServerLog(Kind::kNginx); }},
    {"nginx", "client SSL certificate verify error",
     [] {
       const World world;
       return world.ServerLog(Kind::kNginx, world.CurlFiles(world.Stranger()));
     }},
    {"openssl s_server", "peer did not return a certificate",
     [] { return World().ServerLog(Kind::kOpenSsl); }},
    {"Java", "Empty client certificate chain", [] { return World().JavaServer(); }},
    {"Java, TLS 1.2", "Empty client certificate chain", [] { return World("1.2").JavaServer(); }},
    {"Java", "PKIX path building failed",
     [] {
       const World world;
       const World other;
       return world.Java(other.Server(Kind::kOpenSsl));
     }},
    {"Java", "keystore password was incorrect",
     [] {
       const World world;
       return world.Java(world.Server(Kind::kOpenSsl),
                         {"-Djavax.net.ssl.keyStore=" + world.Pkcs12File(world.pki().Issue({})),
                          "-Djavax.net.ssl.keyStorePassword=wrong"});
     }},
    {"Java", "alert certificate required",
     [] {
       const World world;
       return world.Java(world.Server(Kind::kOpenSsl));
     }},
    {"Python", "alert unknown ca",
     [] {
       const World world;
       const auto [certificate, key] = world.PemFiles(world.Stranger());
       return world.Python(world.Server(Kind::kOpenSsl), {certificate, key});
     }},
    {"curl", "SSL certificate verification failed",
     [] {
       const World world("1.2");
       return world.Curl(world.Server(Kind::kOpenSsl),
                         world.CurlFiles(world.pki().Issue(CertificateOptions{}.Expired())));
     }},
    {"Chromium", "ERR_BAD_SSL_CLIENT_AUTH_CERT",
     [] {
       const World world("1.2");
       return world.Chromium(world.Server(Kind::kOpenSsl));
     }},
    {"Firefox, TLS 1.2", "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
     [] {
       const World world("1.2");
       return world.Firefox(world.Server(Kind::kOpenSsl));
     }},
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
    {"curl", "ca md too weak", [] { return WithOther({.digest = "SHA1"}, "DEFAULT@SECLEVEL=2"); },
     JudgesOwnSignatures},
    {"curl", "ee key too small", [] { return WithOther({.key = "rsa:1024"}, "DEFAULT@SECLEVEL=2"); }},
    {"curl", "certificate has expired",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kOpenSsl, CertificateOptions::Server().Expired()));
     }},
    {"curl", "unsuitable certificate purpose",
     [] {
       const World world;
       auto client = CertificateOptions::Server();
       client.extended_key_usage = "clientAuth";
       return world.Curl(world.Server(Kind::kOpenSsl, client));
     }},
    {"curl", "unable to get local issuer certificate",
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
    {"curl", "self-signed certificate in certificate chain",
     [] {
       const World world;
       const World other;
       const auto server = world.Server(Kind::kOpenSsl);
       const auto nosier =
           world.Server(Kind::kOpenSsl, CertificateOptions::Server(), {"-cert_chain", server.trust_file()});
       return world.Curl(nosier, {"--cacert", other.PemFiles(other.pki().root()).first});
     }},
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
};

// What no program of Debian 12 or 13 prints by itself.
constexpr std::string_view kNotAtHand[] = {
    "null cert chain",                  // Java 8
    "ERR_SSL_CLIENT_AUTH_CERT_NEEDED",  // Chromium, of a person who takes no certificate
    "unsupported certificate purpose",  // OpenSSL 1.1.1
    "unregistered scheme",              // programs that print no more than the reason
};

class Provoked : public ::testing::TestWithParam<Provocation> {};

TEST_P(Provoked, TextIsExplained) {
  if (GetParam().is_at_hand != nullptr && !GetParam().is_at_hand())
    GTEST_SKIP() << "the versions at hand do not print it";
  const std::string printed = GetParam().print();
  const Symptom* symptom = FindSymptom(printed);
  ASSERT_NE(symptom, nullptr) << printed;
  EXPECT_EQ(symptom->text, GetParam().text) << printed;
}

std::string NameOfRow(const ::testing::TestParamInfo<Provocation>& row) {
  std::string name = fmt::format("{}_{}", row.index, row.param.text);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(By, Provoked, ::testing::ValuesIn(kProvocations), NameOfRow);

TEST(Symptoms, EachIsPrintedByARealProgramOfTheTests) {
  std::set<std::string_view> provoked(std::begin(kNotAtHand), std::end(kNotAtHand));
  for (const Provocation& row : kProvocations) provoked.insert(row.text);
  for (const AlertTexts& row : AlertsPrinted()) provoked.insert({row.words, row.number, row.firefox});
  for (const Symptom& symptom : Symptoms()) EXPECT_TRUE(provoked.contains(symptom.text)) << symptom.text;
}

TEST(Symptoms, CommandExplainsAnArgumentAndStandardInputAlike) {
  const World world;
  const std::string printed = world.Curl(world.Server(Kind::kNginx));
  const auto given = RunSignet({"doctor", "--symptom", printed});
  EXPECT_EQ(given.exit_status, 0);
  EXPECT_THAT(given.out, ::testing::HasSubstr("no identity was configured or loaded in this program"));
  const auto piped =
      testing::RunProgram({.argv = {SIGNET_COMMAND, "doctor", "--symptom", "-"}, .input = printed});
  EXPECT_EQ(piped.out, given.out);
}

}  // namespace
}  // namespace signet
