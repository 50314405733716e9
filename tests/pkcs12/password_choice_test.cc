#include "pkcs12/ber.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/legacy_context.h"

#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

using Pkcs12Password = FileFixture;

TEST_F(Pkcs12Password, RightOneLoads) {
  const auto alice = pki_.Issue({});
  Write(alice);
  EXPECT_EQ(One().leaf(), alice.certificate);
}

TEST_F(Pkcs12Password, WrongOneIsToldApartFromDamage) {
  const std::vector<std::uint8_t> whole = testing::MakePkcs12(pki_.Issue({}));
  Write(whole);
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
  Write(std::span(whole).first(whole.size() / 2));
  EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kMalformed);
}

TEST_F(Pkcs12Password, WrongOneIsSeenWithoutAMacToo) {
  Write(pki_.Issue({}), {.mac_digest = ""});
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
  EXPECT_EQ(One().subject().find("alice") != std::string::npos, true);
}

TEST_F(Pkcs12Password, AbsentAndEmptyAreBothTried) {
  for (const char* cipher : {"PBE-SHA1-3DES", "AES-128-CBC"}) {
    SCOPED_TRACE(cipher);
    Write(pki_.Issue({}), {.password = std::nullopt, .key_cipher = cipher, .certificate_cipher = cipher});
    One("");
    One("?pin-value=");
    Write(pki_.Issue({}), {.password = "", .key_cipher = cipher, .certificate_cipher = cipher});
    One("?pin-value=");
    One("");
  }
}

TEST_F(Pkcs12Password, PromptIsAskedOnlyWhenTheAbsentOneDoesNotFit) {
  FixedPrompt prompt("secret");
  Write(pki_.Issue({}), {.password = std::nullopt});
  EXPECT_EQ(List("", &prompt).identities.size(), 1u);
  EXPECT_EQ(prompt.asked, 0);
  Write(pki_.Issue({}));
  EXPECT_EQ(List("", &prompt).identities.size(), 1u);
  EXPECT_EQ(prompt.asked, 1);
  EXPECT_EQ(prompt.last.kind, PinRequest::Kind::kPassword);
  EXPECT_EQ(prompt.last.name, Path());
  EXPECT_EQ(List("?pin-value=wrong", &prompt).problems.size(), 1u);
  EXPECT_EQ(prompt.asked, 1);
}

TEST_F(Pkcs12Password, DecliningIsPinNeededAndAWrongAnswerIsWrong) {
  Write(pki_.Issue({}));
  FixedPrompt declines(std::nullopt);
  EXPECT_EQ(List("", &declines).problems.at(0).error.code(), ErrorCode::kPinNeeded);
  FixedPrompt wrong("geheim");
  EXPECT_EQ(List("", &wrong).problems.at(0).error.code(), ErrorCode::kWrongPassword);
  EXPECT_EQ(wrong.asked, 1);
}

TEST_F(Pkcs12Password, OpenFileNeedsNone) {
  Write(pki_.Issue({}), {.key_cipher = "", .certificate_cipher = "", .mac_digest = ""});
  FixedPrompt prompt("secret");
  EXPECT_EQ(List("", &prompt).identities.size(), 1u);
  EXPECT_EQ(prompt.asked, 0);
  One("?pin-value=ignored");
}

TEST_F(Pkcs12Password, BeyondAsciiLoadsUnderEverySchemeAndInTheOldSpelling) {
  for (const char* cipher : {"PBE-SHA1-3DES", "AES-256-CBC"}) {
    SCOPED_TRACE(cipher);
    Write(pki_.Issue({}), {.password = "Łódź 🔑", .key_cipher = cipher, .certificate_cipher = cipher});
    One("?pin-value=%C5%81%C3%B3d%C5%BA%20%F0%9F%94%91");
    EXPECT_EQ(Problem("?pin-value=Lodz").code(), ErrorCode::kWrongPassword);
  }
  // Bytes that are no UTF-8 are written as OpenSSL before 1.1 wrote all bytes.
  Write(pki_.Issue({}),
        {.password = "\xe4\xff", .key_cipher = "PBE-SHA1-3DES", .certificate_cipher = "PBE-SHA1-3DES"});
  One("?pin-value=%e4%ff");
}

TEST_F(Pkcs12Password, Latin1SpellingOfThePasswordOpensPbes2) {
  Write(pki_.Issue({}), {.password = "caf\xe9", .mac_digest = ""});
  One("?pin-value=caf%C3%A9");
}

TEST_F(Pkcs12Password, LegacyFileLoadsWhileOpensslModulesPointsElsewhere) {
  setenv("OPENSSL_MODULES", directory_.path().c_str(), 1);
  EXPECT_NE(LegacyContext("RC2"), nullptr);
  unsetenv("OPENSSL_MODULES");
}

TEST_F(Pkcs12Password, ComesFromEveryPinSource) {
  Write(pki_.Issue({}));
  directory_.Write("pin", "secret\n");
  One("?pin-source=file:" + directory_.path() + "/pin");
  One("?pin-source=" + directory_.path() + "/pin");
  setenv("SIGNET_TEST_PASSWORD", "secret", 1);
  One("?pin-source=env:SIGNET_TEST_PASSWORD");
  setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1);
  One("?pin-source=credential:pin");
  const int descriptor = open((directory_.path() + "/pin").c_str(), O_RDONLY | O_CLOEXEC);
  One("?pin-source=fd:" + std::to_string(descriptor));
  close(descriptor);
  EXPECT_EQ(Problem("?pin-source=file:" + directory_.path() + "/none").code(), ErrorCode::kUnreadable);
}

TEST_F(Pkcs12Password, OneForTheMacAndAnotherForTheContentsIsSaid) {
  const std::vector<std::uint8_t> whole =
      testing::MakePkcs12(pki_.Issue({}), {.password = "other", .mac_digest = ""});
  BerReader pfx = BerReader(whole).Enter(BerTag::kSequence, "file");
  pfx.Unsigned("version");
  BerReader content = pfx.Enter(BerTag::kSequence, "content");
  content.Oid("kind");
  const Bytes inner = content.Enter(BerTag::kContext0, "content").Octets("content").bytes;
  const der::Value safes(inner.begin(), inner.end());
  Write(der::Pfx(safes, der::Pbmac1(safes, "secret", 32)));
  EXPECT_EQ(Problem().code(), ErrorCode::kWrongPassword);
  EXPECT_THAT(Problem().detail(), HasSubstr("another password than the rest"));
}

}  // namespace
}  // namespace signet
