// Eight threads that are the first to use everything, at once: sources of identities, OpenSSL's stores and
// handshakes, worker threads. Arguments: a PKCS#11 module, a URI with its PIN, whether to fork in the middle.
#include "base/openssl_ptr.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using signet::OpenSslPtr;

constexpr int kThreads = 8;

struct Shared {
  Shared(const std::string& module, std::string given) : uri(std::move(given)) {
    signet::Settings settings;
    settings.modules = {module};
    source = std::make_unique<signet::IdentitySource>(settings);
    for (const char* name : {"default", "signet"}) {
      providers.emplace_back(OSSL_PROVIDER_load(library.get(), name));
    }
  }

  const std::string uri;
  std::unique_ptr<signet::IdentitySource> source;
  const OpenSslPtr<OSSL_LIB_CTX> library{OSSL_LIB_CTX_new()};
  std::vector<OpenSslPtr<OSSL_PROVIDER>> providers;
};

std::vector<std::uint8_t> Message() { return std::vector<std::uint8_t>(100, 7); }

bool SignsFromSource(const Shared& shared) {
  const signet::Identity identity = shared.source->Open(shared.uri);
  return !identity.key()->SignMessage(identity.key()->schemes().at(0), Message()).empty();
}

bool SignsLater(const Shared& shared) {
  const signet::Identity identity = shared.source->Open(shared.uri);
  std::promise<bool> done;
  identity.key()->SignAsync({.kind = signet::SigningAlgorithm::Kind::kEcdsa},
                            std::vector<std::uint8_t>(32, 7),
                            [&done](auto, const signet::Error* error) { done.set_value(error == nullptr); });
  return done.get_future().get();
}

OpenSslPtr<EVP_PKEY> KeyFromStore(const Shared& shared) {
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(shared.uri.c_str(), shared.library.get(), nullptr,
                                                            nullptr, nullptr, nullptr, nullptr, nullptr));
  if (store == nullptr || OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY) != 1) return nullptr;
  while (OSSL_STORE_eof(store.get()) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    if (info != nullptr) return OpenSslPtr<EVP_PKEY>(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  return nullptr;
}

bool SignsFromStore(const Shared& shared) {
  const auto key = KeyFromStore(shared);
  if (key == nullptr) return false;
  const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
  unsigned char signature[512];
  std::size_t size = sizeof signature;
  const auto message = Message();
  return EVP_DigestSignInit_ex(signing.get(), nullptr, "SHA256", shared.library.get(), nullptr, key.get(),
                               nullptr) == 1 &&
         EVP_DigestSign(signing.get(), signature, &size, message.data(), message.size()) == 1;
}

bool IsUsedByTls(const Shared& shared) {
  const signet::Identity identity = shared.source->Open(shared.uri);
  const OpenSslPtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  signet::openssl::UseIdentity(context.get(), identity);
  return SSL_CTX_check_private_key(context.get()) == 1;
}

bool ChildSigns(const Shared& shared) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(SignsFromSource(shared) && SignsFromStore(shared) ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const Shared shared(arguments[1], arguments[2]);
  const std::function<bool(const Shared&)> uses[] = {SignsFromSource, SignsLater, SignsFromStore,
                                                     IsUsedByTls};
  // The fork comes between the calls: amid them a child would inherit locks of libcrypto and of the module
  // that nobody in it releases.
  std::barrier start(kThreads), middle(kThreads), again(kThreads);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  const bool forks = std::strcmp(arguments[3], "fork") == 0;
  const auto works = [&shared](const std::function<bool(const Shared&)>& use) {
    try {
      return use(shared);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return false;
    }
  };
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      const bool first = works(uses[i % 4]);
      middle.arrive_and_wait();
      const bool forked = i != 0 || !forks || works(ChildSigns);
      again.arrive_and_wait();
      if (works(uses[(i + 1) % 4]) && first && forked) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return right == kThreads ? 0 : 1;
}
