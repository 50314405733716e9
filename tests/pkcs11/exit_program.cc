// A program that uses a key and ends in one of many ways; it must end with status 0.
#include <signet/identity_source.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <openssl/evp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using signet::Identity;
using signet::IdentitySource;

std::unique_ptr<IdentitySource> source;  // static: dies after the exit handlers have run
std::optional<Identity> identity;

int Sign() {
  const std::vector<std::uint8_t> message(32, 1);
  signet::PrivateKey& key = *identity->key();
  return key.SignMessage(key.schemes().at(0), message).empty() ? 1 : 0;
}

int InChild(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) std::exit(work());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int Drop() {
  identity.reset();
  source.reset();
  return 0;
}

// SignRepeatedly owns the key and passes a digest: what else a thread uses while the process ends, an
// object with static storage or libcrypto, is torn down under it by others.
[[noreturn]] void SignRepeatedly(const std::shared_ptr<signet::PrivateKey>& key) {
  constexpr signet::SigningAlgorithm kAlgorithm{.kind = signet::SigningAlgorithm::Kind::kEcdsa,
                                                .hash = signet::Hash::kSha256};
  const std::vector<std::uint8_t> digest(32, 1);
  std::vector<std::uint8_t> signature(key->max_signature_size());
  for (;;) {
    try {
      key->Sign(kAlgorithm, digest, signature);
    } catch (const signet::Error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

const std::map<std::string, std::function<int()>> kEndings = {
    {"alive", [] { return 0; }},
    {"dropped", Drop},
    {"child-signs", [] { return InChild(Sign) + Sign(); }},
    {"child-does-nothing", [] { return InChild([] { return 0; }) + Sign(); }},
    {"child-drops", [] { return InChild(Drop) + Sign(); }},
    {"grandchild-signs", [] { return InChild([] { return InChild(Sign) + Sign(); }); }},
    {"openssl-is-used-later",
     [] {
       unsigned char digest[32];
       return EVP_Digest("a", 1, digest, nullptr, EVP_sha256(), nullptr) == 1 ? 0 : 1;
     }},
    {"other-threads-sign",
     [] {
       for (int i = 0; i < 4; ++i) std::thread([key = identity->key()] { SignRepeatedly(key); }).detach();
       std::this_thread::sleep_for(std::chrono::milliseconds(30));
       std::exit(0);
       return 1;
     }},
    {"workers-sign",
     [] {
       const std::vector<std::uint8_t> digest(32, 1);
       for (int i = 0; i < 64; ++i) {
         identity->key()->SignAsync({.kind = signet::SigningAlgorithm::Kind::kEcdsa}, digest,
                                    [](auto, auto*) {});
       }
       std::this_thread::sleep_for(std::chrono::milliseconds(5));
       return 0;
     }},
    {"at-exit-signs",
     [] {
       // Registered after the module was loaded, so that it runs while the module lives.
       return std::atexit([] {
         if (Sign() != 0) _exit(3);
       });
     }},
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  signet::Settings settings;
  if (arguments[2][0] != '\0') settings.modules = {arguments[2]};
  source = std::make_unique<IdentitySource>(settings);
  try {
    identity = source->Open(arguments[3]);
    return Sign() + kEndings.at(arguments[1])();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 4;
  }
}
