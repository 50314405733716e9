// Pass phrases of programs as PINs, and PEM files from strangers.
#include "openssl_provider/key_store.h"
#include "openssl_provider/token_pem.h"
#include "pkcs11/module/cryptoki.h"

#include <chrono>
#include <map>

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::ModuleBehaviour;
using ::testing::Not;
using testing::ProcessResult;

// PassPhrase is one token, used by this process and by openssl commands.
class PassPhrase : public TokenPem {
 protected:
  // Restart gives this process's provider a setting by its environment variable.
  void Restart(const std::string& variable, const std::string& value) {
    context_.reset();
    setenv(variable.c_str(), value.c_str(), 1);
    context_.emplace();
    unsetenv(variable.c_str());
  }
  // Reads tells whether a program that answers with `phrase` gets the key, and counts how often it was asked.
  bool Reads(const std::string& phrase) {
    struct Answer {
      const std::string& phrase;
      int& asked;
    } answer{phrase, asked_};
    const auto callback = [](char* buffer, int, int, void* argument) {
      const auto& given = *static_cast<Answer*>(argument);
      ++given.asked;
      std::ranges::copy(given.phrase, buffer);
      return static_cast<int>(given.phrase.size());
    };
    const auto bio = Memory(provider::UriPem(Uri(false)).view());
    const OpenSslPtr<EVP_PKEY> key(
        PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, callback, &answer, library(), nullptr));
    return key != nullptr && Signs(library(), key.get());
  }
  ProcessResult Run(const std::string& verb, std::vector<std::string> arguments,
                    const testing::Environment& settings = {}) const {
    testing::Environment environment = ForeignEnvironment();
    environment["OPENSSL_MODULES"] = SIGNET_TEST_MODULES;
    environment["PKCS11_PROVIDER_MODULE"] = module_.path();
    for (const auto& [name, value] : settings) environment[name] = value;
    return testing::RunProgram({.argv = KeyStore::WithProviders(verb, std::move(arguments)),
                                .environment = std::move(environment),
                                .unset = {"OPENSSL_CONF"},
                                .directory = directory_.path()});
  }
  ProcessResult PkeyWith(const std::string& phrase, const testing::Environment& settings = {}) const {
    return Run("pkey", {"-in", Uri(false), "-passin", "pass:" + phrase, "-pubout"}, settings);
  }

  int asked_ = 0;
};

TEST_F(PassPhrase, IsThePinWhereItIsRight) {
  const ProcessResult result = PkeyWith("1234");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("BEGIN PUBLIC KEY"));
  EXPECT_EQ(module_.Count("C_Login"), 1u);
}

TEST_F(PassPhrase, ThatIsNotThePinIsSentToTheTokenOnceInACommand) {
  const ProcessResult result = PkeyWith("whatever");
  EXPECT_NE(result.exit_status, 0);
  EXPECT_EQ(result.signal, 0);
  EXPECT_THAT(result.err, HasSubstr("wrong-pin"));
  EXPECT_THAT(result.err, Not(HasSubstr("whatever")));
  EXPECT_EQ(module_.Count("C_Login"), 1u);
}

TEST_F(PassPhrase, ThatIsNoPinIsSentOncePerProcessAndValue) {
  for (int round = 0; round < 3; ++round) EXPECT_FALSE(Reads("whatever"));
  EXPECT_THAT(TakeErrors(), HasSubstr("wrong-pin"));
  EXPECT_EQ(module_.Count("C_Login"), 1u);
  module_.Set({.token_flags_clear = CKF_USER_PIN_COUNT_LOW});
  EXPECT_FALSE(Reads("another"));
  EXPECT_FALSE(Reads("another"));
  EXPECT_EQ(module_.Count("C_Login"), 2u);
}

TEST_F(PassPhrase, IsNotSentWhileTheTokenSaysThatAWrongPinWasEntered) {
  module_.Set({.token_flags_set = CKF_USER_PIN_COUNT_LOW});
  for (const std::string phrase : {"whatever", "1234"}) {
    const ProcessResult result = PkeyWith(phrase);
    EXPECT_NE(result.exit_status, 0);
    EXPECT_THAT(result.err, HasSubstr("pass phrase was not sent as a PIN"));
  }
  EXPECT_EQ(module_.Count("C_Login"), 0u);
  module_.Set({});
  EXPECT_EQ(PkeyWith("1234").exit_status, 0) << "nothing was lost";
}

TEST_F(PassPhrase, IsSentOnALowCountWhereTheSettingSaysAlways) {
  module_.Set({.token_flags_set = CKF_USER_PIN_COUNT_LOW});
  const ProcessResult result = PkeyWith("1234", {{"SIGNET_PASS_PHRASE_IS_PIN", "always"}});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(module_.Count("C_Login"), 1u);
}

TEST_F(PassPhrase, IsNeverSentWhereTheSettingSaysNo) {
  Restart("SIGNET_PASS_PHRASE_IS_PIN", "no");
  EXPECT_FALSE(Reads("1234"));
  EXPECT_EQ(asked_, 0) << "nobody is asked for what would not be used";
  EXPECT_THAT(TakeErrors(), HasSubstr("pin-needed"));
  EXPECT_NE(PkeyWith("1234", {{"SIGNET_PASS_PHRASE_IS_PIN", "no"}}).exit_status, 0);
  EXPECT_EQ(module_.Count("C_Login"), 0u);
  const auto key = ReadKey(library(), provider::UriPem(Uri(true)).view());
  EXPECT_TRUE(Signs(library(), key.get())) << "a PIN in the URI is no pass phrase: " << TakeErrors();
}

