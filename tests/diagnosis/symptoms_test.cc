// What other programs print when client authentication fails, made with the programs themselves, and
// explained.
#include "applications/signet_command.h"
#include "diagnosis/explanation.h"
#include "diagnosis/provocation.h"
#include "diagnosis/provoked_texts.h"
#include "diagnosis/symptom_world.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using World = SymptomWorld;
using Kind = World::Kind;

// What no program of Debian 12 or 13 prints by itself.
constexpr std::string_view kNotAvailable[] = {
    "null cert chain",                       // Java 8
    "ERR_SSL_CLIENT_AUTH_CERT_NEEDED",       // Chromium, if the user selects no certificate
    "unsupported certificate purpose",       // OpenSSL 1.1.1
    "unregistered scheme",                   // programs that print no more than the reason
    "curl: (60)",                            // a user may copy only the number
    "AH02261",                               // Apache with SSLVerifyClient for a location, in TLS 1.2
    "ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED",  // Chromium, of a person whose card is gone
    "PKCS #11 PIN locked",                   // gnutls-cli, of a card
    "Error in provided PIN",                 // the same
    "A TLS fatal alert has been received",   // gnutls-cli, which prints the alert's number with it
    "Could not find private key",            // OpenSSL 3.2 and later
};

std::vector<Provocation> All() {
  std::vector<Provocation> all;
  for (const auto rows : {PeerProvocations(), SetupProvocations(), VerificationProvocations()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

class Provoked : public ::testing::TestWithParam<Provocation> {};

TEST_P(Provoked, TextIsExplained) {
  if (GetParam().is_at_hand != nullptr && !GetParam().is_at_hand())
    GTEST_SKIP() << "the available versions do not print it";
  const std::string printed = GetParam().print();
  const Symptom* symptom = FindSymptom(printed);
  ASSERT_NE(symptom, nullptr) << printed;
  EXPECT_EQ(symptom->text, GetParam().text) << printed;
}

std::string NameOfRow(const ::testing::TestParamInfo<Provocation>& row) {
  std::string name = fmt::format("{}_{}", row.index, row.param.text);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(By, Provoked, ::testing::ValuesIn(All()), NameOfRow);

TEST(Symptoms, EachIsPrintedByARealProgramOfTheTests) {
  std::set<std::string_view> provoked(std::begin(kNotAvailable), std::end(kNotAvailable));
  for (const Provocation& row : All()) provoked.insert(row.text);
  for (const AlertTexts& row : AlertsPrinted()) provoked.insert({row.words, row.number, row.firefox});
  for (const Symptom& symptom : Symptoms()) EXPECT_TRUE(provoked.contains(symptom.text)) << symptom.text;
}

TEST(Symptoms, CommandExplainsAnArgumentAndStandardInputAlike) {
  const World world;
  const std::string printed = world.Curl(world.Server(Kind::kNginx));
  const auto given = RunSignet({"doctor", "--symptom", printed});
  EXPECT_EQ(given.exit_status, 0);
  EXPECT_THAT(given.out, ::testing::HasSubstr("no identity was configured or loaded in this program"));
  const auto piped =
      testing::RunProgram({.argv = {SIGNET_COMMAND, "doctor", "--symptom", "-"}, .input = printed});
  EXPECT_EQ(piped.out, given.out);
}

}  // namespace
}  // namespace signet
