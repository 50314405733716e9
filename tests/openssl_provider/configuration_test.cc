// Ways to configure the provider: openssl.cnf, also as users of pkcs11-provider have it, and without one.
#include "openssl_provider/key_store.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/pem_uri.h"
#include "openssl_provider/provider_entry.h"
#include <signet/openssl_key.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/store.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProcessResult;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;

constexpr std::string_view kPeersLine = "module = /usr/lib/ossl-modules/pkcs11.so";

// An openssl.cnf as users of pkcs11-provider have it: the whole set of its settings, and its variable for the
// PIN.
std::string PeersConfiguration(const std::string& pin_file) {
  std::ostringstream text;
  text << "HOME = .\nopenssl_conf = openssl_init\n\n[openssl_init]\nproviders = provider_sect\n\n"
          "[provider_sect]\ndefault = default_sect\npkcs11 = pkcs11_sect\n\n[default_sect]\nactivate = 1\n\n"
          "[pkcs11_sect]\n"
       << kPeersLine << "\npkcs11-module-path = " << SoftHsm::module_path()
       << "\npkcs11-module-token-pin = file:" << pin_file
       << "\npkcs11-module-init-args =\npkcs11-module-login-behavior = auto\npkcs11-module-quirks = "
          "no-deinit\n"
          "pkcs11-module-cache-pins = cache\npkcs11-module-cache-keys = never\npkcs11-module-cache-sessions "
          "= 5\n"
          "pkcs11-module-load-behavior = early\npkcs11-module-allow-export = 1\n"
          "pkcs11-module-block-operations = digest\npkcs11-module-assume-fips = true\n"
          "pkcs11-module-encode-provider-uri-to-pem = true\nactivate = 1\n";
  return text.str();
}

class Configuration : public ::testing::Test {
 protected:
  // Run is `openssl` with nothing but an openssl.cnf.
  ProcessResult Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "openssl");
    auto command = store_.Command(std::move(arguments));
    command.unset = {"PKCS11_PROVIDER_MODULE"};
    command.environment.erase("PKCS11_PROVIDER_MODULE");
    command.environment["OPENSSL_CONF"] = store_.Path("openssl.cnf");
    for (const auto& [name, value] : more_) command.environment[name] = value;
    return testing::RunProgram(command);
  }
  void Works(std::vector<std::string> arguments) {
    result_ = Run(std::move(arguments));
    EXPECT_EQ(result_.exit_status, 0) << "signal " << result_.signal << "\n" << result_.err;
  }
  // MovedOver is the peer's configuration with its one line changed.
  void WriteMovedOver() const {
    std::string text = PeersConfiguration(store_.Write("pin", store_.pin() + "\n"));
    text.replace(text.find(kPeersLine), kPeersLine.size(),
                 "module = " + std::string(ModulesDirectory()) + "/signet.so");
    store_.Write("openssl.cnf", text);
  }
  // WriteSettings makes an openssl.cnf with these lines for signet.
  void WriteSettings(const std::string& lines) const {
    store_.Write(
        "openssl.cnf",
        "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = d\nsignet = s\n[d]\nactivate = "
        "1\n[s]\nmodule = " +
            std::string(ModulesDirectory()) + "/signet.so\nactivate = 1\n" + lines);
  }
  // PeersPem is a PEM file as pkcs11-provider documents it, put together by OpenSSL.
  std::string PeersPem(const std::string& name, const std::string& uri) const {
    store_.Write(
        "asn1.cnf",
        "asn1 = SEQUENCE:both\n[both]\nversion = VISIBLESTRING:PKCS\\#11 Provider URI v1.0\nuri = UTF8:" +
            uri + "\n");
    const auto made = testing::RunProgram(
        store_.Command({"openssl", "asn1parse", "-genconf", "asn1.cnf", "-noout", "-out", "uri.der"}));
    EXPECT_EQ(made.exit_status, 0) << made.err;
    const auto base64 = testing::RunProgram(store_.Command({"openssl", "base64", "-in", "uri.der"}));
    return store_.Write(
        name, "-----BEGIN PKCS#11 PROVIDER URI-----\n" + base64.out + "-----END PKCS#11 PROVIDER URI-----\n");
  }

  const TestPki pki_;
  const TestIdentity identity_ = pki_.Issue({.key = "rsa:2048", .key_usage = "", .extended_key_usage = ""});
  const KeyStore store_{Where::kPkcs11, identity_};
  testing::Environment more_;  // for Run
  ProcessResult result_;
};

