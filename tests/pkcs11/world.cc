#include "pkcs11/world.h"

#include "identity/hashes.h"
#include "identity/signature_schemes.h"

#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {

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

std::optional<ErrorCode> CodeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

bool InChild(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    bool right = false;
    try {
      right = work();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Sleeps(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  return stat.find(") S ") != std::string::npos;
}

OnWrappedToken::OnWrappedToken() : alice(pki.Issue({.common_name = "alice"})) {
  hsm.Import(alice, {});
  module = std::make_unique<WrappedModule>(hsm);
}

Settings OnWrappedToken::settings() const {
  Settings settings;
  settings.modules = {module->path()};
  return settings;
}

void OnWrappedToken::Change(const std::function<void(ModuleBehaviour&)>& change) {
  ModuleBehaviour behaviour = module->behaviour();
  change(behaviour);
  module->Set(behaviour);
}

}  // namespace signet::testing
