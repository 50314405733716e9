// The documents that --json writes: programs rely on each of these names and types.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using nlohmann::json;
using testing::CertificateOptions;
using testing::SoftHsm;
using testing::TestPki;

// Has checks that `document` has everything that `sample` shows, with the same types; an empty array or null
// in the sample leaves open what may stand there.
void Has(const json& document, const json& sample, const std::string& where) {
  if (sample.is_null()) return;
  if (sample.is_object()) {
    ASSERT_TRUE(document.is_object()) << where;
    for (const auto& [name, value] : sample.items()) {
      ASSERT_TRUE(document.contains(name)) << where << "." << name;
      Has(document[name], value, where + "." + name);
    }
    return;
  }
  if (sample.is_array()) {
    ASSERT_TRUE(document.is_array()) << where;
    if (sample.empty()) return;
    ASSERT_FALSE(document.empty()) << where;
    for (const json& row : document) Has(row, sample[0], where + "[]");
    return;
  }
  if (sample.is_number()) {
    EXPECT_TRUE(document.is_number()) << where << " is " << document;
  } else {
    EXPECT_EQ(document.type_name(), std::string(sample.type_name())) << where << " is " << document;
  }
}

const json kIdentity = json::parse(R"({"uri": "", "source": "", "subject": "", "user_name": "", "issuer": "",
  "not_before": "", "not_after": "", "key": "", "schemes": [""], "certificates": [{"sha256": "", "subject": ""}],
  "client_auth": {"fit": true, "reasons": []}})");
const json kProblem = json::parse(R"({"uri": "", "what": "", "detail": "", "hint": ""})");
const json kHandshake =
    json::parse(R"({"protocol": "", "cipher": "", "resumed": false, "server_verified": true,
  "client_certificate": {"sent": true, "uri": "", "subject": "", "issuer": "", "scheme": ""},
  "certificate_request": {"authorities": [""], "schemes": [""]},
  "considered": [{"uri": "", "chosen": true, "reasons": [""]}],
  "messages": [{"direction": "", "record_type": 22, "message": null, "length": null}],
  "certificate_verify": {"scheme": "", "verified": true}, "timing_ms": 1.5})");

class Documents : public ::testing::Test {
 protected:
  std::string File(const testing::TestIdentity& identity) const {
    return "pkcs12:" + directory_.Write("alice.p12", testing::MakePkcs12(identity)) + "?pin-value=secret";
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TestIdentity alice_ = pki_.Issue({.common_name = "alice"});
  testing::TemporaryDirectory directory_;
};

TEST_F(Documents, ListAndShowNameIdentitiesAndProblems) {
  SoftHsm hsm;
  hsm.Import(alice_, {.id = "\x01", .label = "alice"});
  const std::string token = hsm.ObjectUri("\x01", true);
  const auto list = RunSignet({"list", "--json", "--module", SoftHsm::module_path(), File(alice_), token,
                               "pkcs12:/no/such.p12", "pkcs11:token=nobody"},
                              hsm.environment());
  const json document = JsonOf(list);
  Has(document, {{"identities", {kIdentity}}, {"problems", {kProblem}}}, "list");
  ASSERT_EQ(document["identities"].size(), 2u);
  EXPECT_EQ(document["identities"][0]["source"], "pkcs12");
  EXPECT_EQ(document["identities"][1]["source"], "pkcs11");
  for (const json& identity : document["identities"]) {
    EXPECT_EQ(identity["certificates"][0]["sha256"], alice_.certificate.sha256());
    EXPECT_THAT(identity["certificates"][0]["sha256"].get<std::string>(),
                ::testing::MatchesRegex("[0-9a-f]{64}"));
  }
  EXPECT_EQ(document["problems"][0]["what"], "unreadable");
  EXPECT_EQ(document["problems"][1]["what"], "token-absent");
  const auto show = RunSignet({"show", "--json", File(alice_)});
  Has(JsonOf(show), {{"identities", {kIdentity}}, {"problems", json::array()}}, "show");
}

TEST_F(Documents, WithNoIdentityTheExitStatusIsOne) {
  const auto result = RunSignet({"list", "--json", "pkcs12:/no/such.p12"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(JsonOf(result)["identities"], json::array());
}

TEST_F(Documents, HandshakeNamesAllThatHappened) {
  for (const std::string tls : {"1.2", "1.3"}) {
    for (const std::string stack : {"openssl", "botan", "gnutls"}) {
      const int botan = SIGNET_BOTAN_VERSION;  // 0: there is none
#ifndef SIGNET_HAS_GNUTLS
      if (stack == "gnutls") continue;
#endif
      if (stack == "botan" && botan < (tls == "1.3" ? 3 : 2)) continue;
      SCOPED_TRACE(stack + " " + tls);
      MutualTlsServer server(
          MutualTlsServer::Kind::kOpenSsl,
          {.identity = server_pki_.Issue(CertificateOptions::Server()), .trust_pem = pki_.root().RootPem()});
      const auto result = RunSignet({"handshake", server.address(), "--trust", server.trust_file(), "--json",
                                     "--tls", tls, "--stack", stack, "--identity", File(alice_)});
      const json document = JsonOf(result);
      EXPECT_EQ(result.exit_status, 0) << result.err;
      Has(document, kHandshake, "handshake");
      for (const json& message : document["messages"]) {
        EXPECT_THAT(message["direction"], ::testing::AnyOf("sent", "received"));
        EXPECT_THAT(message["record_type"], ::testing::AnyOf(20, 21, 22, 23));
        const bool seen = message["message"].is_string() && message["length"].is_number();
        EXPECT_NE(seen, message.contains("why")) << message;
      }
    }
  }
}

TEST_F(Documents, HandshakeThatFailsHasTheSameNames) {
  const auto result = RunSignet({"handshake", "127.0.0.1:" + std::to_string(testing::FreePort()), "--json",
                                 "--identity", File(alice_)});
  EXPECT_EQ(result.exit_status, 1);
  const json document = JsonOf(result);
  for (const auto& [name, value] : kHandshake.items()) EXPECT_TRUE(document.contains(name)) << name;
  Has(document["error"], json{{"what", ""}, {"detail", ""}, {"hint", ""}}, "error");
}

}  // namespace
}  // namespace signet
