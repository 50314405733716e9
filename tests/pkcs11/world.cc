#include "pkcs11/world.h"

#include "identity/hashes.h"
#include "identity/signature_schemes.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace signet::testing {

SoftHsm& TheHsm() {
  static SoftHsm hsm;
  static const bool used = [] {
    hsm.UseInThisProcess();
    return true;
  }();
  (void)used;
  return hsm;
}

std::string NewToken() {
  static std::atomic<int> number{0};
  std::string label = fmt::format("token-{}", ++number);
  TheHsm().AddToken({.label = label});
  return label;
}

// A line reads: time [process:thread] module token function mechanism = result (took).
void Calls::Record(std::string_view line) {
  const auto start = line.find(" C_");
  const std::string_view name = line.substr(start + 1, line.find(' ', start + 1) - start - 1);
  const std::lock_guard lock(mutex_);
  names_.emplace_back(name);
}

std::vector<std::string> Calls::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(names_, {});
}

std::size_t Calls::Count(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(names_, name));
}

Settings SettingsWith(const std::shared_ptr<Calls>& calls) {
  Settings settings;
  settings.modules = {SoftHsm::module_path()};
  if (calls != nullptr) settings.call_log_callback = [calls](std::string_view line) { calls->Record(line); };
  return settings;
}

std::shared_ptr<PrivateKey> LoadKey(Pkcs11Source& source, std::string_view uri,
                                    const std::shared_ptr<PinPrompt>& prompt) {
  StoredObjects objects = source.Load(uri, kWantPrivateKeys, prompt);
  if (!objects.problems.empty()) throw Error(objects.problems.front().error);
  if (objects.private_keys.size() != 1) throw std::runtime_error("not exactly one private key");
  return objects.private_keys.front();
}

bool Signs(PrivateKey& key, SignatureScheme scheme) {
  const std::vector<std::uint8_t> message(100, 7);
  const auto signature = key.SignMessage(scheme, message);
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  const auto input = algorithm.hash == Hash::kNone ? message : Digest(algorithm.hash, message);
  return PublicKey::FromSpki(key.subject_public_key_info()).Verify(algorithm, input, signature);
}

bool Signs(PrivateKey& key) { return Signs(key, key.schemes().at(0)); }

}  // namespace signet::testing
