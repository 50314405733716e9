// Every alert about a client's certificate, as real programs print it, and what `signet doctor --symptom`
// makes of that.
#include "diagnosis/alert_server.h"
#include "diagnosis/explanation.h"
#include "diagnosis/provoked_texts.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <list>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::RunProgram;
using Printed = std::vector<std::string>;  // for each URL
using Urls = std::vector<std::string>;

// Client is a program that visits each URL.
struct Client {
  const char* name;
  Printed (*visit)(const Urls& urls);
  std::string_view (*text)(const AlertTexts& row);
};

// ForEach runs `argv` with the URL behind it.
Printed ForEach(const Urls& urls, const std::vector<std::string>& argv) {
  Printed printed;
  for (const std::string& url : urls) {
    auto command = argv;
    command.push_back(url);
    const auto result = RunProgram({.argv = command});
    printed.push_back(result.out + result.err);
  }
  return printed;
}

Printed Lines(const std::string& text) {
  Printed lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Printed VisitWithOpenSsl(const Urls& urls) {
  Printed printed;
  for (const std::string& url : urls) {
    const std::string address = url.substr(8, url.size() - 9);
    const auto result =
        RunProgram({.argv = {"openssl", "s_client", "-connect", address, "-servername", "localhost"}});
    printed.push_back(result.out + result.err);
  }
  return printed;
}

Printed VisitWithGnuTls(const Urls& urls) {
  Printed printed;
  for (const std::string& url : urls) {
    const std::string port = url.substr(url.rfind(':') + 1);
    const auto result =
        RunProgram({.argv = {"gnutls-cli", "-p", port.substr(0, port.size() - 1), "localhost"}});
    printed.push_back(result.out + result.err);
  }
  return printed;
}

Printed VisitWithCurl(const Urls& urls) { return ForEach(urls, {"curl", "-sS", "--ipv4"}); }

Printed VisitWithPython(const Urls& urls) {
  return ForEach(urls, {"/usr/bin/python3", "-c", "import sys,urllib.request as r; r.urlopen(sys.argv[1])"});
}

Printed VisitWithJava(const Urls& urls) {
  std::vector<std::string> argv = {"java", SIGNET_DIAGNOSIS_TESTS "/Tls.java", "get"};
  argv.insert(argv.end(), urls.begin(), urls.end());
  return Lines(RunProgram({.argv = argv}).out);
}

Printed VisitWithFirefox(const Urls& urls) {
  std::vector<std::string> argv = {"/usr/bin/python3", SIGNET_DIAGNOSIS_TESTS "/firefox.py",
                                   std::to_string(testing::FreePort())};
  argv.insert(argv.end(), urls.begin(), urls.end());
  return Lines(RunProgram({.argv = argv}).out);
}

// curl takes an alert in the handshake about an expired certificate for a verification of its own.
std::string_view AsCurl(const AlertTexts& row) {
  constexpr std::uint8_t kCertificateExpired = 45;
  return row.alert == kCertificateExpired ? "SSL certificate verification failed" : row.words;
}
std::string_view InWords(const AlertTexts& row) { return row.words; }
std::string_view ByNumber(const AlertTexts& row) { return row.number; }
std::string_view AsFirefox(const AlertTexts& row) { return row.firefox; }

class AlertPrinted : public ::testing::TestWithParam<Client> {};

TEST_P(AlertPrinted, IsExplained) {
  const auto server = testing::TestPki().Issue(testing::CertificateOptions::Server());
  std::list<AlertServer> servers;
  Urls urls;
  for (const AlertTexts& row : AlertsPrinted()) urls.push_back(servers.emplace_back(row.alert, server).url());
  const Printed printed = GetParam().visit(urls);
  ASSERT_EQ(printed.size(), urls.size()) << ::testing::PrintToString(printed);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const Symptom* symptom = FindSymptom(printed[i]);
    ASSERT_NE(symptom, nullptr) << printed[i];
    EXPECT_EQ(symptom->text, GetParam().text(AlertsPrinted()[i])) << printed[i];
  }
}

INSTANTIATE_TEST_SUITE_P(By, AlertPrinted,
                         ::testing::Values(Client{"OpenSsl", VisitWithOpenSsl, InWords},
                                           Client{"Curl", VisitWithCurl, AsCurl},
                                           Client{"Python", VisitWithPython, InWords},
                                           Client{"Java", VisitWithJava, InWords},
                                           Client{"GnuTls", VisitWithGnuTls, ByNumber},
                                           Client{"Firefox", VisitWithFirefox, AsFirefox}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet
