#pragma once

#include "pkcs12/pkcs12_source.h"
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace signet {

// FixedPrompt answers always the same, and counts.
class FixedPrompt : public PinPrompt {
 public:
  explicit FixedPrompt(std::optional<std::string> answer) : answer_(std::move(answer)) {}
  std::optional<Secret> Ask(const PinRequest& request) override {
    ++asked;
    last = request;
    return answer_ ? std::optional<Secret>(Secret(*answer_)) : std::nullopt;
  }
  int asked = 0;
  PinRequest last;

 private:
  std::optional<std::string> answer_;
};

// FileFixture writes PKCS#12 files below a directory of its own and opens them.
class FileFixture : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.path() + "/file.p12"; }
  std::string Uri(std::string_view rest = "?pin-value=secret") const {
    return "pkcs12:" + Path() + std::string(rest);
  }
  void Write(std::span<const std::uint8_t> bytes) const { directory_.Write("file.p12", bytes); }
  void Write(const testing::TestIdentity& identity, const testing::Pkcs12Options& options = {}) const {
    Write(testing::MakePkcs12(identity, options));
  }
  Listing List(std::string_view rest = "?pin-value=secret", PinPrompt* prompt = nullptr) const {
    return ListPkcs12(Uri(rest), settings_, prompt);
  }
  // One is the only identity; fails the test where it is not.
  Identity One(std::string_view rest = "?pin-value=secret") const;
  // Problem is the error of the only problem if there is no identity; fails the test otherwise.
  Error Problem(std::string_view rest = "?pin-value=secret") const;

  testing::TemporaryDirectory directory_;
  testing::TestPki pki_;
  Settings settings_;
};

}  // namespace signet
