#include "openssl_provider/key_store.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/pem_uri.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::BackgroundProcess;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::Optional;
using testing::ProcessResult;
using testing::TestIdentity;
using testing::TestPki;

struct Row {
  const char* name;
  Where where;
  const char* key;
};

// OpenSslCommand types the lines that a user of the openssl command types, with our URIs; each must end with
// status 0 also on its way out of the process.
class OpenSslCommand : public ::testing::TestWithParam<Row> {
 protected:
  static CertificateOptions Options() {
    CertificateOptions options = CertificateOptions::Ca("alice");
    options.key = GetParam().key;
    options.key_usage = "critical,digitalSignature,keyCertSign,keyEncipherment,keyAgreement";
    options.extended_key_usage = "";
    return options;
  }
  bool edwards() const { return std::string_view(GetParam().key).starts_with("ed"); }
  bool pss_only() const { return std::string_view(GetParam().key).starts_with("rsa-pss"); }
  void Works(const std::string& verb, std::vector<std::string> arguments) {
    result_ = store_.OpenSsl(verb, std::move(arguments));
    EXPECT_EQ(result_.exit_status, 0) << verb << ", signal " << result_.signal << "\n" << result_.err;
  }

  void SignByCms(const std::string& key, std::vector<std::string> options) {
    // OpenSSL does not see by itself what a key for PSS alone needs.
    if (pss_only()) options = {"-keyopt", "rsa_padding_mode:pss"};
    store_.Write("message", "the message\n");
    std::vector<std::string> arguments = {"-sign",  "-in", "message", "-signer",    "certificate.pem",
                                          "-inkey", key,   "-out",    "message.cms"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    Works("cms", arguments);
    Works("cms", {"-verify", "-in", "message.cms", "-CAfile", "root.pem", "-purpose", "any"});
    EXPECT_THAT(result_.out, HasSubstr("the message"));
  }
  // LogIn has s_client log in to s_server, both with this identity.
  void LogIn(const std::string& certificate, const std::string& key, const std::string& version) {
    SCOPED_TRACE(version);
    const auto port = std::to_string(testing::FreePort());
    const auto command = [&](const std::string& verb, std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), {"-cert", certificate, "-key", key, "-CAfile", "root.pem",
                                         "-verify_return_error", version});
      return store_.Command(KeyStore::WithProviders(verb, std::move(arguments)));
    };
    BackgroundProcess server(
        command("s_server", {"-accept", "127.0.0.1:" + port, "-Verify", "1", "-naccept", "1"}));
    ASSERT_TRUE(server.WaitForLine("ACCEPT")) << server.output();
    auto client = command("s_client", {"-connect", "127.0.0.1:" + port});
    client.input = "Q\n";
    const ProcessResult result = testing::RunProgram(client);
    EXPECT_EQ(result.exit_status, 0) << result.err << server.output();
    EXPECT_THAT(server.WaitForLine("depth=0"), Optional(HasSubstr("alice"))) << server.output();
    const auto end = server.WaitForEnd();
    ASSERT_TRUE(end) << server.output();
    EXPECT_EQ(end->exit_status, 0) << server.output();
  }

  const TestPki pki_;
  const TestIdentity identity_ = pki_.Issue(Options());
  const KeyStore store_{GetParam().where, identity_};
  const std::string uri_ = store_.uri();
  ProcessResult result_;
};

TEST_P(OpenSslCommand, PkeyWritesThePublicKeyThatTheCertificateHas) {
  Works("pkey", {"-in", uri_, "-pubout"});
  const std::string from_key = result_.out;
  Works("x509", {"-in", "certificate.pem", "-noout", "-pubkey"});
  EXPECT_EQ(from_key, result_.out);
  EXPECT_THAT(from_key, HasSubstr("BEGIN PUBLIC KEY"));
}

TEST_P(OpenSslCommand, ReqMakesARequestThatVerifies) {
  Works("req", {"-new", "-key", uri_, "-subj", "/CN=alice", "-out", "request.pem"});
  Works("req", {"-in", "request.pem", "-noout", "-verify"});
  Works("req", {"-new", "-x509", "-key", uri_, "-subj", "/CN=alice", "-out", "self.pem"});
  Works("verify", {"-CAfile", "self.pem", "self.pem"});
}