TEST_F(Configuration, OfPkcs11ProviderWorksWithOneChangedLine) {
  WriteMovedOver();
  store_.Write("message", "the message\n");
  // The PIN of the settings is for the one token that is there, whether the URI names it or not.
  for (const std::string& key : {store_.Uri(false), PeersPem("peer.pem", store_.Uri(false)),
                                 std::string("pkcs11:object=alice;type=private"),
                                 PeersPem("another.pem", "pkcs11:object=alice;type=private")}) {
    Works({"pkey", "-in", key, "-pubout"});
    EXPECT_THAT(result_.out, HasSubstr("BEGIN PUBLIC KEY"));
    Works({"dgst", "-sha256", "-sign", key, "-out", "signature", "message"});
    Works({"x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"});
    Works({"dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"});
    Works({"req", "-new", "-key", key, "-subj", "/CN=alice", "-out", "request.pem"});
    Works({"pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "message", "-out", "encrypted"});
    Works({"pkeyutl", "-decrypt", "-inkey", key, "-in", "encrypted"});
    EXPECT_EQ(result_.out, "the message\n");
  }
  // As its users ask for its algorithms: under the name that the provider is activated by.
  Works({"pkey", "-propquery", "?provider=pkcs11", "-in", store_.Uri(false), "-pubout"});
  Works({"storeutl", "-noout", store_.Uri(false)});
  EXPECT_THAT(result_.out, HasSubstr("Certificate"));
}

TEST_F(Configuration, OfPkcs11ProviderMakesItsPemFiles) {
  WriteMovedOver();
  Works({"pkey", "-in", store_.Uri(false), "-out", "key.pem"});
  Works({"pkey", "-in", "key.pem", "-pubout"});
  EXPECT_THAT(result_.out, HasSubstr("BEGIN PUBLIC KEY"));
  std::ostringstream text;
  text << std::ifstream(store_.Path("key.pem")).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("-----BEGIN PKCS#11 PROVIDER URI-----"));
}

// Where pkcs11-provider itself is installed, its own PEM files are what is read.
TEST_F(Configuration, ReadsThePemFilesThatPkcs11ProviderMade) {
  if (!std::string_view(SIGNET_SANITIZER_RUNTIME).empty())
    GTEST_SKIP() << "pkcs11-provider opens modules with RTLD_DEEPBIND, which a sanitizer refuses";
  const auto modules = testing::RunProgram({.argv = {"openssl", "info", "-modulesdir"}});
  const std::string peer = modules.out.substr(0, modules.out.find('\n')) + "/pkcs11.so";
  if (!std::filesystem::exists(peer)) GTEST_SKIP() << "pkcs11-provider is not packaged for this release";
  std::string text = PeersConfiguration(store_.Write("pin", store_.pin() + "\n"));
  text.replace(text.find(kPeersLine), kPeersLine.size(), "module = " + peer);
  // Its releases differ in what these take.
  for (const std::string line : {"pkcs11-module-init-args =\n", "pkcs11-module-assume-fips = true\n"})
    text.erase(text.find(line), line.size());
  store_.Write("openssl.cnf", text);
  Works({"pkey", "-in", store_.Uri(false), "-out", "peer.pem"});
  WriteMovedOver();
  Works({"pkey", "-in", "peer.pem", "-pubout"});
  EXPECT_THAT(result_.out, HasSubstr("BEGIN PUBLIC KEY"));
  store_.Write("message", "the message\n");
  Works({"dgst", "-sha256", "-sign", "peer.pem", "-out", "signature", "message"});
}

TEST_F(Configuration, FragmentActivatesBothProvidersBelowTheFileOfTheSystem) {
  std::ostringstream system;
  system << std::ifstream("/etc/ssl/openssl.cnf").rdbuf();
  for (const std::string& above : {system.str(), std::string()}) {
    store_.Write("openssl.cnf",
                 above + "\n.include " SIGNET_TEST_FRAGMENT "\n[signet_sect]\npkcs11-module-path = " +
                     SoftHsm::module_path() + "\n");
    Works({"list", "-providers"});
    EXPECT_THAT(result_.out, ::testing::AllOf(HasSubstr("default"), HasSubstr("signet")));
    Works({"pkey", "-in", store_.uri(), "-pubout"});
  }
}

// The same rule as for the command and the library. Whose call log is written tells which value was in force.
TEST_F(Configuration, EnvironmentOverridesOpenSslConf) {
  const auto written = [&] {
    std::vector<std::string> names;
    for (const char* name : {"file.log", "variable.log"}) {
      if (std::filesystem::remove(store_.Path(name))) names.emplace_back(name);
    }
    return names;
  };
  WriteSettings("pkcs11-module-path = " + SoftHsm::module_path() + "\ncall-log = " + store_.Path("file.log") +
                "\n");
  Works({"pkey", "-in", store_.uri(), "-pubout"});
  EXPECT_THAT(written(), ::testing::ElementsAre("file.log"));
  more_["SIGNET_CALL_LOG"] = store_.Path("variable.log");
  Works({"pkey", "-in", store_.uri(), "-pubout"});
  EXPECT_THAT(written(), ::testing::ElementsAre("variable.log"));
}

TEST_F(Configuration, ModuleAndPinComeFromTheirVariablesBeforeOpenSslConf) {
  WriteSettings("pkcs11-module-path = /nowhere.so\npkcs11-module-token-pin = file:/nowhere\n");
  for (const auto& [module, pin] : std::vector<std::pair<std::string, std::string>>{
           {"SIGNET_PKCS11_MODULE_PATH", "SIGNET_PKCS11_MODULE_TOKEN_PIN"},
           {"SIGNET_MODULE", "SIGNET_TOKEN_PIN"}}) {
    more_ = {{module, SoftHsm::module_path()}, {pin, store_.pin()}};
    Works({"pkey", "-in", store_.Uri(false), "-pubout"});
  }
}

TEST_F(Configuration, BadValueNamesItsPlaceInTheErrorQueue) {
  WriteSettings("pkcs11-module-path = " + SoftHsm::module_path() + "\nmax-sessions = many\n");
  result_ = Run({"pkey", "-in", store_.uri(), "-pubout"});
  EXPECT_NE(result_.exit_status, 0);
  EXPECT_THAT(result_.err, HasSubstr("max-sessions has an invalid value (the provider's parameters)"));
  more_["SIGNET_MAX_SESSIONS"] = "few";
  EXPECT_THAT(Run({"pkey", "-in", store_.uri(), "-pubout"}).err,
              HasSubstr("(the variable SIGNET_MAX_SESSIONS)"));
  more_["SIGNET_MAX_SESSIONS"] = "3";
  Works({"pkey", "-in", store_.uri(), "-pubout"});
}

TEST_F(Configuration, UnknownVariableIsNotSpokenOf) {
  WriteSettings("pkcs11-module-path = " + SoftHsm::module_path() + "\n");
  more_["SIGNET_TOKN_PIN"] = "1";
  Works({"pkey", "-in", store_.uri(), "-pubout"});
  EXPECT_EQ(result_.err, "");
}

class WithoutConfiguration : public Configuration {
 protected:
  // ReadsKey tells whether the token's key can be had in this context.
  bool ReadsKey(OSSL_LIB_CTX* library) const {
    const OpenSslPtr<BIO> bio(BIO_new_mem_buf(pem_.data(), static_cast<int>(pem_.size())));
    const OpenSslPtr<EVP_PKEY> key(
        PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, nullptr, nullptr, library, nullptr));
    return key != nullptr;
  }

  const std::string pem_{provider::UriPem(store_.uri()).view()};
  const TokenEnvironment token_{store_};
};

