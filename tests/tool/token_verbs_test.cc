#include "base/hex.h"
#include "tool/terminal_session.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// TokenVerbs runs `signet token` against a SoftHSM whose PINs lie in files.
class TokenVerbs : public ::testing::Test {
 protected:
  ProcessResult Token(std::vector<std::string> arguments, std::string input = {}) {
    std::vector<std::string> argv{"setsid", "--wait", SIGNET_COMMAND, "--module", module, "token"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    ProcessResult result =
        RunProgram({.argv = argv, .environment = hsm.environment(), .input = std::move(input)});
    for (const std::string& secret : {hsm.pin(), hsm.so_pin(), std::string("98765")}) {
      EXPECT_THAT(result.err, Not(HasSubstr(secret)));
      EXPECT_THAT(result.out, Not(HasSubstr(secret)));
    }
    return result;
  }
  ProcessResult WithPin(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--pin-source", "file:" + pin_file});
    return Token(std::move(arguments));
  }
  nlohmann::json Json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }
  // Objects and Labelled count with a program that is not ours.
  std::size_t Objects(std::string_view id) { return Listed("  ID:         " + std::string(id) + "\n"); }
  std::size_t Labelled(std::string_view label) {
    return Listed("  label:      " + std::string(label) + "\n");
  }
  std::size_t Listed(const std::string& line) {
    const ProcessResult result =
        RunProgram({.argv = {"pkcs11-tool", "--module", SoftHsm::module_path(), "--token-label", hsm.label(),
                             "--login", "--pin", hsm.pin(), "--list-objects"},
                    .environment = hsm.environment()});
    std::size_t count = 0;
    for (std::size_t at = 0; (at = result.out.find(line, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  // A PIN that is no part of a serial number, or the check for leaks would see it there.
  SoftHsm hsm{{.label = "card", .pin = "user-pin!", .so_pin = "officer-pin!"}};
  TemporaryDirectory files;
  std::string module = SoftHsm::module_path();
  std::string pin_file = files.Write("pin", std::string_view("user-pin!\n"));
  std::string so_pin_file = files.Write("so-pin", std::string_view("officer-pin!\n"));
  std::string new_pin_file = files.Write("new-pin", std::string_view("98765\n"));
  TestPki pki;
};

TEST_F(TokenVerbs, InitGivesABlankTokenItsLabelAndPins) {
  const auto answer = Json(Token({"init", "--json", "--label", "second card", "--pin-source",
                                  "file:" + pin_file, "--so-pin-source", "file:" + so_pin_file}));
  EXPECT_EQ(answer["token"]["label"], "second card");
  EXPECT_THAT(answer["token"]["uri"].get<std::string>(), HasSubstr("pkcs11:token=second%20card;serial="));
  EXPECT_EQ(WithPin({"keygen", "--token", "second card"}).exit_status, 0);
}

TEST_F(TokenVerbs, InitRefusesATokenThatIsThereUnlessForced) {
  hsm.Generate("ec:P-256", {.id = "\x01"});
  const std::vector<std::string> init{"init",
                                      "--label",
                                      "card",
                                      "--pin-source",
                                      "file:" + pin_file,
                                      "--so-pin-source",
                                      "file:" + so_pin_file};
  const ProcessResult refused = Token(init);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("there is already a token"));
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(Objects("01"), 2u);
  std::vector<std::string> forced = init;
  forced.push_back("--force");
  EXPECT_EQ(Token(forced).exit_status, 0);
  EXPECT_EQ(Objects("01"), 0u);
}

TEST_F(TokenVerbs, InitWithTheWrongOfficersPinWipesNothing) {
  hsm.Generate("ec:P-256", {.id = "\x01"});
  const ProcessResult result = Token({"init", "--force", "--label", "card", "--pin-source",
                                      "file:" + pin_file, "--so-pin-source", "file:" + new_pin_file});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_EQ(Objects("01"), 2u);
}

TEST_F(TokenVerbs, InitWithoutPinsSaysHowToGiveThem) {
  const ProcessResult result = Token({"init", "--label", "other"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("--so-pin-source"));
}

TEST_F(TokenVerbs, PinIsChangedWithTheOldOne) {
  EXPECT_EQ(WithPin({"set-pin", "--token", "card", "--new-pin-source", "file:" + new_pin_file}).exit_status,
            0);
  EXPECT_EQ(WithPin({"keygen", "--token", "card"}).exit_status, 1);
  EXPECT_EQ(Token({"keygen", "--token", "card", "--pin-source", "file:" + new_pin_file}).exit_status, 0);
}

TEST_F(TokenVerbs, PinIsResetByTheSecurityOfficer) {
  EXPECT_EQ(
      Token({"set-pin", "--so-pin-source", "file:" + so_pin_file, "--new-pin-source", "file:" + new_pin_file})
          .exit_status,
      0);
  EXPECT_EQ(Token({"keygen", "--pin-source", "file:" + new_pin_file}).exit_status, 0);
}

TEST_F(TokenVerbs, SecurityOfficersPinIsChanged) {
  const std::string own = "file:" + so_pin_file;
  const std::string other = "file:" + new_pin_file;
  EXPECT_EQ(Token({"set-pin", "--so", "--so-pin-source", own, "--new-pin-source", other}).exit_status, 0);
  EXPECT_EQ(Token({"set-pin", "--so-pin-source", own, "--new-pin-source", "file:" + pin_file}).exit_status,
            1);
  EXPECT_EQ(Token({"set-pin", "--so-pin-source", other, "--new-pin-source", "file:" + pin_file}).exit_status,
            0);
}

TEST_F(TokenVerbs, WrongPinIsSentOnce) {
  WrappedModule wrapped(hsm);
  module = wrapped.path();
  const ProcessResult result = Token({"keygen", "--pin-source", "file:" + new_pin_file});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_EQ(wrapped.Count("C_Login"), 1u);
}

TEST_F(TokenVerbs, FinalTryIsNotUsedForAPinThatWasNotTyped) {
  WrappedModule wrapped(hsm, {.pin_tries = 1});
  module = wrapped.path();
  const ProcessResult result = WithPin({"keygen"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("one more wrong PIN locks it"));
  EXPECT_EQ(wrapped.Count("C_Login"), 0u);
  EXPECT_EQ(WithPin({"keygen", "--set", "allow-final-try=true"}).exit_status, 0);
}

TEST_F(TokenVerbs, LockedPinIsSaidToBe) {
  WrappedModule wrapped(hsm, {.token_flags_set = 0x40000});  // CKF_USER_PIN_LOCKED
  module = wrapped.path();
  EXPECT_THAT(WithPin({"keygen"}).err, HasSubstr("set-pin --so-pin-source"));
  EXPECT_EQ(wrapped.Count("C_Login"), 0u);
}

TEST_F(TokenVerbs, ReaderAsksForThePin) {
  WrappedModule wrapped(hsm, {.reader_pin = hsm.pin()});
  module = wrapped.path();
  EXPECT_EQ(Token({"keygen", "--id", "31"}).exit_status, 0);
  EXPECT_EQ(Objects("31"), 2u);
}

class Keygen : public TokenVerbs, public ::testing::WithParamInterface<const char*> {};

TEST_P(Keygen, MakesTheKeyAndGivesItsPublicPart) {
  const auto answer =
      Json(WithPin({"keygen", "--json", "--type", GetParam(), "--id", "a1:b2", "--label", "my key"}));
  EXPECT_EQ(answer["id"], "a1b2");
  EXPECT_THAT(answer["uri"].get<std::string>(), HasSubstr(";id=%A1%B2;object=my%20key"));
  const std::string pem =
      files.Write("public.pem", std::string_view(answer["public_key"].get<std::string>()));
  EXPECT_TRUE(RunProgram({.argv = {"openssl", "pkey", "-pubin", "-in", pem, "-noout"}}).ok());
  EXPECT_EQ(Objects("a1b2"), 2u);
}

INSTANTIATE_TEST_SUITE_P(Types, Keygen,
                         ::testing::Values("rsa:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ec:secp256k1",
                                           "ec:brainpoolP256r1", "ed25519", "ed448"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
                           return name;
                         });

TEST_F(TokenVerbs, KeygenRefusesAnIdThatIsTaken) {
  EXPECT_EQ(WithPin({"keygen", "--id", "07"}).exit_status, 0);
  const ProcessResult again = WithPin({"keygen", "--id", "07"});
  EXPECT_EQ(again.exit_status, 1);
  EXPECT_THAT(again.err, HasSubstr("already has objects with the ID 07"));
  EXPECT_EQ(Objects("07"), 2u);
}

TEST_F(TokenVerbs, KeygenWithoutAnIdChoosesOne) {
  const std::string first = Json(WithPin({"keygen", "--json"}))["id"];
  const std::string second = Json(WithPin({"keygen", "--json"}))["id"];
  EXPECT_EQ(first.size(), 16u);
  EXPECT_NE(first, second);
}

TEST_F(TokenVerbs, WhatIsTypedWronglyIsSaidBeforeTheTokenIsTouched) {
  struct Row {
    std::vector<std::string> arguments;
    const char* text;
    int status;
  };
  for (const auto& [arguments, text, status] :
       std::vector<Row>{{{"keygen", "--type", "rsa:banana"}, "rsa:banana", 2},
                        {{"keygen", "--type", "ec:P-123"}, "ec:P-123", 2},
                        {{"keygen", "--id", "abc"}, "--id", 2},
                        {{"keygen", "--id", "xy"}, "--id", 2},
                        {{"keygen", "--token", "nobody"}, "nobody", 1},
                        {{"import", "pkcs11:token=card"}, "pkcs12:PATH", 2},
                        {{"import", "pkcs12:/no/such/file.p12"}, "/no/such/file.p12", 1},
                        {{"import", "--cert", "/no/such/file.pem"}, "/no/such/file.pem", 1},
                        {{"remove", "pkcs11:token=card"}, "names no object", 2},
                        {{"remove", "pkcs11:token=card;id=%99"}, "no such object", 1},
                        {{"remove", "pkcs11:token=card;colour=blue;id=%01"}, "colour", 2},
                        {{"remove", "pkcs11:token=nobody;id=%01"}, "no token", 1}}) {
    const ProcessResult result = WithPin(arguments);
    EXPECT_EQ(result.exit_status, status) << text << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
  }
}

TEST_F(TokenVerbs, WrongUsageIsStatusTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {}, {"dance"}, {"init"}, {"import"}, {"remove"}, {"keygen", "--colour"}}) {
    EXPECT_EQ(Token(arguments).exit_status, 2);
  }
}

TEST_F(TokenVerbs, FileThatIsNoModuleIsSaidToBe) {
  module = files.Write("module.so", std::string_view("not a library"));
  const ProcessResult result = WithPin({"keygen"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot be loaded as a PKCS#11 module"));
}

class ImportedKey : public TokenVerbs, public ::testing::WithParamInterface<const char*> {};

TEST_P(ImportedKey, FromPkcs12SignsWhatItsCertificateVerifies) {
  const TestIdentity alice = pki.Issue({.key = GetParam()});
  const std::string file = files.Write("alice.p12", MakePkcs12(alice));
  const std::string password = files.Write("password", std::string_view("secret\n"));
  const auto answer = Json(
      WithPin({"import", "--json", "pkcs12:" + file, "--id", "0a", "--password-source", "file:" + password}));
  EXPECT_EQ(answer["label"], "alice");
  EXPECT_EQ(Objects("0a"), 3u);
  const ProcessResult certificate =
      RunProgram({.argv = {"pkcs11-tool", "--module", module, "--token-label", "card", "--read-object",
                           "--type", "cert", "--id", "0a"},
                  .environment = hsm.environment()});
  EXPECT_EQ(
      HexEncode({reinterpret_cast<const std::uint8_t*>(certificate.out.data()), certificate.out.size()}),
      HexEncode(alice.certificate.der()));
}

INSTANTIATE_TEST_SUITE_P(Types, ImportedKey,
                         ::testing::Values("rsa:2048", "rsa:3072", "ec:P-256", "ec:P-384", "ec:P-521",
                                           "ed25519", "ed448"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
                           return name;
                         });

TEST_F(TokenVerbs, ImportedRsaKeySigns) {
  const TestIdentity alice = pki.Issue({.key = "rsa:2048"});
  const std::string key = files.Write("key.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string certificate = files.Write("cert.pem", std::string_view(alice.CertificatePem()));
  ASSERT_EQ(WithPin({"import", "--key", key, "--cert", certificate, "--id", "0b"}).exit_status, 0);
  const std::string data = files.Write("data", std::string_view("what is signed"));
  const std::string signature = files.path() + "/signature";
  const ProcessResult signed_it =
      RunProgram({.argv = {"pkcs11-tool", "--module", module, "--token-label", "card", "--login", "--pin",
                           hsm.pin(), "--sign", "--id", "0b", "--mechanism", "SHA256-RSA-PKCS",
                           "--input-file", data, "--output-file", signature},
                  .environment = hsm.environment()});
  ASSERT_TRUE(signed_it.ok()) << signed_it.err;
  const std::string public_key = files.path() + "/public.pem";
  ASSERT_TRUE(
      RunProgram({.argv = {"openssl", "x509", "-in", certificate, "-pubkey", "-noout", "-out", public_key}})
          .ok());
  EXPECT_TRUE(RunProgram({.argv = {"openssl", "dgst", "-sha256", "-verify", public_key, "-signature",
                                   signature, data}})
                  .ok());
}

TEST_F(TokenVerbs, ImportWithoutAnIdTakesTheKeyIdentifier) {
  const TestIdentity alice = pki.Issue({});
  const std::string file = files.Write("alice.p12", MakePkcs12(alice, {.password = ""}));
  const std::string password = files.Write("password", std::string_view(""));
  const auto answer =
      Json(WithPin({"import", "--json", "pkcs12:" + file, "--password-source", "file:" + password}));
  const std::string pem = files.Write("cert.pem", std::string_view(alice.CertificatePem()));
  const ProcessResult text =
      RunProgram({.argv = {"openssl", "x509", "-in", pem, "-noout", "-ext", "subjectKeyIdentifier"}});
  std::string identifier;
  for (const char c : text.out.substr(text.out.find('\n'))) {
    if (std::isxdigit(static_cast<unsigned char>(c))) identifier += static_cast<char>(std::tolower(c));
  }
  EXPECT_EQ(answer["id"], identifier);
}

TEST_F(TokenVerbs, ImportPutsTheChainThereWhenAsked) {
  const TestIdentity alice = TestPki::IssueFrom(pki.Intermediate("Middle"), {});
  const std::string key = files.Write("key.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string chain = files.Write("chain.pem", std::string_view(alice.ChainPem()));
  EXPECT_EQ(WithPin({"import", "--key", key, "--cert", chain, "--id", "0c", "--chain"}).exit_status, 0);
  EXPECT_EQ(Labelled("Middle"), 1u);
}

TEST_F(TokenVerbs, CertificateAloneFindsItsKey) {
  const auto spki = hsm.Generate("ec:P-256", {.id = "\x5a", .label = "made here"});
  const TestIdentity alice = pki.Certify(spki, {});
  const std::string pem = files.Write("cert.pem", std::string_view(alice.CertificatePem()));
  const auto answer = Json(WithPin({"import", "--json", "--cert", pem}));
  EXPECT_EQ(answer["id"], "5a");
  EXPECT_EQ(answer["label"], "made here");
  EXPECT_EQ(Objects("5a"), 3u);
}

TEST_F(TokenVerbs, CertificateWithoutItsKeyIsRefusedUnlessAnIdIsGiven) {
  const std::string pem = files.Write("cert.pem", std::string_view(pki.Issue({}).CertificatePem()));
  const ProcessResult refused = WithPin({"import", "--cert", pem});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("no key for the certificate"));
  EXPECT_EQ(WithPin({"import", "--cert", pem, "--id", "77"}).exit_status, 0);
  EXPECT_EQ(Objects("77"), 1u);
}

TEST_F(TokenVerbs, CertificateOfAnotherKeyIsNotImported) {
  hsm.Generate("ec:P-256", {.id = "\x01"});
  const std::string pem = files.Write("cert.pem", std::string_view(pki.Issue({}).CertificatePem()));
  const ProcessResult refused = WithPin({"import", "--cert", pem, "--id", "01"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("differs from the key in the certificate"));
  EXPECT_EQ(Objects("01"), 2u);
}

TEST_F(TokenVerbs, KeyOfAnotherCertificateIsRefusedBeforeAnythingIsWritten) {
  WrappedModule wrapped(hsm);
  module = wrapped.path();
  const std::string key = files.Write("key.pem", std::string_view(pki.Issue({}).PrivateKeyPem()));
  const std::string pem = files.Write("cert.pem", std::string_view(pki.Issue({}).CertificatePem()));
  const ProcessResult refused = WithPin({"import", "--key", key, "--cert", pem});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("does not belong"));
  EXPECT_EQ(wrapped.Count("C_CreateObject"), 0u);
}

TEST_F(TokenVerbs, ImportRefusesAnIdThatIsTaken) {
  hsm.Generate("ec:P-256", {.id = "\x01"});
  const std::string key = files.Write("key.pem", std::string_view(pki.Issue({}).PrivateKeyPem()));
  EXPECT_THAT(WithPin({"import", "--key", key, "--id", "01"}).err,
              HasSubstr("already has objects with the ID 01"));
  EXPECT_EQ(Objects("01"), 2u);
}

TEST_F(TokenVerbs, SettingsReachTheModuleAndTheCallLog) {
  WrappedModule wrapped(hsm, {.init_args = "slot=4"});
  module = wrapped.path();
  const std::string log = files.path() + "/calls";
  const std::string key = files.Write("key.pem", std::string_view(pki.Issue({}).PrivateKeyPem()));
  const std::vector<std::string> with{"--set", "pkcs11-module-init-args=slot=4", "--set", "call-log=" + log};
  const auto also = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), with.begin(), with.end());
    return arguments;
  };
  EXPECT_EQ(WithPin({"import", "--key", key, "--id", "21"}).exit_status, 1);
  EXPECT_EQ(WithPin(also({"import", "--key", key, "--id", "21"})).exit_status, 0);
  EXPECT_EQ(WithPin(also({"keygen", "--id", "22"})).exit_status, 0);
  EXPECT_EQ(Token(also({"set-pin", "--so-pin-source", "file:" + so_pin_file, "--new-pin-source",
                        "file:" + pin_file}))
                .exit_status,
            0);
  EXPECT_EQ(Token(also({"init", "--label", "second", "--so-pin-source", "file:" + so_pin_file, "--pin-source",
                        "file:" + pin_file}))
                .exit_status,
            0);
  EXPECT_EQ(WithPin(also({"remove", "--yes", "pkcs11:token=card;id=%21"})).exit_status, 0);
  std::ostringstream calls;
  calls << std::ifstream(log).rdbuf();
  for (const char* function : {"C_CreateObject", "C_GenerateKeyPair", "C_InitPIN", "C_InitToken",
                               "C_DestroyObject", "C_Initialize"}) {
    EXPECT_THAT(calls.str(), HasSubstr(function));
  }
  EXPECT_THAT(calls.str(), Not(HasSubstr("user-pin!")));
}

TEST_F(TokenVerbs, PinFromADescriptorIsReadOnce) {
  WrappedModule wrapped(hsm);
  for (const std::string& verb :
       {std::string("keygen --id 31"), std::string("remove --yes 'pkcs11:token=card;id=%31'"),
        "set-pin --new-pin-source file:" + pin_file}) {
    const std::uint64_t before = wrapped.Count("C_Login");
    const std::string line = std::string("exec ") + SIGNET_COMMAND + " --module " + wrapped.path() +
                             " token " + verb + " --pin-source fd:3 3<" + pin_file;
    const ProcessResult result =
        RunProgram({.argv = {"setsid", "--wait", "sh", "-c", line}, .environment = hsm.environment()});
    EXPECT_EQ(result.exit_status, 0) << verb << '\n' << result.err;
    EXPECT_EQ(wrapped.Count("C_Login"), before + 1) << verb;
  }
}

TEST_F(TokenVerbs, EmptyPinIsNotSent) {
  WrappedModule wrapped(hsm);
  module = wrapped.path();
  const std::string empty = "file:" + files.Write("empty", std::string_view("\n"));
  const std::string fresh = "file:" + new_pin_file;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"keygen", "--pin-source", empty},
           {"set-pin", "--pin-source", empty, "--new-pin-source", fresh},
           {"set-pin", "--so-pin-source", empty, "--new-pin-source", fresh},
           {"set-pin", "--so", "--so-pin-source", empty, "--new-pin-source", fresh}}) {
    const ProcessResult result = Token(arguments);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr("empty"));
  }
  EXPECT_EQ(wrapped.Count("C_Login"), 0u);
}