TEST_P(OpenSslCommand, X509SignsAsACertificationAuthority) {
  Works("req", {"-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "other.key", "-subj", "/CN=bob", "-out",
                "bob.csr"});
  store_.Write("key.pem", provider::UriPem(uri_).view());
  for (const std::string& key : {uri_, std::string("key.pem")}) {
    Works("x509", {"-req", "-in", "bob.csr", "-CA", "certificate.pem", "-CAkey", key, "-CAcreateserial",
                   "-out", "bob.pem"});
    Works("verify", {"-CAfile", "root.pem", "-untrusted", "certificate.pem", "bob.pem"});
  }
}

TEST_P(OpenSslCommand, DgstSignsAndVerifies) {
  store_.Write("message", "the message\n");
  if (edwards()) {
#if OPENSSL_VERSION_PREREQ(3, 5)  // before, dgst had no one-shot signatures
    Works("dgst", {"-sign", uri_, "-out", "signature", "message"});
    Works("x509", {"-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"});
    Works("dgst", {"-verify", "public.pem", "-signature", "signature", "message"});
#endif
    return Works("pkey", {"-in", uri_, "-noout"});
  }
  Works("dgst", {"-sha256", "-sign", uri_, "-out", "signature", "message"});
  Works("x509", {"-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"});
  Works("dgst", {"-sha256", "-verify", "public.pem", "-signature", "signature", "message"});
  Works("dgst", {"-sha256", "-prverify", uri_, "-signature", "signature", "message"});
}

TEST_P(OpenSslCommand, PkeyutlSignsAndVerifies) {
  store_.Write("message", "the message, which is not its digest\n");
  std::vector<std::string> signing = {"-sign", "-inkey",  uri_,   "-rawin",
                                      "-in",   "message", "-out", "signature"};
  std::vector<std::string> verifying = {"-verify", "-inkey",  uri_,       "-rawin",
                                        "-in",     "message", "-sigfile", "signature"};
  Works("pkeyutl", signing);
  Works("pkeyutl", verifying);
  EXPECT_THAT(result_.out, HasSubstr("Signature Verified Successfully"));
  if (std::string_view(GetParam().key) != "rsa:2048") return;
  for (const std::string option : {"rsa_padding_mode:pss", "rsa_pss_saltlen:digest"}) {
    signing.insert(signing.end(), {"-pkeyopt", option});
    verifying.insert(verifying.end(), {"-pkeyopt", option});
  }
  Works("pkeyutl", signing);
  Works("pkeyutl", verifying);
  EXPECT_THAT(result_.out, HasSubstr("Signature Verified Successfully"));
}

TEST_P(OpenSslCommand, CmsSignsAndVerifies) {
  if (edwards()) return Works("pkey", {"-in", uri_, "-noout"});  // CMS of 3.0 knows no EdDSA
  SignByCms(uri_, {});
  if (std::string_view(GetParam().key) == "rsa:2048") SignByCms(uri_, {"-keyopt", "rsa_padding_mode:pss"});
}

TEST_P(OpenSslCommand, StoreutlListsKeyAndCertificate) {
  Works("storeutl", {"-noout", uri_});
  EXPECT_THAT(result_.out, HasSubstr("Pkey"));
  EXPECT_THAT(result_.out, HasSubstr("Certificate"));
  Works("storeutl", {"-noout", "-certs", uri_});
  EXPECT_THAT(result_.out, HasSubstr("0: Certificate"));
  Works("storeutl", {"-noout", "-certs", "-subject", "/O=Signet Test/CN=alice", uri_});
  EXPECT_THAT(result_.out, HasSubstr("Total found: 1"));
}

TEST_P(OpenSslCommand, PinComesFromTheCommandsOwnOption) {
  Works("pkey", {"-in", store_.Uri(false), "-passin", "pass:" + store_.pin(), "-pubout"});
  EXPECT_THAT(result_.out, HasSubstr("BEGIN PUBLIC KEY"));
}

TEST_P(OpenSslCommand, ServerAndClientLogInWithTheSameUri) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) LogIn(uri_, uri_, version);
}

TEST_P(OpenSslCommand, ServerAndClientLogInWithTheSamePemFile) {
  store_.Write("key.pem", provider::UriPem(uri_).view());
  for (const std::string version : {"-tls1_2", "-tls1_3"}) LogIn("certificate.pem", "key.pem", version);
}

