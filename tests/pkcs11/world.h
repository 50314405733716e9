#pragma once

#include "pkcs11/pkcs11_source.h"
#include <signet/settings.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/types.h>

namespace signet::testing {

// LoadKey loads the one private key that `uri` names; throws the first problem, or std::runtime_error.
std::shared_ptr<PrivateKey> LoadKey(Pkcs11Source& source, std::string_view uri,
                                    const std::shared_ptr<PinPrompt>& prompt = nullptr);

// Signs tells whether a signature of `key` with `scheme`, or with its first one, verifies in software.
bool Signs(PrivateKey& key, SignatureScheme scheme);
bool Signs(PrivateKey& key);

// CodeOf gives what `work` throws: the code of its signet::Error, or nothing if it throws none.
std::optional<ErrorCode> CodeOf(const std::function<void()>& work);

// InChild runs `work` in a forked child and tells whether it returned true there.
bool InChild(const std::function<bool()>& work);

// Sleeps tells whether a thread of this process waits for something.
bool Sleeps(pid_t thread);

// FixedPrompt answers with one PIN, or declines, and counts how often it was asked.
class FixedPrompt final : public PinPrompt {
 public:
  explicit FixedPrompt(std::optional<std::string> pin) : pin_(std::move(pin)) {}
  std::optional<Secret> Ask(const PinRequest& request) override {
    ++asked;
    last = request;
    if (!pin_) return std::nullopt;
    return Secret(*pin_);
  }
  void LookAtReader(const PinRequest& request) override {
    ++told;
    last = request;
  }
  std::atomic<int> asked{0};
  std::atomic<int> told{0};
  PinRequest last;

 private:
  const std::optional<std::string> pin_;
};

// OnWrappedToken is a test with a token of its own behind a module that counts calls and misbehaves as told.
// The token holds one EC identity, with ID 01 and label "key", unless a test puts more there.
class OnWrappedToken : public ::testing::Test {
 protected:
  OnWrappedToken();

  Settings settings() const;
  std::string Uri(bool with_pin = true) const { return hsm.ObjectUri("\x01", with_pin); }
  // Change sets some members of the module's behaviour and leaves the others.
  void Change(const std::function<void(ModuleBehaviour&)>& change);

  SoftHsm hsm;
  TestPki pki;
  TestIdentity alice;
  std::unique_ptr<WrappedModule> module;
};

}  // namespace signet::testing