TEST_F(TokenVerbs, NewPinOfAWrongLengthIsRefusedWithTheTokensLimits) {
  WrappedModule wrapped(hsm);
  module = wrapped.path();
  const std::string brief = "file:" + files.Write("brief", std::string_view("12\n"));
  const ProcessResult set = WithPin({"set-pin", "--new-pin-source", brief});
  EXPECT_EQ(set.exit_status, 1);
  EXPECT_THAT(set.err, HasSubstr("4 to 255 bytes"));
  const ProcessResult init = Token({"init", "--force", "--label", "card", "--so-pin-source",
                                    "file:" + so_pin_file, "--pin-source", brief});
  EXPECT_THAT(init.err, HasSubstr("4 to 255 bytes"));
  EXPECT_EQ(wrapped.Count("C_InitToken"), 0u);
  wrapped.Set({.faults = {{.function = "C_InitPIN", .result = 0xA2}}});  // CKR_PIN_LEN_RANGE
  EXPECT_THAT(
      Token({"set-pin", "--so-pin-source", "file:" + so_pin_file, "--new-pin-source", "file:" + new_pin_file})
          .err,
      HasSubstr("4 to 255 bytes"));
}

TEST_F(TokenVerbs, OfficersPinIsSubjectToTheRulesOfTheUsers) {
  const std::vector<std::string> reset{"set-pin", "--so-pin-source", "file:" + so_pin_file,
                                       "--new-pin-source", "file:" + new_pin_file};
  WrappedModule final_try(hsm, {.token_flags_set = 0x200000});  // CKF_SO_PIN_FINAL_TRY
  module = final_try.path();
  EXPECT_THAT(Token(reset).err, HasSubstr("allow-final-try"));
  EXPECT_EQ(final_try.Count("C_Login"), 0u);
  std::vector<std::string> allowed = reset;
  allowed.insert(allowed.end(), {"--set", "allow-final-try=true"});
  EXPECT_EQ(Token(allowed).exit_status, 0);
  final_try.Set({.token_flags_set = 0x400000});  // CKF_SO_PIN_LOCKED
  EXPECT_THAT(Token(allowed).err, HasSubstr("the security officer's PIN is locked"));
  EXPECT_EQ(final_try.Count("C_Login"), 1u);
  const ProcessResult init = Token({"init", "--force", "--label", "card", "--so-pin-source",
                                    "file:" + so_pin_file, "--pin-source", "file:" + pin_file});
  EXPECT_THAT(init.err, HasSubstr("the security officer's PIN is locked"));
  EXPECT_EQ(final_try.Count("C_InitToken"), 0u);
}

