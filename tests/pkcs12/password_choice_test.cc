#include "pkcs12/ber.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/legacy_context.h"
#include "pkcs12/scheme.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <sys/wait.h>
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

TEST_F(Pkcs12Password, WrongOneIsDistinguishedFromDamage) {
  const std::vector<std::uint8_t> whole = testing::MakePkcs12(pki_.Issue({}));
  Write(whole);
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
  Write(std::span(whole).first(whole.size() / 2));
  EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kMalformed);
}

TEST_F(Pkcs12Password, WrongOneIsDetectedWithoutAMacToo) {
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

TEST_F(Pkcs12Password, PromptIsAskedOnlyWhenNeitherTheAbsentNorTheEmptyOneFits) {
  FixedPrompt prompt("secret");
  Write(pki_.Issue({}), {.password = std::nullopt});
  EXPECT_EQ(List("", &prompt).identities.size(), 1u);
  EXPECT_EQ(prompt.asked, 0);
  Write(pki_.Issue({}), {.password = ""});
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

TEST_F(Pkcs12Password, NonAsciiLoadsWithEverySchemeAndInTheOldEncoding) {
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

// The context is made once in a process: ctest runs each of these in its own.
TEST_F(Pkcs12Password, LegacyFileLoadsWhereOpensslModulesIsRelative) {
  for (const std::string& path :
       {std::string("not/there"),
        std::filesystem::relative(OPENSSL_info(OPENSSL_INFO_MODULES_DIR)).string()}) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("OPENSSL_MODULES", path.c_str(), 1);
      _exit(LegacyContext("RC2") != nullptr ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << path;
  }
}

TEST_F(Pkcs12Password, LegacyFileLoadsWhereTheProgramsSearchPathLeadsNowhere) {
  ASSERT_EQ(OSSL_PROVIDER_set_default_search_path(nullptr, "/nonexistent"), 1);
  EXPECT_NE(LegacyContext("RC2"), nullptr);
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

// SafesOf takes the safes out of a file.
der::Value SafesOf(const std::vector<std::uint8_t>& file) {
  BerReader pfx = BerReader(file).Enter(BerTag::kSequence, "file");
  pfx.Unsigned("version");
  BerReader content = pfx.Enter(BerTag::kSequence, "content");
  content.Oid("kind");
  const Bytes inner = content.Enter(BerTag::kContext0, "content").Octets("content").bytes;
  return {inner.begin(), inner.end()};
}

// Programs spell one password in several ways, and not the same one for the MAC and for what is encrypted.
TEST_F(Pkcs12Password, NonAsciiLoadsInEveryEncodingOfTheMacAndOfTheContents) {
  const std::string utf8 = "caf\xc3\xa9";
  const std::string latin1 = "caf\xe9";
  const std::string twice = "caf\xc3\x83\xc2\xa9";  // what gives the BMPString of every byte of UTF-8
  const der::Value bmp{0, 'c', 0, 'a', 0, 'f', 0, 0xe9, 0, 0};
  const der::Value bmp_of_bytes{0, 'c', 0, 'a', 0, 'f', 0, 0xc3, 0, 0xa9, 0, 0};
  const auto alice = pki_.Issue({});
  struct Row {
    const char* cipher;
    std::string password;
  };
  for (const Row& row : {Row{"AES-256-CBC", utf8}, Row{"AES-256-CBC", latin1}, Row{"PBE-SHA1-3DES", utf8},
                         Row{"PBE-SHA1-3DES", twice}}) {
    const der::Value safes = SafesOf(testing::MakePkcs12(alice, {.password = row.password,
                                                                 .key_cipher = row.cipher,
                                                                 .certificate_cipher = row.cipher,
                                                                 .mac_digest = ""}));
    const der::Value macs[] = {{},
                               Mac("2.16.840.1.101.3.4.2.1", bmp, safes),
                               Mac("1.3.14.3.2.26", bmp_of_bytes, safes),
                               der::Pbmac1(safes, utf8, 32),
                               der::Pbmac1(safes, latin1, 32)};
    for (const der::Value& mac : macs) {
      SCOPED_TRACE(fmt::format("{} {} {}", row.cipher, row.password.size(), &mac - macs));
      Write(der::Pfx(safes, mac));
      EXPECT_EQ(One("?pin-value=caf%C3%A9").leaf(), alice.certificate);
      EXPECT_EQ(Problem("?pin-value=cafe").code(), ErrorCode::kWrongPassword);
    }
  }
}

TEST_F(Pkcs12Password, DifferentOnesForTheMacAndTheContentsAreReported) {
  const der::Value safes =
      SafesOf(testing::MakePkcs12(pki_.Issue({}), {.password = "other", .mac_digest = ""}));
  Write(der::Pfx(safes, der::Pbmac1(safes, "secret", 32)));
  EXPECT_EQ(Problem().code(), ErrorCode::kWrongPassword);
  EXPECT_THAT(Problem().detail(), HasSubstr("with a different password"));
}

}  // namespace
}  // namespace signet