// With OpenSSL 3.0 a provider that knows EC keys and is listed first is asked for the handshake's own keys
// too.
TEST_P(OpenSslCommand, ListedBeforeDefaultItLogsIn) {
  const auto port = std::to_string(testing::FreePort());
  const std::vector<std::string> providers = {"-provider", "signet", "-provider", "default"};
  const auto command = [&](std::vector<std::string> argv) {
    argv.insert(argv.end(), providers.begin(), providers.end());
    argv.insert(argv.end(), {"-cert", uri_, "-key", uri_, "-CAfile", "root.pem", "-verify_return_error",
                             "-groups", "P-256"});
    return store_.Command(std::move(argv));
  };
  BackgroundProcess server(
      command({"openssl", "s_server", "-accept", "127.0.0.1:" + port, "-Verify", "1", "-naccept", "1"}));
  ASSERT_TRUE(server.WaitForLine("ACCEPT")) << server.output();
  auto client = command({"openssl", "s_client", "-connect", "127.0.0.1:" + port});
  client.input = "Q\n";
  const ProcessResult result = testing::RunProgram(client);
  EXPECT_EQ(result.exit_status, 0) << result.err << server.output();
  EXPECT_THAT(server.WaitForLine("depth=0"), Optional(HasSubstr("alice"))) << server.output();
}

TEST_P(OpenSslCommand, ConfigurationFileActivatesTheProvider) {
  const std::string configuration = store_.Write(
      "openssl.cnf",
      "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = theirs\nsignet = ours\n[theirs]\n"
      "activate = 1\n[ours]\nactivate = 1\n");
  auto command = store_.Command({"openssl", "pkey", "-in", uri_, "-pubout"});
  command.unset = {};
  command.environment["OPENSSL_CONF"] = configuration;
  for (const bool named : {true, false}) {
    // Debian's SoftHSM is configured for p11-kit, whose modules are used where none is named.
    if (!named) command.environment.erase("PKCS11_PROVIDER_MODULE");
    const ProcessResult result = testing::RunProgram(command);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("BEGIN PUBLIC KEY"));
  }
}

TEST_P(OpenSslCommand, WrongPinIsAnErrorInWords) {
  const ProcessResult result =
      store_.OpenSsl("storeutl", {"-noout", "-keys", "-passin", "pass:wrong", store_.Uri(false)});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_EQ(result.signal, 0);
  EXPECT_THAT(result.err, HasSubstr(GetParam().where == Where::kPkcs11 ? ":wrong-pin:" : ":wrong-password:"));
}

TEST_P(OpenSslCommand, PemFileReplacesTheUri) {
  store_.Write("message", "the message\n");
  store_.Write("key.pem", provider::UriPem(uri_).view());
  store_.Write("all.pem", identity_.ChainPem() + std::string(provider::UriPem(uri_).view()));
  for (const std::string file : {"key.pem", "all.pem"}) {
    Works("pkey", {"-in", file, "-pubout"});
    EXPECT_THAT(result_.out, HasSubstr("BEGIN PUBLIC KEY"));
    Works("pkey", {"-in", file, "-noout", "-text"});
    Works("req", {"-new", "-key", file, "-subj", "/CN=alice", "-out", "request.pem"});
    Works("req", {"-in", "request.pem", "-noout", "-verify"});
    Works("pkeyutl", {"-sign", "-inkey", file, "-rawin", "-in", "message", "-out", "signature"});
    Works("pkeyutl", {"-verify", "-inkey", file, "-rawin", "-in", "message", "-sigfile", "signature"});
  }
  Works("x509", {"-in", "all.pem", "-noout", "-subject"});
  Works("storeutl", {"-noout", "all.pem"});
  EXPECT_THAT(result_.out, HasSubstr("Total found: 2"));
  if (edwards()) return;
  Works("dgst", {"-sha256", "-sign", "key.pem", "-out", "signature", "message"});
  Works("dgst", {"-sha256", "-prverify", "key.pem", "-signature", "signature", "message"});
  SignByCms("key.pem", {});
}