TEST_F(TokenVerbs, WrongOfficersPinIsSentOnce) {
  WrappedModule wrapped(hsm);
  module = wrapped.path();
  const ProcessResult result =
      Token({"set-pin", "--so-pin-source", "file:" + pin_file, "--new-pin-source", "file:" + new_pin_file});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("the security officer's PIN is wrong"));
  EXPECT_EQ(wrapped.Count("C_Login"), 1u);
}

class NoOfficerLogin : public TokenVerbs, public ::testing::WithParamInterface<unsigned long> {};

TEST_P(NoOfficerLogin, IsExplained) {
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_Login", .result = GetParam(), .times = 0}}});
  module = wrapped.path();
  const ProcessResult result = Token(
      {"set-pin", "--so-pin-source", "file:" + so_pin_file, "--new-pin-source", "file:" + new_pin_file});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("rejected the security officer's login"));
  EXPECT_THAT(result.err, HasSubstr("--unblock-pin"));
  EXPECT_EQ(wrapped.Count("C_Login"), 1u);
}

// CKR_GENERAL_ERROR, CKR_FUNCTION_NOT_SUPPORTED, CKR_USER_TYPE_INVALID
INSTANTIATE_TEST_SUITE_P(Codes, NoOfficerLogin, ::testing::Values(0x5, 0x54, 0x103));