TEST_F(WithoutConfiguration, EnvironmentNamesTheModule) {
  setenv("PKCS11_PROVIDER_MODULE", SoftHsm::module_path().c_str(), 1);
  const LibraryContext context;
  unsetenv("PKCS11_PROVIDER_MODULE");
  EXPECT_TRUE(ReadsKey(context.get())) << TakeErrors();
}

TEST_F(WithoutConfiguration, BuiltInRegistrationNeedsNoFile) {
  setenv("SIGNET_MODULE", SoftHsm::module_path().c_str(), 1);
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_PROVIDER_add_builtin(context.get(), "signet", signet_openssl_provider_init), 1);
  const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_try_load(context.get(), "signet", 1));
  unsetenv("SIGNET_MODULE");
  EXPECT_TRUE(ReadsKey(context.get())) << TakeErrors();
}

TEST_F(WithoutConfiguration, ParameterOfAStoreOverridesTheEnvironment) {
  setenv("SIGNET_PKCS11_MODULE_PATH", "/nowhere.so", 1);
  const LibraryContext context;
  unsetenv("SIGNET_PKCS11_MODULE_PATH");
  const std::string module = SoftHsm::module_path();
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string("pkcs11-module-path", const_cast<char*>(module.c_str()), 0),
      OSSL_PARAM_construct_end()};
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(store_.uri().c_str(), context.get(), nullptr,
                                                            nullptr, nullptr, params, nullptr, nullptr));
  ASSERT_NE(store, nullptr) << TakeErrors();
  const OpenSslPtr<OSSL_STORE_INFO> found(OSSL_STORE_load(store.get()));
  EXPECT_NE(found, nullptr) << TakeErrors();
}

