#include "diagnosis/doctor_fixture.h"

#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

std::string Shown(const std::vector<FoundLine>& lines) {
  std::string text;
  for (const FoundLine& line : lines) {
    text += fmt::format("{} {}: {} / {}\n", line.verdict, line.what, line.detail, line.hint);
  }
  return text;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

DoctorFixture::DoctorFixture()
    : provider_(directory_.Write("signet.so", "")),
      healthy_(directory_.Write("healthy.cnf", fmt::format(R"(openssl_conf = init
[init]
providers = providers
[providers]
default = default_section
signet = signet_section
[default_section]
activate = 1
[signet_section]
module = {}
activate = 1
)",
                                                           provider_))),
      module_(testing::SoftHsm::module_path()) {}

std::vector<FoundLine> DoctorFixture::Run(std::vector<std::string> arguments,
                                          const testing::Environment& environment) {
  const auto given = [&](const char* option) {
    return std::ranges::find(arguments, option) != arguments.end();
  };
  testing::Environment all = environment;
  all.try_emplace(
      "SOFTHSM2_CONF",
      directory_.Write("softhsm2.conf", fmt::format("directories.tokendir = {}\n", directory_.path())));
  if (!given("--openssl-conf") && !all.contains("OPENSSL_CONF")) {
    arguments.insert(arguments.end(), {"--openssl-conf", healthy_});
  }
  if (!given("--module")) arguments.insert(arguments.begin(), {"--module", module_});
  arguments.insert(arguments.begin(), {"doctor", "--json"});
  const auto result = RunSignet(arguments, all);
  std::vector<FoundLine> lines;
  const auto document = JsonOf(result);
  for (const auto& row : document.value("findings", nlohmann::json::array())) {
    lines.push_back({row.at("what"), row.at("verdict"), row.at("detail"), row.at("hint")});
  }
  EXPECT_FALSE(lines.empty()) << result.err;
  const bool bad = std::ranges::count(lines, "bad", &FoundLine::verdict) > 0;
  EXPECT_EQ(result.exit_status, bad ? 1 : 0) << Shown(lines) << result.err;
  return lines;
}

std::vector<FoundLine> DoctorFixture::RunConf(const std::string& text) {
  return Run({"--openssl-conf", directory_.Write("openssl.cnf", text)});
}

void DoctorFixture::Expect(const std::vector<FoundLine>& lines, const std::string& verdict,
                           const std::string& detail, const std::string& hint) {
  EXPECT_TRUE(std::ranges::any_of(lines,
                                  [&](const FoundLine& line) {
                                    return line.verdict == verdict &&
                                           Contains(line.what + ": " + line.detail, detail) &&
                                           Contains(line.hint, hint);
                                  }))
      << "wanted " << verdict << " " << detail << " / " << hint << "\n"
      << Shown(lines);
}

void DoctorFixture::ExpectNoneBad(const std::vector<FoundLine>& lines) {
  EXPECT_EQ(std::ranges::count(lines, "bad", &FoundLine::verdict), 0) << Shown(lines);
}

}  // namespace signet