TEST_F(TokenVerbs, InitThatCannotSetTheUsersPinSaysWhatIsDone) {
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_InitPIN", .result = 0x30, .times = 0}}});
  module = wrapped.path();
  const ProcessResult result = Token({"init", "--label", "second", "--so-pin-source", "file:" + so_pin_file,
                                      "--pin-source", "file:" + pin_file});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("but no user PIN"));
  EXPECT_THAT(result.err, HasSubstr("signet token set-pin --token second"));
  wrapped.Set({});
  EXPECT_EQ(Token({"set-pin", "--token", "second", "--so-pin-source", "file:" + so_pin_file,
                   "--new-pin-source", "file:" + pin_file})
                .exit_status,
            0);
  EXPECT_EQ(WithPin({"keygen", "--token", "second"}).exit_status, 0);
}

TEST_F(TokenVerbs, DifferingNewPinsAreSaidToDiffer) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : hsm.environment()) environment.push_back(name + "=" + value);
  TerminalSession session(
      {SIGNET_COMMAND, "--module", module, "token", "set-pin", "--pin-source", "file:" + pin_file},
      environment, "");
  ASSERT_TRUE(session.WaitFor("New PIN of the user: ")) << session.shown();
  session.Type("11111\n");
  ASSERT_TRUE(session.WaitFor("again: ")) << session.shown();
  session.Type("22222\n");
  EXPECT_EQ(session.End(), 1);
  EXPECT_THAT(session.shown(), HasSubstr("differ"));
}

