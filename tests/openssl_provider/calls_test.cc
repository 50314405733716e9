// What a token is asked, and what we allocate, when OpenSSL loads a key and signs.
#include "openssl_provider/library_context.h"
#include "pkcs11/fillers.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <openssl/rsa.h>
#include <openssl/store.h>

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

// IsOurs tells whether an address is in the provider or in libsignet.
bool IsOurs(const void* address) {
  Dl_info where{};
  return dladdr(address, &where) != 0 && std::strstr(where.dli_fname, "signet.so") != nullptr;
}

}  // namespace

// Everything in C++ in this process allocates here: the provider, the libraries, and SoftHSM too.
void* operator new(std::size_t size) {
  if (counting && IsOurs(__builtin_return_address(0))) ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace signet {
namespace {

using ::testing::Pair;
using testing::SoftHsm;
using testing::TestPki;
using ::testing::UnorderedElementsAre;
using testing::WrappedModule;

// ConfiguredModule names the module to providers that are loaded while it lives, as openssl.cnf would.
struct ConfiguredModule {
  explicit ConfiguredModule(const std::string& path) { setenv("PKCS11_PROVIDER_MODULE", path.c_str(), 1); }
  ~ConfiguredModule() { unsetenv("PKCS11_PROVIDER_MODULE"); }
};

// ProviderCalls is a token with two identities, behind a module that counts, in a library context of its own.
class ProviderCalls : public ::testing::Test {
 protected:
  void Fill(const std::string& key, int fillers) {
    token_.Import(pki_.Issue({.key = key}), {.id = "\x01", .label = "alice"});
    token_.Import(pki_.Issue({.key = key}), {.id = "\x02", .label = "bob"});
    testing::AddFillers(token_, TestPki().root().certificate, fillers);
    module_.Reset();
  }
  OpenSslPtr<EVP_PKEY> Load(const char* id) {
    const std::string uri = token_.ObjectUri(id, true);
    const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(uri.c_str(), context_.get(), nullptr, nullptr,
                                                              nullptr, nullptr, nullptr, nullptr));
    if (store == nullptr || OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY) != 1) return nullptr;
    while (OSSL_STORE_eof(store.get()) != 1) {
      const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
      if (info != nullptr) return OpenSslPtr<EVP_PKEY>(OSSL_STORE_INFO_get1_PKEY(info.get()));
    }
    return nullptr;
  }
  // Sign signs a message as libssl does: new contexts each time, and the size asked for before.
  bool Sign(EVP_PKEY* key, const char* digest, bool pss) {
    const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    std::size_t size = 0;
    const unsigned char message[] = "message";
    return EVP_DigestSignInit_ex(signing.get(), &parameters, digest, context_.get(), nullptr, key, nullptr) ==
               1 &&
           (!pss || EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1) &&
           EVP_DigestSign(signing.get(), nullptr, &size, message, sizeof message) == 1 &&
           EVP_DigestSign(signing.get(), signature_.data(), &size, message, sizeof message) == 1;
  }

  TestPki pki_;
  SoftHsm token_;
  WrappedModule module_{token_};
  const ConfiguredModule configured_{module_.path()};
  const LibraryContext context_;
  std::array<unsigned char, 512> signature_;
};

class ProviderLoad : public ProviderCalls, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Fillers, ProviderLoad, ::testing::Values(0, 994));

TEST_P(ProviderLoad, TheFirstKeyTakesAtMost20AndTheNextAtMost9) {
  Fill("ec:P-256", GetParam());
  const auto first = Load("\x01");
  ASSERT_NE(first, nullptr) << TakeErrors();
  EXPECT_LE(module_.Count("*"), 20u);
  module_.Reset();
  const auto next = Load("\x02");
  ASSERT_NE(next, nullptr) << TakeErrors();
  EXPECT_LE(module_.Count("*"), 9u);
}

struct Algorithm {
  const char* name;
  const char* key;
  const char* digest;
  bool pss;
};

class ProviderSignature : public ProviderCalls, public ::testing::WithParamInterface<Algorithm> {};

INSTANTIATE_TEST_SUITE_P(Algorithms, ProviderSignature,
                         ::testing::Values(Algorithm{"RsaPss", "rsa:2048", "SHA256", true},
                                           Algorithm{"RsaPkcs1", "rsa:2048", "SHA256", false},
                                           Algorithm{"Ecdsa", "ec:P-256", "SHA256", false},
                                           Algorithm{"Ed25519", "ed25519", nullptr, false}),
                         [](const auto& one) { return one.param.name; });

TEST_P(ProviderSignature, IsTwoCallsAndAtMostTwoAllocationsOfOurs) {
  Fill(GetParam().key, 0);
  const auto key = Load("\x01");
  ASSERT_NE(key, nullptr) << TakeErrors();
  ASSERT_TRUE(Sign(key.get(), GetParam().digest, GetParam().pss))
      << TakeErrors();  // what is made once is made
  module_.Reset();
  constexpr int kSignatures = 10;
  counting = true;
  int done = 0;
  for (int i = 0; i < kSignatures; ++i) done += Sign(key.get(), GetParam().digest, GetParam().pss) ? 1 : 0;
  counting = false;
  EXPECT_EQ(done, kSignatures);
  EXPECT_THAT(module_.Counts(),
              UnorderedElementsAre(Pair("C_SignInit", kSignatures), Pair("C_Sign", kSignatures)));
  EXPECT_LE(allocations.exchange(0), 2 * kSignatures);
}

}  // namespace
}  // namespace signet
