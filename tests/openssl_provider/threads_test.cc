// Several threads: through OpenSSL and through the library at the same time.
#include "openssl_provider/library_context.h"
#include <signet/identity_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/store.h>
#include <openssl/ui.h>

namespace signet {
namespace {

std::ptrdiff_t ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return std::distance(begin(all), end(all));
}

// PersonsPrompt answers as a person would.
class PersonsPrompt final : public PinPrompt {
 public:
  std::optional<Secret> Ask(const PinRequest&) override {
    ++asked;
    return Secret("1234");
  }
  std::atomic<int> asked{0};
};

int Answer(UI* ui, UI_STRING* text) { return UI_set_result(ui, text, "1234") >= 0 ? 1 : 0; }

OpenSslPtr<EVP_PKEY> LoadWithPrompt(OSSL_LIB_CTX* library, const std::string& uri) {
  const std::unique_ptr<UI_METHOD, void (*)(UI_METHOD*)> method(UI_create_method("test"), UI_destroy_method);
  UI_method_set_reader(method.get(), Answer);
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(uri.c_str(), library, nullptr, method.get(), nullptr, nullptr, nullptr, nullptr));
  if (store == nullptr || OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY) != 1) return nullptr;
  while (OSSL_STORE_eof(store.get()) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    if (info != nullptr) return OpenSslPtr<EVP_PKEY>(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  return nullptr;
}

bool SignsOverOpenSsl(OSSL_LIB_CTX* library, EVP_PKEY* key) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> signature;
  std::size_t size = signature.size();
  const unsigned char message[] = "message";
  return EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", library, nullptr, key, nullptr) == 1 &&
         EVP_DigestSign(context.get(), signature.data(), &size, message, sizeof message) == 1;
}

void InEightThreads(const std::function<bool()>& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 4; ++n) EXPECT_TRUE(work());
    });
  }
}

TEST(ProviderThreads, NoThreadIsStartedUnlessRequested) {
  testing::SoftHsm token;
  testing::TestPki pki;
  token.Import(pki.Issue({.key = "ec:P-256"}), {.id = "\x01", .label = "alice"});
  testing::WrappedModule module(token);
  setenv("PKCS11_PROVIDER_MODULE", module.path().c_str(), 1);
  const std::string uri = token.ObjectUri("\x01", false);
  const auto before = ThreadsOfThisProcess();

  Settings settings;
  settings.modules = {module.path()};
  settings.session_idle = std::chrono::seconds(1);
  const auto prompt = std::make_shared<PersonsPrompt>();
  const IdentitySource source(settings, prompt);
  ASSERT_EQ(source.List(uri).identities.size(), 1u);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after a list";
  const Identity identity = source.Open(uri);
  identity.key()->Unlock();
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after a prompt";
  const auto sign = [&] {
    const SignatureScheme scheme = identity.key()->schemes().at(0);
    return !identity.key()->SignMessage(scheme, std::vector<std::uint8_t>(100, 7)).empty();
  };
  InEightThreads(sign);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after signatures over the library";

  module.LogOut();
  const LibraryContext context;
  unsetenv("PKCS11_PROVIDER_MODULE");
  const auto key = LoadWithPrompt(context.get(), uri);
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after OpenSSL opened the key, with its own prompt";
  const auto sign_over_openssl = [&] { return SignsOverOpenSsl(context.get(), key.get()); };
  InEightThreads(sign_over_openssl);
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after signatures over OpenSSL";

  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  auto most = before;
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    most = std::max(most, ThreadsOfThisProcess());
  }
  EXPECT_EQ(most, before) << "in 30 seconds without work";
  EXPECT_TRUE(sign());
  EXPECT_TRUE(sign_over_openssl());
  EXPECT_EQ(ThreadsOfThisProcess(), before) << "after work again";
}

}  // namespace
}  // namespace signet