TEST_F(TokenVerbs, RenewedCertificateIsImportedForItsKey) {
  const auto spki = hsm.Generate("ec:P-256", {.id = "\x5a", .label = "made here"});
  const std::string first = files.Write("1.pem", std::string_view(pki.Certify(spki, {}).CertificatePem()));
  const std::string second = files.Write("2.pem", std::string_view(pki.Certify(spki, {}).CertificatePem()));
  const std::string third = files.Write("3.pem", std::string_view(pki.Certify(spki, {}).CertificatePem()));
  EXPECT_EQ(WithPin({"import", "--cert", first}).exit_status, 0);
  EXPECT_THAT(WithPin({"import", "--cert", first}).err, HasSubstr("already has this certificate"));
  EXPECT_EQ(WithPin({"import", "--cert", second}).exit_status, 0);
  EXPECT_EQ(Objects("5a"), 4u);
  EXPECT_EQ(WithPin({"import", "--cert", third, "--replace"}).exit_status, 0);
  EXPECT_EQ(Objects("5a"), 3u);
}

TEST_F(TokenVerbs, ReplaceRemovesNothingIfTheImportFails) {
  const auto spki = hsm.Generate("ec:P-256", {.id = "\x5a"});
  const std::string first = files.Write("1.pem", std::string_view(pki.Certify(spki, {}).CertificatePem()));
  const std::string second = files.Write("2.pem", std::string_view(pki.Certify(spki, {}).CertificatePem()));
  ASSERT_EQ(WithPin({"import", "--cert", first}).exit_status, 0);
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_CreateObject", .result = 0x31, .times = 0}}});
  module = wrapped.path();
  EXPECT_EQ(WithPin({"import", "--cert", second, "--replace"}).exit_status, 1);
  EXPECT_EQ(Objects("5a"), 3u);
  wrapped.Set({.faults = {{.function = "C_DestroyObject", .result = 0x5, .times = 0}}});
  const ProcessResult kept = WithPin({"import", "--cert", second, "--replace"});
  EXPECT_EQ(kept.exit_status, 1);
  EXPECT_THAT(kept.err, HasSubstr("the old one could not be removed: certificate id=5a"));
  EXPECT_EQ(Objects("5a"), 4u);
}