TEST_P(OpenSslCommand, CmsAndPkeyutlDecrypt) {
  if (edwards() || pss_only()) return Works("pkey", {"-in", uri_, "-noout"});
  store_.Write("message", "the message\n");
  store_.Write("key.pem", provider::UriPem(uri_).view());
  Works("cms", {"-encrypt", "-aes128", "-in", "message", "-out", "message.cms", "certificate.pem"});
  for (const std::string& key : {uri_, std::string("key.pem")}) {
    Works("cms", {"-decrypt", "-in", "message.cms", "-recip", "certificate.pem", "-inkey", key});
    EXPECT_THAT(result_.out, HasSubstr("the message"));
  }
  Works("x509", {"-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"});
  if (std::string_view(GetParam().key) == "rsa:2048") {
    Works("pkeyutl", {"-encrypt", "-pubin", "-inkey", "public.pem", "-pkeyopt", "rsa_padding_mode:oaep",
                      "-pkeyopt", "rsa_oaep_md:sha256", "-in", "message", "-out", "encrypted"});
    Works("pkeyutl", {"-decrypt", "-inkey", uri_, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt",
                      "rsa_oaep_md:sha256", "-in", "encrypted"});
    EXPECT_EQ(result_.out, "the message\n");
    return;
  }
  const std::string curve = std::string("ec_paramgen_curve:") + (GetParam().key + 3);
  Works("genpkey", {"-algorithm", "EC", "-pkeyopt", curve, "-out", "peer.key"});
  Works("pkey", {"-in", "peer.key", "-pubout", "-out", "peer.pem"});
  Works("pkeyutl", {"-derive", "-inkey", uri_, "-peerkey", "peer.pem", "-out", "one"});
  Works("pkeyutl", {"-derive", "-inkey", "peer.key", "-peerkey", "public.pem", "-out", "two"});
  Works("dgst", {"-sha256", "-r", "one"});
  const std::string one = result_.out.substr(0, 64);
  Works("dgst", {"-sha256", "-r", "two"});
  EXPECT_EQ(one, result_.out.substr(0, 64));
}

// TLS 1.2 with a key exchange by RSA: the server decrypts.
TEST_P(OpenSslCommand, ServerExchangesKeysByRsa) {
  if (std::string_view(GetParam().key) != "rsa:2048") return Works("pkey", {"-in", uri_, "-noout"});
  const auto port = std::to_string(testing::FreePort());
  BackgroundProcess server(store_.Command(
      KeyStore::WithProviders("s_server", {"-accept", "127.0.0.1:" + port, "-cert", uri_, "-key", uri_,
                                           "-naccept", "1", "-tls1_2", "-cipher", "AES128-GCM-SHA256"})));
  ASSERT_TRUE(server.WaitForLine("ACCEPT")) << server.output();
  auto client = store_.Command({"openssl", "s_client", "-connect", "127.0.0.1:" + port, "-CAfile", "root.pem",
                                "-verify_return_error", "-tls1_2", "-cipher", "AES128-GCM-SHA256"});
  client.input = "Q\n";
  const ProcessResult result = testing::RunProgram(client);
  EXPECT_EQ(result.exit_status, 0) << result.err << server.output();
  EXPECT_THAT(result.out, HasSubstr("Cipher is AES128-GCM-SHA256"));
}

// Programs that bring an allocator of their own, as Redis does.
TEST_P(OpenSslCommand, WorksUnderJemalloc) {
  if (!std::string_view(SIGNET_SANITIZER_RUNTIME).empty()) GTEST_SKIP() << "a sanitizer is an allocator too";
  store_.Write("key.pem", provider::UriPem(uri_).view());
  auto command = store_.Command(
      KeyStore::WithProviders("req", {"-new", "-key", "key.pem", "-subj", "/CN=alice", "-noout", "-verify"}));
  command.environment["LD_PRELOAD"] = "libjemalloc.so.2";
  const ProcessResult result = testing::RunProgram(command);
  EXPECT_EQ(result.exit_status, 0) << "signal " << result.signal << "\n" << result.err;
  EXPECT_THAT(result.err, ::testing::Not(HasSubstr("cannot be preloaded")));
}

std::vector<Row> Rows() {
  return {
      {"Rsa2048InPkcs12", Where::kPkcs12, "rsa:2048"},   {"P256InPkcs12", Where::kPkcs12, "ec:P-256"},
      {"Ed25519InPkcs12", Where::kPkcs12, "ed25519"},    {"Rsa2048InToken", Where::kPkcs11, "rsa:2048"},
      {"P256InToken", Where::kPkcs11, "ec:P-256"},       {"P384InToken", Where::kPkcs11, "ec:P-384"},
      {"Ed25519InToken", Where::kPkcs11, "ed25519"},     {"P521InToken", Where::kPkcs11, "ec:P-521"},
      {"RsaPssInToken", Where::kPkcs11, "rsa-pss:2048"}, {"Ed448InPkcs12", Where::kPkcs12, "ed448"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, OpenSslCommand, ::testing::ValuesIn(Rows()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet
