// Eight threads that are the first to use everything, at once: sources of identities, OpenSSL's stores and
// handshakes, worker threads, async jobs. Arguments: those of the struct; the last one is empty, or not.
#include "base/openssl_ptr.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using signet::OpenSslPtr;

constexpr int kThreads = 8;

// Arguments name what there is to use.
struct Arguments {
  std::string module;
  std::string uri;     // of a key in a token, with its PIN
  std::string pem;     // a file that points to the same key
  std::string pkcs12;  // a URI, with its password
  bool forks = false;
};

struct Shared : Arguments {
  explicit Shared(Arguments given) : Arguments(std::move(given)) {
    signet::Settings settings;
    settings.modules = {module};
    source = std::make_unique<signet::IdentitySource>(settings);
    for (const char* name : {"default", "signet"}) {
      providers.emplace_back(OSSL_PROVIDER_load(library.get(), name));
    }
  }

  std::unique_ptr<signet::IdentitySource> source;
  const OpenSslPtr<OSSL_LIB_CTX> library{OSSL_LIB_CTX_new()};
  std::vector<OpenSslPtr<OSSL_PROVIDER>> providers;
};

std::vector<std::uint8_t> Message() { return std::vector<std::uint8_t>(100, 7); }

bool SignsAsOpened(const signet::Identity& identity) {
  return !identity.key()->SignMessage(identity.key()->schemes().at(0), Message()).empty();
}

bool SignsFromSource(const Shared& shared) { return SignsAsOpened(shared.source->Open(shared.uri)); }

bool SignsFromPkcs12(const Shared& shared) { return SignsAsOpened(shared.source->Open(shared.pkcs12)); }

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

OpenSslPtr<EVP_PKEY> KeyFromPem(const Shared& shared) {
  const OpenSslPtr<BIO> file(BIO_new_file(shared.pem.c_str(), "r"));
  return OpenSslPtr<EVP_PKEY>(
      PEM_read_bio_PrivateKey_ex(file.get(), nullptr, nullptr, nullptr, shared.library.get(), nullptr));
}

bool SignsByEvp(OSSL_LIB_CTX* library, EVP_PKEY* key) {
  if (key == nullptr) return false;
  const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
  unsigned char signature[512];
  std::size_t size = sizeof signature;
  const auto message = Message();
  return EVP_DigestSignInit_ex(signing.get(), nullptr, "SHA256", library, nullptr, key, nullptr) == 1 &&
         EVP_DigestSign(signing.get(), signature, &size, message.data(), message.size()) == 1;
}

bool SignsFromStore(const Shared& shared) {
  return SignsByEvp(shared.library.get(), KeyFromStore(shared).get());
}

bool SignsFromPem(const Shared& shared) { return SignsByEvp(shared.library.get(), KeyFromPem(shared).get()); }

// PublicOf is what the other side of an agreement is given.
OpenSslPtr<EVP_PKEY> PublicOf(const Shared& shared, const OpenSslPtr<EVP_PKEY>& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  const unsigned char* position = der;
  return OpenSslPtr<EVP_PKEY>(d2i_PUBKEY_ex(nullptr, &position, size, shared.library.get(), nullptr));
}

// DerivesInAJob agrees on a secret with a key of its own, in an async job.
bool DerivesInAJob(const Shared& shared) {
  const auto key = KeyFromPem(shared);
  const auto peer =
      PublicOf(shared, OpenSslPtr<EVP_PKEY>(EVP_PKEY_Q_keygen(shared.library.get(), nullptr, "EC", "P-256")));
  const OpenSslPtr<EVP_PKEY_CTX> agreement(
      EVP_PKEY_CTX_new_from_pkey(shared.library.get(), key.get(), nullptr));
  const OpenSslPtr<ASYNC_WAIT_CTX> waiting(ASYNC_WAIT_CTX_new());
  struct Work {
    EVP_PKEY_CTX* agreement;
    EVP_PKEY* peer;
  } work{agreement.get(), peer.get()};
  const auto derive = [](void* given) {
    const auto& [context, other] = *static_cast<Work*>(given);
    unsigned char secret[32];
    std::size_t size = sizeof secret;
    return EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, other) == 1 &&
                   EVP_PKEY_derive(context, secret, &size) == 1
               ? 1
               : 0;
  };
  ASYNC_JOB* job = nullptr;
  int result = 0;
  while (ASYNC_start_job(&job, waiting.get(), &result, derive, &work, sizeof work) == ASYNC_PAUSE) {
    OSSL_ASYNC_FD descriptor = -1;
    std::size_t count = 0;
    ASYNC_WAIT_CTX_get_all_fds(waiting.get(), nullptr, &count);
    if (count == 1) ASYNC_WAIT_CTX_get_all_fds(waiting.get(), &descriptor, &count);
    pollfd entry{descriptor, POLLIN, 0};
    poll(&entry, 1, 20'000);
  }
  return result == 1;
}

OpenSslPtr<SSL> Side(SSL_CTX* context, BIO* end, void (*set_state)(SSL*)) {
  OpenSslPtr<SSL> side(SSL_new(context));
  SSL_set_bio(side.get(), end, end);
  set_state(side.get());
  return side;
}

// ShakesHands has the identity on both sides of a connection in memory.
bool ShakesHands(const Shared& shared) {
  const signet::Identity identity = shared.source->Open(shared.uri);
  const OpenSslPtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  signet::openssl::UseIdentity(context.get(), identity);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
  BIO* ends[2] = {};
  BIO_new_bio_pair(&ends[0], 1 << 16, &ends[1], 1 << 16);
  const auto client = Side(context.get(), ends[0], SSL_set_connect_state);
  const auto server = Side(context.get(), ends[1], SSL_set_accept_state);
  for (int i = 0; i < 10; ++i) {
    if (SSL_do_handshake(client.get()) + SSL_do_handshake(server.get()) == 2) return true;
  }
  return false;
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

struct Use {
  const char* name;
  bool (*function)(const Shared&);
};

constexpr Use kUses[kThreads] = {
    {"source", SignsFromSource},  {"later", SignsLater},
    {"store", SignsFromStore},    {"PEM", SignsFromPem},
    {"job", DerivesInAJob},       {"handshake", ShakesHands},
    {"PKCS#12", SignsFromPkcs12}, {"another handshake", ShakesHands},
};

// Works tells whether a use does, and says on standard error why not.
bool Works(const Shared& shared, const Use& use) {
  try {
    if (use.function(shared)) return true;
    std::fprintf(stderr, "%s does not work\n", use.name);
    ERR_print_errors_fp(stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", use.name, error.what());
  }
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  const Shared shared({arguments[1], arguments[2], arguments[3], arguments[4], *arguments[5] != '\0'});
  // The fork comes between the calls: amid them a child would inherit locks of libcrypto and of the module
  // that nobody in it releases.
  std::barrier start(kThreads), middle(kThreads), again(kThreads);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      const bool first = Works(shared, kUses[i]);
      middle.arrive_and_wait();
      const bool forked = i != 0 || !shared.forks || Works(shared, {"child", ChildSigns});
      again.arrive_and_wait();
      if (Works(shared, kUses[(i + 1) % kThreads]) && first && forked) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return right == kThreads ? 0 : 1;
}