// Certutil lists what NSS sees on the token.
TEST_F(TokenVerbs, NssSeesImportedCertificates) {
  const std::string database = "sql:" + files.path();
  const auto run = [&](std::vector<std::string> argv) {
    const ProcessResult result = RunProgram({.argv = std::move(argv), .environment = hsm.environment()});
    EXPECT_TRUE(result.ok()) << result.out << result.err;
    return result.out;
  };
  for (const auto& [name, key] : {std::pair("rsa", "rsa:2048"), std::pair("ec", "ec:P-256")}) {
    const std::string file = files.Write(name, MakePkcs12(pki.Issue({.key = key, .common_name = name})));
    ASSERT_EQ(WithPin({"import", "pkcs12:" + file, "--password-source",
                       "file:" + files.Write("password", std::string_view("secret\n"))})
                  .exit_status,
              0);
  }
  run({"certutil", "-N", "-d", database, "--empty-password"});
  run({"modutil", "-dbdir", database, "-force", "-add", "card", "-libfile", module});
  const std::string listed = run({"certutil", "-L", "-d", database, "-h", "card", "-f", pin_file});
  EXPECT_THAT(listed, HasSubstr("card:rsa"));
  EXPECT_THAT(listed, HasSubstr("card:ec"));
}

class UnknownOutcome : public TokenVerbs, public ::testing::WithParamInterface<unsigned long> {};

