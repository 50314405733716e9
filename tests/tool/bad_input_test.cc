// Mistakes of users: each is a clear error and exit status 1, or 2 for an invalid URI, from `list`,
// `show` and `handshake` alike.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/wrapped_module.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;
using testing::WrappedModule;

class BadInput : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const testing::Pkcs12Options& options = {}) const {
    return directory_.Write(name, testing::MakePkcs12(alice_, options));
  }

  // Fails runs `list`, `handshake` and `show` on a URI; each must say `what`, and the hint, and no PIN.
  void Fails(const std::string& uri, const std::string& what, std::vector<std::string> more = {},
             const testing::Environment& environment = {}) const {
    SCOPED_TRACE(uri);
    const int status = what == "bad-uri" ? 2 : 1;
    std::vector<std::string> list = {"list", uri, "--json"};
    list.insert(list.end(), more.begin(), more.end());
    const auto listed = RunSignet(list, environment);
    EXPECT_EQ(listed.exit_status, status) << listed.out << listed.err;
    const auto document = JsonOf(listed);
    ASSERT_GE(document["problems"].size(), 1u) << listed.err;
    EXPECT_EQ(document["problems"][0]["what"], what) << listed.err;
    EXPECT_FALSE(document["problems"][0]["detail"].get<std::string>().empty());
    EXPECT_FALSE(document["problems"][0]["hint"].get<std::string>().empty());
    EXPECT_FALSE(listed.err.empty());
    std::vector<std::string> handshake = {"handshake", "localhost:1", "--json", "--identity", uri};
    handshake.insert(handshake.end(), more.begin(), more.end());
    const auto shaken = RunSignet(handshake, environment);
    EXPECT_EQ(shaken.exit_status, status);
    const auto report = JsonOf(shaken);
    EXPECT_EQ(report["error"]["what"], what);
    EXPECT_EQ(report["client_certificate"]["sent"], false);
    std::vector<std::string> show = {"show", "--json", uri};
    show.insert(show.end(), more.begin(), more.end());
    const auto shown = RunSignet(show, environment);
    EXPECT_EQ(shown.exit_status, status);
    EXPECT_EQ(JsonOf(shown)["problems"][0]["what"], what);
    for (const auto* result : {&listed, &shaken, &shown}) {
      EXPECT_THAT(result->out + result->err, Not(HasSubstr("4711"))) << "a PIN is never echoed";
    }
    EXPECT_THAT(shaken.err, Not(HasSubstr("localhost port 1"))) << "it must end before it connects";
    EXPECT_THAT(shaken.err, HasSubstr(document["problems"][0]["hint"].get<std::string>()));
  }

  TestPki pki_;
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::TemporaryDirectory directory_;
};

TEST_F(BadInput, WrongPassword) { Fails("pkcs12:" + File("a.p12") + "?pin-value=wrong", "wrong-password"); }

TEST_F(BadInput, NoPasswordAndNoPrompt) { Fails("pkcs12:" + File("a.p12"), "pin-needed"); }

TEST_F(BadInput, NoSuchFile) { Fails("pkcs12:/no/such/file.p12", "unreadable"); }

TEST_F(BadInput, ATruncatedFile) {
  auto bytes = testing::MakePkcs12(alice_);
  bytes.resize(bytes.size() / 2);
  Fails("pkcs12:" + directory_.Write("half.p12", bytes) + "?pin-value=secret", "malformed");
}

TEST_F(BadInput, AFileOfSomethingElse) {
  Fails("pkcs12:" + directory_.Write("a.txt", "hello") + "?pin-value=secret", "malformed");
}

TEST_F(BadInput, AKeyWithoutACertificate) {
  Fails("pkcs12:" + File("a.p12", {.with_certificate = false, .with_issuers = false}) + "?pin-value=secret",
        "key-only");
}

TEST_F(BadInput, ACertificateWithoutAKey) {
  Fails("pkcs12:" + File("a.p12", {.with_key = false}) + "?pin-value=secret", "certificate-only");
}

TEST_F(BadInput, AnUnknownUriAttribute) {
  Fails("pkcs12:" + File("a.p12") + ";color=red?pin-value=secret", "bad-uri");
  Fails("pkcs12:" + File("a.p12") + "?pin-valeu=secret", "bad-uri");
  Fails("pkcs11:tokn=a", "bad-uri");
  Fails("pkcs11:token=a?pin-valeu=1234", "bad-uri");
}

TEST_F(BadInput, AMisplacedPinIsNotEchoed) {
  for (const char* uri :
       {"pkcs11:token=a;pin-valeu=4711", "pkcs11:token=a?pin-valeu=4711", "pkcs12:a.p12;pin-value=4711",
        "pkcs12:a.p12&pin-value=4711", "pkcs11:token=a;pin-value=4711?pin-value=4711",
        "pkcs11;token=a;pin-value=4711", "pkcs11:token=a;4711", "pkcs12:a.p12?4711",
        "pkcs11:token=a?pin-value=4711&pin-source=file:/x", "pkcs12:a.p12?pin-value=4711&pin-value=4711",
        "pkcs11:token=a?pin-source=4711", "pkcs11:token=a?pin-value=4711%"}) {
    Fails(uri, "bad-uri");
  }
  // As older URIs have it.
  for (const char* uri : {"pkcs11:token=a;pin-value=4711", "PKCS11:token=a;pin-value=4711"})
    Fails(uri, "token-absent");
}

