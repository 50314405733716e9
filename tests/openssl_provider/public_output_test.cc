// What the openssl command writes of a key's public part, held against the same key in software.
#include "openssl_provider/key_store.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::TestIdentity;
using testing::TestPki;

struct Row {
  const char* name;
  const char* key;
};

class PublicOutput : public ::testing::TestWithParam<Row> {
 protected:
  PublicOutput() { store_.Write("software.pem", identity_.PrivateKeyPem()); }

  // EqualsSoftware runs the command with the key in the token and with the one in the file.
  void EqualsSoftware(const std::string& verb, std::vector<std::string> options) const {
    std::string shown = verb;
    for (const std::string& option : options) shown += " " + option;
    SCOPED_TRACE(shown);
    const auto run = [&](const std::string& key) {
      std::vector<std::string> arguments = {"-in", key};
      arguments.insert(arguments.end(), options.begin(), options.end());
      const ProcessResult result = store_.OpenSsl(verb, arguments);
      EXPECT_EQ(result.exit_status, 0) << result.err;
      return result.out;
    };
    const std::string wanted = run("software.pem");
    EXPECT_FALSE(wanted.empty());
    EXPECT_EQ(run(store_.uri()), wanted);
  }

  const TestIdentity identity_ = TestPki().Issue({.key = GetParam().key});
  const KeyStore store_{Where::kPkcs11, identity_};
};

TEST_P(PublicOutput, IsByteForByteThatOfASoftwareKey) {
  const std::string_view key = GetParam().key;
  EqualsSoftware("pkey", {"-pubout"});
  EqualsSoftware("pkey", {"-pubout", "-outform", "DER"});
  EqualsSoftware("pkey", {"-noout", "-text_pub"});
  EqualsSoftware("pkey", {"-pubout", "-text_pub"});
  if (key.starts_with("rsa:")) {
    EqualsSoftware("rsa", {"-pubout"});
    EqualsSoftware("rsa", {"-pubout", "-outform", "DER"});
    EqualsSoftware("rsa", {"-noout", "-modulus"});
  }
  if (!key.starts_with("ec:")) return;
  EqualsSoftware("ec", {"-pubout"});
  for (const char* const form : {"compressed", "uncompressed", "hybrid"}) {
    EqualsSoftware("ec", {"-pubout", "-conv_form", form});
    EqualsSoftware("pkey", {"-pubout", "-ec_conv_form", form});
    EqualsSoftware("ec", {"-pubout", "-param_enc", "explicit", "-conv_form", form});
  }
  for (const char* const encoding : {"explicit", "named_curve"}) {
    EqualsSoftware("ec", {"-pubout", "-param_enc", encoding});
    EqualsSoftware("pkey", {"-pubout", "-ec_param_enc", encoding, "-outform", "DER"});
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, PublicOutput,
                         ::testing::Values(Row{"Rsa", "rsa:2048"}, Row{"RsaPss", "rsa-pss:2048"},
                                           Row{"P256", "ec:P-256"}, Row{"P384", "ec:P-384"},
                                           Row{"P521", "ec:P-521"}, Row{"Ed25519", "ed25519"},
                                           Row{"Ed448", "ed448"}),
                         [](const auto& row) { return row.param.name; });

// A private key alone, used from the command line.
class PrivateKeyAlone : public ::testing::Test {
 protected:
  PrivateKeyAlone() {
    token_.ImportKey(identity_, {.id = "\x07", .label = "alice", .public_object = false});
    uri_ = token_.ObjectUri("\x07", true);
    directory_.Write("certificate.pem", identity_.ChainPem());
    directory_.Write("root.pem", identity_.RootPem());
    directory_.Write("message", "the message\n");
  }

  testing::Command Command(const std::string& verb, std::vector<std::string> arguments) const {
    testing::Environment environment = ForeignEnvironment();
    environment.merge(token_.environment());
    environment["OPENSSL_MODULES"] = SIGNET_TEST_MODULES;
    environment["PKCS11_PROVIDER_MODULE"] = testing::SoftHsm::module_path();
    return {.argv = KeyStore::WithProviders(verb, std::move(arguments)),
            .environment = std::move(environment),
            .unset = {"OPENSSL_CONF"},
            .directory = directory_.path()};
  }
  ProcessResult Run(const std::string& verb, std::vector<std::string> arguments) const {
    return testing::RunProgram(Command(verb, std::move(arguments)));
  }

  const TestIdentity identity_ = TestPki().Issue({.key = "ec:P-256", .extended_key_usage = ""});
  testing::SoftHsm token_;
  testing::TemporaryDirectory directory_;
  std::string uri_;
};

TEST_F(PrivateKeyAlone, DgstSigns) {
  const ProcessResult made = Run("dgst", {"-sha256", "-sign", uri_, "-out", "signature", "message"});
  EXPECT_EQ(made.exit_status, 0) << made.err;
  const ProcessResult written =
      Run("x509", {"-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"});
  EXPECT_EQ(written.exit_status, 0) << written.err;
  const ProcessResult checked =
      Run("dgst", {"-sha256", "-verify", "public.pem", "-signature", "signature", "message"});
  EXPECT_EQ(checked.exit_status, 0) << checked.err;
}

TEST_F(PrivateKeyAlone, CannotShowItsPublicKeyAndGivesAHint) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"-pubout"}, {"-noout", "-text_pub"}, {"-pubout", "-outform", "DER"}}) {
    std::vector<std::string> arguments = {"-in", uri_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ProcessResult result = Run("pkey", arguments);
    EXPECT_NE(result.exit_status, 0);
    EXPECT_EQ(result.signal, 0);
    EXPECT_THAT(result.err, HasSubstr("cannot determine the public key"));
    EXPECT_THAT(result.err, HasSubstr("Store the public key or the certificate on the token"));
  }
  const ProcessResult text = Run("pkey", {"-in", uri_, "-noout", "-text"});
  EXPECT_EQ(text.exit_status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("EC P-256 private key"));
  EXPECT_THAT(text.out, HasSubstr("does not show the public key"));
}

TEST_F(PrivateKeyAlone, SClientAndSServerTakeTheCertificateFromAFile) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    SCOPED_TRACE(version);
    const auto port = std::to_string(testing::FreePort());
    const std::vector<std::string> own = {"-cert",    "certificate.pem",      "-key", uri_, "-CAfile",
                                          "root.pem", "-verify_return_error", version};
    const auto with_own = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), own.begin(), own.end());
      return arguments;
    };
    testing::BackgroundProcess server(
        Command("s_server", with_own({"-accept", "127.0.0.1:" + port, "-Verify", "1", "-naccept", "1"})));
    ASSERT_TRUE(server.WaitForLine("ACCEPT")) << server.output();
    auto client = Command("s_client", with_own({"-connect", "127.0.0.1:" + port}));
    client.input = "Q\n";
    const ProcessResult result = testing::RunProgram(client);
    EXPECT_EQ(result.exit_status, 0) << result.err << server.output();
    EXPECT_THAT(server.WaitForLine("depth=0"), ::testing::Optional(HasSubstr("alice"))) << server.output();
  }
}

}  // namespace
}  // namespace signet
