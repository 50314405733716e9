// A program that is not ours and has a key of ours: module_program FOLDER NAME PEM STEP... loads the provider
// NAME from FOLDER, and reads PEM's text before it takes the steps:
//   cd=FOLDER    changes the directory
//   chroot=FOLDER makes it the root directory
//   fork=N       takes the rest of the steps in N children at once
//   threads=N    loads the key in N threads at once
//   sign         loads the key and signs
//   library      prints the path of each libsignet.so that it has loaded
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool Signs(const std::string& pem) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  EVP_MD_CTX* const signing = EVP_MD_CTX_new();
  unsigned char signature[512];
  std::size_t size = sizeof signature;
  const bool right = key != nullptr &&
                     EVP_DigestSignInit(signing, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                     EVP_DigestSign(signing, signature, &size, signature, 0) == 1;
  EVP_MD_CTX_free(signing);
  EVP_PKEY_free(key);
  if (!right) ERR_print_errors_fp(stderr);
  return right;
}

bool InThreads(int count, const std::string& pem) {
  std::atomic<int> waiting{count};
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      if (Signs(pem)) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return right == count;
}

void PrintLibraries() {
  std::ifstream maps("/proc/self/maps");
  std::set<std::string> paths;
  for (std::string line; std::getline(maps, line);) {
    const std::size_t slash = line.find('/');
    if (slash != std::string::npos && line.find("libsignet.so") != std::string::npos)
      paths.insert(line.substr(slash));
  }
  for (const std::string& path : paths) std::printf("library %s\n", path.c_str());
  std::fflush(stdout);
}

// Fork returns in the children; the parent ends with the worst that its children end with.
void Fork(int count) {
  std::fflush(stdout);
  for (int i = 0; i < count; ++i) {
    if (fork() == 0) return;
  }
  int worst = 0;
  for (int status = 0; wait(&status) > 0;) worst |= status;
  std::_Exit(worst == 0 ? 0 : 1);
}

bool Confine(const char* root) {
  if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) return false;
  return chroot(root) == 0 && chdir("/") == 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) return 2;
  std::ifstream file(arguments[3]);
  const std::string pem{std::istreambuf_iterator<char>(file), {}};
  OSSL_PROVIDER_set_default_search_path(nullptr, arguments[1]);
  OSSL_PROVIDER* const software = OSSL_PROVIDER_load(nullptr, "default");
  OSSL_PROVIDER* const ours = OSSL_PROVIDER_load(nullptr, arguments[2]);
  if (software == nullptr || ours == nullptr) {
    ERR_print_errors_fp(stderr);
    return 3;
  }
  bool right = true;
  for (int i = 4; i < count; ++i) {
    const std::string_view step(arguments[i]);
    const char* const value = arguments[i] + step.find('=') + 1;
    if (step.starts_with("cd=")) right = chdir(value) == 0 && right;
    if (step.starts_with("chroot=") && !Confine(value)) return 4;
    if (step.starts_with("fork=")) Fork(std::atoi(value));
    if (step.starts_with("threads=")) right = InThreads(std::atoi(value), pem) && right;
    if (step == "sign") right = Signs(pem) && right;
    if (step == "library") PrintLibraries();
  }
  OSSL_PROVIDER_unload(ours);
  OSSL_PROVIDER_unload(software);
  return right ? 0 : 1;
}
