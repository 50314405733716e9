// What users get wrong: each is a clear error and exit status 1, from `list`, `show` and `handshake` alike.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/wrapped_module.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

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

  // Fails runs `list` and `handshake` on a URI; both must say `what`, and the mend, and never `secret`.
  void Fails(const std::string& uri, const std::string& what, std::vector<std::string> more = {},
             const testing::Environment& environment = {}) const {
    SCOPED_TRACE(uri);
    std::vector<std::string> list = {"list", uri, "--json"};
    list.insert(list.end(), more.begin(), more.end());
    const auto listed = RunSignet(list, environment);
    EXPECT_EQ(listed.exit_status, 1) << listed.out << listed.err;
    const auto document = JsonOf(listed);
    ASSERT_GE(document["problems"].size(), 1u) << listed.err;
    EXPECT_EQ(document["problems"][0]["what"], what) << listed.err;
    EXPECT_FALSE(document["problems"][0]["detail"].get<std::string>().empty());
    EXPECT_FALSE(document["problems"][0]["mend"].get<std::string>().empty());
    EXPECT_FALSE(listed.err.empty());
    std::vector<std::string> handshake = {"handshake", "localhost:1", "--identity", uri};
    handshake.insert(handshake.end(), more.begin(), more.end());
    const auto shaken = RunSignet(handshake, environment);
    EXPECT_EQ(shaken.exit_status, 1);
    EXPECT_THAT(shaken.err, Not(HasSubstr("localhost port 1"))) << "it must end before it connects";
    EXPECT_THAT(shaken.err, HasSubstr(document["problems"][0]["mend"].get<std::string>()));
  }

  TestPki pki_;
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::TemporaryDirectory directory_;
};

TEST_F(BadInput, WrongPassword) { Fails("pkcs12:" + File("a.p12") + "?pin-value=wrong", "wrong-password"); }

TEST_F(BadInput, NoPasswordAndNobodyToAsk) { Fails("pkcs12:" + File("a.p12"), "pin-needed"); }

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
