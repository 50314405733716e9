#pragma once

#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signet {

// FoundLine is one finding of `signet doctor --json`.
struct FoundLine {
  std::string what, verdict, detail, hint;
};

// DoctorFixture runs `signet doctor` in a world of its own: no openssl.cnf but an empty-handed one, no module
// but the one that a test names.
class DoctorFixture : public ::testing::Test {
 protected:
  DoctorFixture();

  // Run gives all findings, and checks the exit status against them.
  std::vector<FoundLine> Run(std::vector<std::string> arguments,
                             const testing::Environment& environment = {});
  // RunConf is Run with --openssl-conf and this text.
  std::vector<FoundLine> RunConf(const std::string& text);

  // Expect wants a finding with this verdict whose detail and hint contain the texts.
  static void Expect(const std::vector<FoundLine>& lines, const std::string& verdict,
                     const std::string& detail, const std::string& hint = {});
  static void ExpectNoneBad(const std::vector<FoundLine>& lines);

  testing::TemporaryDirectory directory_;
  std::string provider_;  // a file in the place of signet.so
  std::string healthy_;   // an openssl.cnf without fault
  std::string module_;    // the PKCS#11 module to look at
};

}  // namespace signet