TEST_F(PassPhrase, YesIsTheDefault) {
  Restart("SIGNET_PASS_PHRASE_IS_PIN", "yes");
  EXPECT_TRUE(Reads("1234")) << TakeErrors();
  EXPECT_EQ(asked_, 1);
}

TEST_F(PassPhrase, IsStillThePasswordOfAPkcs12FileWhereItIsNoPin) {
  const std::string file = directory_.Write("alice.p12", testing::MakePkcs12(identity_));
  const ProcessResult result = Run("pkey", {"-in", "pkcs12:" + file, "-passin", "pass:secret", "-pubout"},
                                   {{"SIGNET_PASS_PHRASE_IS_PIN", "no"}});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

using PemPinSources = PassPhrase;

TEST_F(PemPinSources, SettingRefusesPinsAndDescriptorsInPrivateKeyFiles) {
  Restart("SIGNET_PEM_PIN_SOURCES", "no");
  for (const std::string pin : {"?pin-value=1234", "?pin-source=fd:0", "?pin-source=fd%3A0",
                                "?pin-source=%66d:0", "?module-name=x&pin-value=1234"}) {
    EXPECT_EQ(ReadKey(library(), provider::UriPem(Uri(false) + pin).view()), nullptr) << pin;
    const std::string errors = TakeErrors();
    EXPECT_THAT(errors, HasSubstr("pem-pin-sources = no forbids")) << pin;
    EXPECT_THAT(errors, Not(HasSubstr("1234"))) << pin;
  }
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

TEST_F(PemPinSources, SettingAllowsFilesAndTheProgramsOwnPin) {
  Restart("SIGNET_PEM_PIN_SOURCES", "no");
  const std::string file = directory_.Write("pin", "1234\n");
  const auto key = ReadKey(library(), provider::UriPem(Uri(false) + "?pin-source=file:" + file).view());
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(Reads("1234")) << TakeErrors();
}

TEST_F(PemPinSources, AUriOfTheProgramIsNotConcerned) {
  const ProcessResult result = Run("pkey", {"-in", Uri(true), "-pubout"}, {{"SIGNET_PEM_PIN_SOURCES", "no"}});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

// A file that anybody may have given to a program that wants a public key or a certificate.
class UntrustedFile : public PassPhrase {
 protected:
  UntrustedFile() {
    directory_.Write("message", "the message\n");
    directory_.Write("key.pem", identity_.PrivateKeyPem());
    EXPECT_EQ(Run("dgst", {"-sha256", "-sign", "key.pem", "-out", "signature", "message"}).exit_status, 0);
    const std::string fifo = directory_.path() + "/fifo";
    EXPECT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    uris_ = {{"a wrong PIN", Uri(false) + "?pin-value=wrong"},
             {"a descriptor", Uri(false) + "?pin-source=fd:7"},
             {"standard input", Uri(false) + "?pin-source=fd:0"},
             {"a pipe that nobody writes to", Uri(false) + "?pin-source=file:" + fifo},
             {"a file that is not there", Uri(false) + "?pin-source=file:/nonexistent"},
             {"a private key's type", Uri(false) + ";type=private?pin-value=wrong"},
             {"a public key's type", Uri(false) + ";type=public?pin-value=wrong"}};
  }

  std::map<std::string, std::string> uris_;
};

TEST_F(UntrustedFile, GivesThePublicKeyWithoutALoginOrAPinSource) {
  for (const auto& [what, uri] : uris_) {
    SCOPED_TRACE(what);
    directory_.Write("public.pem", provider::UriPem(uri).view());
    const ProcessResult verified =
        Run("dgst", {"-sha256", "-verify", "public.pem", "-signature", "signature", "message"});
    EXPECT_EQ(verified.exit_status, 0) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("Verified OK"));
    const ProcessResult shown = Run("pkey", {"-pubin", "-in", "public.pem"});
    EXPECT_EQ(shown.exit_status, 0) << shown.err;
    EXPECT_EQ(shown.out, Run("pkey", {"-in", "key.pem", "-pubout"}).out);
  }
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

TEST_F(UntrustedFile, GivesNoCertificateAndTouchesNoToken) {
  for (const auto& [what, uri] : uris_) {
    SCOPED_TRACE(what);
    directory_.Write("certificates.pem", identity_.CertificatePem() + std::string(provider::UriPem(uri).view()));
    const ProcessResult listed = Run("storeutl", {"-noout", "-certs", "certificates.pem"});
    // For OpenSSL's own file store a block that it cannot read is an error behind the certificate.
    EXPECT_EQ(listed.signal, 0);
    EXPECT_THAT(listed.out, HasSubstr("Total found: 1"));
  }
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(UntrustedFile, OfPublicTypeIsAPublicKeyForReadersOfAnyType) {
  directory_.Write("public.pem", provider::UriPem(uris_.at("a public key's type")).view());
  const ProcessResult listed = Run("storeutl", {"-noout", "public.pem"});
  EXPECT_EQ(listed.exit_status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("Public key"));
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

}  // namespace
}  // namespace signet