TEST_F(BadInput, WhatIsNoFileToRead) {
  Fails("pkcs12:" + directory_.path(), "unreadable");
  const std::string pipe = directory_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Fails("pkcs12:" + pipe, "unreadable");
  Fails("pkcs12:/dev/zero", "unreadable");
  Fails("pkcs12:" + directory_.Write("empty.p12", ""), "malformed");
  Fails("pkcs12:" + File("a.p12") + "/a.p12", "unreadable");
  const std::string huge = directory_.Write("huge.p12", "0");
  ASSERT_EQ(truncate(huge.c_str(), 17 << 20), 0);
  Fails("pkcs12:" + huge, "too-costly");
}

TEST_F(BadInput, AFileThatAsksForTooManyIterations) {
  const std::string file =
      File("a.p12", {.key_cipher = "", .certificate_cipher = "", .iterations = 5'000'001});
  const std::string uri = "pkcs12:" + file + "?pin-value=secret";
  Fails(uri, "too-costly");
  EXPECT_THAT(RunSignet({"list", uri}).err, HasSubstr("pkcs12-max-iterations"));
  // The limit is the user's: on the command line and in the environment.
  EXPECT_EQ(RunSignet({"list", uri, "--set", "pkcs12-max-iterations=5000001"}).exit_status, 0);
  const std::string cheap = "pkcs12:" + File("b.p12") + "?pin-value=secret";
  EXPECT_EQ(RunSignet({"list", cheap}).exit_status, 0);
  EXPECT_EQ(RunSignet({"list", cheap}, {{"SIGNET_PKCS12_MAX_ITERATIONS", "2047"}}).exit_status, 1);
  const auto total = RunSignet({"list", cheap, "--set", "pkcs12-max-total-iterations=6143"});
  EXPECT_EQ(total.exit_status, 1);
  EXPECT_THAT(total.err, HasSubstr("pkcs12-max-total-iterations"));
  EXPECT_EQ(RunSignet({"list", cheap, "--set", "pkcs12-max-total-iterations=6144"}).exit_status, 0);
  EXPECT_EQ(RunSignet({"list", cheap, "--set", "pkcs12-max-file-size=1000"}).exit_status, 1);
}

TEST_F(BadInput, ABadSettingIsADocumentToo) {
  for (const char* verb : {"list", "show", "handshake"}) {
    std::vector<std::string> arguments = {verb, "--json", "--set", "max-session=3"};
    arguments.emplace_back(std::string_view(verb) == "handshake" ? "localhost:1" : "pkcs11:");
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 2) << verb;
    const auto document = JsonOf(result);
    const auto& error = document.contains("problems") ? document["problems"][0] : document["error"];
    EXPECT_EQ(error["what"], "bad-setting") << verb;
  }
}

TEST_F(BadInput, ASchemeThatIsNotOurs) { Fails("file:/etc/passwd", "bad-uri"); }

TEST_F(BadInput, AModuleThatIsNoModule) {
  const std::string text = directory_.Write("module.so", "this is no shared library");
  Fails("pkcs11:", "module-trouble", {"--module", text});
  Fails("pkcs11:", "module-trouble", {"--module", "/no/such/module.so"});
}

class BadToken : public BadInput {
 protected:
  BadToken() { hsm_.Import(alice_, {.id = "\x01", .label = "alice"}); }

  SoftHsm hsm_;
  std::vector<std::string> module_ = {"--module", SoftHsm::module_path()};
};

TEST_F(BadToken, NoSuchToken) { Fails("pkcs11:token=nobody", "token-absent", module_, hsm_.environment()); }

TEST_F(BadToken, NoSuchObject) {
  Fails(hsm_.ObjectUri("\x09", true), "not-found", module_, hsm_.environment());
}

TEST_F(BadToken, AKeyWithoutACertificate) {
  hsm_.ImportKey(pki_.Issue({.common_name = "bob"}), {.id = "\x02", .label = "bob"});
  Fails(hsm_.ObjectUri("\x02", true), "key-only", module_, hsm_.environment());
}

TEST_F(BadToken, ACertificateWithoutAKey) {
  hsm_.ImportCertificate(pki_.Issue({.common_name = "bob"}).certificate, {.id = "\x02", .label = "bob"});
  Fails(hsm_.ObjectUri("\x02", true), "certificate-only", module_, hsm_.environment());
}

TEST_F(BadToken, AWrongPinSpendsExactlyOneTry) {
  WrappedModule module(hsm_);
  const std::string uri = hsm_.ObjectUri("\x01") + "?pin-value=9999";
  const auto listed = RunSignet({"list", uri, "--json", "--module", module.path()});
  EXPECT_EQ(listed.exit_status, 1) << listed.out;
  EXPECT_EQ(JsonOf(listed)["problems"][0]["what"], "wrong-pin");
  EXPECT_THAT(listed.err, Not(HasSubstr("9999")));
  EXPECT_EQ(module.Count("C_Login"), 1u);
}

TEST_F(BadToken, AWrongPinInAHandshakeSpendsExactlyOneTry) {
  TestPki server_pki(CertificateOptions::Ca("Server Root"));
  MutualTlsServer server(
      MutualTlsServer::Kind::kOpenSsl,
      {.identity = server_pki.Issue(CertificateOptions::Server()), .trust_pem = pki_.root().RootPem()});
  WrappedModule module(hsm_);
  const std::string pin = directory_.Write("pin", "9999");
  const auto result =
      RunSignet({"handshake", server.address(), "--trust", server.trust_file(), "--identity",
                 hsm_.ObjectUri("\x01"), "--pin-source", "file:" + pin, "--module", module.path()});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("the PIN is wrong"));
  EXPECT_THAT(result.err, Not(HasSubstr("9999")));
  EXPECT_EQ(module.Count("C_Login"), 1u);
}

}  // namespace
}  // namespace signet
