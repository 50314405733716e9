#pragma once

#include "pkcs11/pkcs11_source.h"
#include <signet/settings.h>
#include <signet/testing/soft_hsm.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace signet::testing {

// TheHsm is the one SoftHSM of this process, which reads one configuration only; tests add tokens of their
// own to it.
SoftHsm& TheHsm();

// NewToken adds a token with a label of its own, and returns the label. The user's PIN is 1234.
std::string NewToken();

// Calls records the names of the PKCS#11 calls that a source makes. Thread-safe.
class Calls {
 public:
  void Record(std::string_view line);
  // Take gives the names since the last Take.
  std::vector<std::string> Take();
  std::size_t Count(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
};

// SettingsWith gives settings for SoftHSM that record calls in `calls`, which may be null.
Settings SettingsWith(const std::shared_ptr<Calls>& calls);

// LoadKey loads the one private key that `uri` names; throws the problem, or std::runtime_error.
std::shared_ptr<PrivateKey> LoadKey(Pkcs11Source& source, std::string_view uri,
                                    const std::shared_ptr<PinPrompt>& prompt = nullptr);

// Signs tells whether a signature of `key` with `scheme` verifies in software.
bool Signs(PrivateKey& key, SignatureScheme scheme);
// Signs tells it of the key's first scheme.
bool Signs(PrivateKey& key);

}  // namespace signet::testing