TEST_P(UnknownOutcome, WhatWasDoneThoughReportedAsFailedIsNotMadeTwice) {
  const TestIdentity alice = pki.Issue({});
  const std::string key = files.Write("key.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string pem = files.Write("cert.pem", std::string_view(alice.CertificatePem()));
  for (std::uint64_t nth = 1; nth <= 3; ++nth) {
    WrappedModule wrapped(
        hsm, {.faults = {{.function = "C_CreateObject", .result = GetParam(), .nth = nth, .after = true}}});
    module = wrapped.path();
    const std::string id = "4" + std::to_string(nth);
    const ProcessResult result = WithPin({"import", "--key", key, "--cert", pem, "--id", id});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(wrapped.Count("C_CreateObject"), 3u);
    EXPECT_EQ(Objects(id), 3u);
  }
  WrappedModule wrapped(hsm,
                        {.faults = {{.function = "C_GenerateKeyPair", .result = GetParam(), .after = true}}});
  module = wrapped.path();
  EXPECT_EQ(WithPin({"keygen", "--id", "4f"}).exit_status, 0);
  EXPECT_EQ(wrapped.Count("C_GenerateKeyPair"), 1u);
  EXPECT_EQ(Objects("4f"), 2u);
}

// CKR_HOST_MEMORY, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY
INSTANTIATE_TEST_SUITE_P(Codes, UnknownOutcome, ::testing::Values(0x2, 0x5, 0x6, 0x30, 0x31));

class CannotHaveBeenDone : public TokenVerbs, public ::testing::WithParamInterface<unsigned long> {};

TEST_P(CannotHaveBeenDone, IsRepeatedOnce) {
  const std::string key = files.Write("key.pem", std::string_view(pki.Issue({}).PrivateKeyPem()));
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_CreateObject", .result = GetParam()}}});
  module = wrapped.path();
  const ProcessResult result = WithPin({"import", "--key", key, "--id", "51"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(wrapped.Count("C_CreateObject"), 3u);
  EXPECT_EQ(Objects("51"), 2u);
}

// CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN
INSTANTIATE_TEST_SUITE_P(Codes, CannotHaveBeenDone, ::testing::Values(0xB3, 0x101));

TEST_F(TokenVerbs, WhatCannotBeRemovedAfterAFailureIsNamed) {
  const TestIdentity alice = pki.Issue({});
  const std::string key = files.Write("key.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string pem = files.Write("cert.pem", std::string_view(alice.CertificatePem()));
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_CreateObject", .result = 0x31, .nth = 3, .times = 0},
                                         {.function = "C_DestroyObject", .result = 0x5, .times = 0}}});
  module = wrapped.path();
  const ProcessResult result =
      WithPin({"import", "--key", key, "--cert", pem, "--id", "0d", "--label", "mine"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("no memory left"));
  EXPECT_THAT(result.err,
              HasSubstr("left on the token: public key id=0d object=mine, private key id=0d object=mine"));
  EXPECT_EQ(Objects("0d"), 2u);
}

TEST_F(TokenVerbs, CertificateCategoryIsLeftOutWhereTheTokenRefusesIt) {
  const std::string pem = files.Write("cert.pem", std::string_view(pki.Issue({}).CertificatePem()));
  WrappedModule wrapped(hsm, {.faults = {{.function = "C_CreateObject", .result = 0x12}}});
  module = wrapped.path();
  EXPECT_EQ(WithPin({"import", "--cert", pem, "--id", "61"}).exit_status, 0);
  EXPECT_EQ(Objects("61"), 1u);
}

class HalfWay : public TokenVerbs, public ::testing::WithParamInterface<const char*> {};

TEST_P(HalfWay, FailedImportLeavesNoObjects) {
  const TestIdentity alice = TestPki::IssueFrom(pki.Intermediate("Middle"), {.key = GetParam()});
  const std::string key = files.Write("key.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string chain = files.Write("chain.pem", std::string_view(alice.ChainPem()));
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    WrappedModule wrapped(hsm, {.faults = {{.function = "C_CreateObject", .result = 0x30, .nth = nth}}});
    module = wrapped.path();
    const ProcessResult result = WithPin({"import", "--key", key, "--cert", chain, "--id", "0d", "--chain"});
    EXPECT_EQ(result.exit_status, 1) << "object " << nth;
    EXPECT_THAT(result.err, HasSubstr("CKR_DEVICE_ERROR"));
    EXPECT_EQ(Objects("0d"), 0u) << "object " << nth;
    EXPECT_EQ(Labelled("Middle"), 0u) << "object " << nth;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, HalfWay, ::testing::Values("rsa:2048", "ec:P-256"), [](const auto& row) {
  return std::string(row.param).substr(0, 2) == "rs" ? "Rsa" : "Ec";
});

TEST_F(TokenVerbs, EncryptedPemKeyTakesItsPassword) {
  const TestIdentity alice = pki.Issue({});
  const std::string plain = files.Write("plain.pem", std::string_view(alice.PrivateKeyPem()));
  const std::string key = files.path() + "/key.pem";
  const std::string password = files.Write("password", std::string_view("hush\n"));
  ASSERT_TRUE(RunProgram({.argv = {"openssl", "pkcs8", "-topk8", "-in", plain, "-out", key, "-passout",
                                   "file:" + password}})
                  .ok());
  EXPECT_THAT(WithPin({"import", "--key", key}).err, HasSubstr("--password-source"));
  EXPECT_THAT(WithPin({"import", "--key", key, "--password-source", "file:" + pin_file}).err,
              HasSubstr("no readable private key"));
  EXPECT_EQ(
      WithPin({"import", "--key", key, "--password-source", "file:" + password, "--id", "0e"}).exit_status,
      0);
  EXPECT_EQ(Objects("0e"), 2u);
}

TEST_F(TokenVerbs, KeyThatTokensDoNotHoldIsRefused) {
  const std::string key =
      files.Write("key.pem", std::string_view(pki.Issue({.key = "dsa:1024"}).PrivateKeyPem()));
  const ProcessResult result = WithPin({"import", "--key", key, "--id", "0f"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("DSA"));
}

TEST_F(TokenVerbs, RemoveWantsAYes) {
  hsm.Import(pki.Issue({}), {.id = "\x01"});
  const ProcessResult asked = WithPin({"remove", "pkcs11:token=card;id=%01"});
  EXPECT_EQ(asked.exit_status, 1);
  EXPECT_THAT(asked.err, HasSubstr("--yes"));
  EXPECT_EQ(Objects("01"), 3u);
  const auto one = Json(WithPin({"remove", "--yes", "--json", "pkcs11:token=card;id=%01;type=cert"}));
  EXPECT_EQ(one["removed"].size(), 1u);
  EXPECT_EQ(one["removed"][0]["kind"], "certificate");
  EXPECT_EQ(Objects("01"), 2u);
  EXPECT_EQ(WithPin({"remove", "--yes", "pkcs11:token=card;id=%01"}).exit_status, 0);
  EXPECT_EQ(Objects("01"), 0u);
}

TEST_F(TokenVerbs, TokenMustBeNamedWhereThereAreTwo) {
  hsm.AddToken({.label = "other", .pin = "user-pin!", .so_pin = "officer-pin!"});
  const ProcessResult result = WithPin({"keygen"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("pkcs11:token=card"));
  EXPECT_THAT(result.err, HasSubstr("pkcs11:token=other"));
  EXPECT_EQ(WithPin({"keygen", "--token", "other"}).exit_status, 0);
}

}  // namespace
}  // namespace signet::testing