#if OPENSSL_VERSION_PREREQ(3, 2)
TEST_F(WithoutConfiguration, LoadingBringsTheSettings) {
  const std::string module = SoftHsm::module_path();
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string("pkcs11-module-path", const_cast<char*>(module.c_str()), 0),
      OSSL_PARAM_construct_end()};
  const LibraryContext context({"default"});
  const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_load_ex(context.get(), "signet", params));
  ASSERT_NE(provider, nullptr) << TakeErrors();
  EXPECT_TRUE(ReadsKey(context.get())) << TakeErrors();
}
#endif

#if OPENSSL_VERSION_PREREQ(3, 5)
TEST_F(WithoutConfiguration, ProviderTakesSettingsAsParameters) {
  const LibraryContext context({"default"});
  const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_load(context.get(), "signet"));
  ASSERT_NE(provider, nullptr) << TakeErrors();
  const std::string module = SoftHsm::module_path();
  ASSERT_EQ(OSSL_PROVIDER_add_conf_parameter(provider.get(), "pkcs11-module-path", module.c_str()), 1);
  EXPECT_TRUE(ReadsKey(context.get())) << TakeErrors();
}

TEST_F(WithoutConfiguration, EnvironmentOverridesAParameterThatIsSetLater) {
  setenv("SIGNET_PKCS11_MODULE_PATH", SoftHsm::module_path().c_str(), 1);
  const LibraryContext context({"default"});
  const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_load(context.get(), "signet"));
  unsetenv("SIGNET_PKCS11_MODULE_PATH");
  ASSERT_NE(provider, nullptr) << TakeErrors();
  ASSERT_EQ(OSSL_PROVIDER_add_conf_parameter(provider.get(), "pkcs11-module-path", "/nowhere.so"), 1);
  EXPECT_TRUE(ReadsKey(context.get())) << TakeErrors();
}
#endif

}  // namespace
}  // namespace signet
