#include "openssl_provider/counting_key.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/openssl_key.h>
#include <signet/testing/memory_token.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>

namespace signet {
namespace {

using provider::MakeKey;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::TestIdentity;
using testing::TestPki;

TestIdentity NewIdentity() { return TestPki().Issue({.key = "ec:P-256"}); }

bool SignsThrough(EVP_PKEY* key, OSSL_LIB_CTX* library) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> signature;
  std::size_t size = signature.size();
  const unsigned char message[] = "message";
  return EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", library, nullptr, key, nullptr) == 1 &&
         EVP_DigestSign(context.get(), signature.data(), &size, message, sizeof message) == 1;
}

// Libraries names the files that are mapped into this process with executable code.
std::set<std::string> Libraries() {
  std::ifstream file("/proc/self/maps");
  std::set<std::string> names;
  for (std::string line; std::getline(file, line);) {
    const std::size_t slash = line.rfind('/');
    if (slash != std::string::npos && line.find(".so", slash) != std::string::npos)
      names.insert(line.substr(slash + 1));
  }
  return names;
}

std::ptrdiff_t Entries(const char* directory) {
  const std::filesystem::directory_iterator entries(directory);
  return std::distance(begin(entries), end(entries));
}

TEST(Provider, TellsWhatItIs) {
  const LibraryContext context;
  char* name = nullptr;
  char* version = nullptr;
  int status = 0;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_NAME, &name, 0),
                         OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_VERSION, &version, 0),
                         OSSL_PARAM_construct_int(OSSL_PROV_PARAM_STATUS, &status),
                         OSSL_PARAM_construct_end()};
  ASSERT_EQ(OSSL_PROVIDER_get_params(context.provider(1), params), 1);
  EXPECT_THAT(name, HasSubstr("Signet"));
  EXPECT_STREQ(version, SIGNET_VERSION);
  EXPECT_EQ(status, 1);
}

// Writes an openssl.cnf that activates the provider with a section of its own.
std::string Configuration(const TemporaryDirectory& directory, std::string_view name,
                          std::string_view settings) {
  return directory.Write("openssl.cnf",
                         "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = theirs\n" +
                             std::string(name) + " = ours\n[theirs]\nactivate = 1\n[ours]\nmodule = " +
                             ModulesDirectory() + "/signet.so\nactivate = 1\n" + std::string(settings));
}

TEST(Provider, LoadingItOpensNoModuleNoFileAndNoThread) {
  const TemporaryDirectory directory;
  // Once with the modules that p11-kit has configured, which are the default, and once with one that is not
  // there.
  for (const std::string module : {"", "pkcs11-module-path = /nowhere/at/all.so\n"}) {
    const std::string configuration =
        Configuration(directory, "signet",
                      module + "pkcs11-module-token-pin = file:" + directory.path() + "/none\n" +
                          "call-log = " + directory.path() + "/log\n");
    const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
    const auto threads = Entries("/proc/self/task");
    const auto descriptors = Entries("/proc/self/fd");
    std::set<std::string> libraries = Libraries();
    ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
    ASSERT_EQ(OSSL_PROVIDER_available(context.get(), "signet"), 1);
    const OpenSslPtr<EVP_KEYMGMT> fetched(EVP_KEYMGMT_fetch(context.get(), "EC", "provider=signet"));
    ASSERT_NE(fetched, nullptr);
    EXPECT_EQ(Entries("/proc/self/task"), threads);
    EXPECT_EQ(Entries("/proc/self/fd"), descriptors);
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/log"));
    libraries.insert("signet.so");  // and nothing that it needs
    EXPECT_EQ(Libraries(), libraries);
  }
}

TEST(Provider, BadSettingIsAnErrorAtTheFirstUseAndNotAtLoad) {
  const TemporaryDirectory directory;
  const std::string configuration =
      Configuration(directory, "signet", "pkcs11-module-login-behavior = sometimes\n");
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex("pkcs11:object=none", context.get(), nullptr,
                                                            nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_NE(store, nullptr) << TakeErrors();
  ERR_clear_error();
  EXPECT_EQ(OSSL_STORE_load(store.get()), nullptr);
  const std::string errors = TakeErrors();
  EXPECT_THAT(errors, HasSubstr("bad-setting"));
  EXPECT_THAT(errors, HasSubstr("pkcs11-module-login-behavior"));
  EXPECT_EQ(OSSL_STORE_error(store.get()), 1);
  EXPECT_EQ(OSSL_STORE_load(store.get()), nullptr);
  EXPECT_EQ(OSSL_STORE_eof(store.get()), 1);
}

TEST(Provider, BadValueOfLoadIsAnErrorAtTheFirstUse) {
  const TemporaryDirectory directory;
  const std::string configuration = Configuration(directory, "signet", "load = sometimes\n");
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex("pkcs11:object=none", context.get(), nullptr,
                                                            nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_NE(store, nullptr) << TakeErrors();
  EXPECT_EQ(OSSL_STORE_load(store.get()), nullptr);
  EXPECT_THAT(TakeErrors(), HasSubstr("first-use or activation"));
}

TEST(Provider, LoadAtActivationLoadsTheModules) {
  testing::MemoryModule module;
  module.AddToken();
  const TemporaryDirectory directory;
  for (const char* line : {"load = activation\n", "pkcs11-module-load-behavior = early\n"}) {
    module.ResetCalls();
    const std::string configuration =
        Configuration(directory, "signet", "pkcs11-module-path = " + module.path() + "\n" + line);
    const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
    ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
    EXPECT_EQ(module.Count("C_Initialize"), 1u) << line;
  }
}

// A wrong line must not take the whole openssl.cnf with it.
TEST(Provider, WhatFailsAtActivationIsAnErrorAtTheFirstUse) {
  const TemporaryDirectory directory;
  const std::string configuration =
      Configuration(directory, "signet", "load = activation\npkcs11-module-path = /nowhere/at/all.so\n");
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
  EXPECT_EQ(TakeErrors(), "");
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex("pkcs11:object=none", context.get(), nullptr,
                                                            nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_NE(store, nullptr) << TakeErrors();
  EXPECT_EQ(OSSL_STORE_load(store.get()), nullptr);
  EXPECT_THAT(TakeErrors(), HasSubstr("/nowhere/at/all.so"));
}

TEST(Provider, PropertyIsTheNameThatItIsActivatedUnder) {
  const TemporaryDirectory directory;
  const std::string configuration = Configuration(directory, "tokens", "");
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_LIB_CTX_load_config(context.get(), configuration.c_str()), 1) << TakeErrors();
  const OpenSslPtr<EVP_KEYMGMT> ours(EVP_KEYMGMT_fetch(context.get(), "EC", "provider=tokens"));
  ASSERT_NE(ours, nullptr);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(ours.get())), "tokens");
  const OpenSslPtr<EVP_KEYMGMT> none(EVP_KEYMGMT_fetch(context.get(), "EC", "provider=signet"));
  EXPECT_EQ(none, nullptr);
  const auto key = MakeKey(context.get(), std::make_shared<CountingKey>(NewIdentity()));
  EXPECT_TRUE(SignsThrough(key.get(), context.get()));
}

TEST(Provider, BuiltInRegistrationNeedsNoFile) {
  const OpenSslPtr<OSSL_LIB_CTX> context(OSSL_LIB_CTX_new());
  ASSERT_EQ(OSSL_PROVIDER_add_builtin(context.get(), "signet", signet_openssl_provider_init), 1);
  const OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_try_load(context.get(), "signet", 1));
  ASSERT_NE(provider, nullptr) << TakeErrors();
  const auto key = MakeKey(context.get(), std::make_shared<CountingKey>(NewIdentity()));
  EXPECT_TRUE(SignsThrough(key.get(), context.get())) << TakeErrors();
}

TEST(Provider, SeveralLibraryContextsAreIndependent) {
  const LibraryContext first;
  const LibraryContext second;
  const auto token_key = std::make_shared<CountingKey>(NewIdentity());
  const auto a = MakeKey(first.get(), token_key);
  const auto b = MakeKey(second.get(), token_key);
  EXPECT_TRUE(SignsThrough(a.get(), first.get()));
  EXPECT_TRUE(SignsThrough(b.get(), second.get()));
  EXPECT_EQ(token_key->signatures, 2);
}

TEST(Provider, UnloadedAndLoadedAgainItSigns) {
  const auto token_key = std::make_shared<CountingKey>(NewIdentity());
  for (int round = 1; round <= 3; ++round) {
    const LibraryContext context;
    const auto key = MakeKey(context.get(), token_key);
    EXPECT_TRUE(SignsThrough(key.get(), context.get()));
    EXPECT_EQ(token_key->signatures, round);
  }
  EXPECT_EQ(token_key.use_count(), 1) << "nothing keeps the key when its EVP_PKEY is gone";
}

// A worker may be in it, on its way back from what it did for a job.
TEST(Provider, ItsCodeStaysWhenItIsUnloaded) {
  { const LibraryContext context; }
  const std::string path = std::string(ModulesDirectory()) + "/signet.so";
  void* const code = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  EXPECT_NE(code, nullptr);
  if (code != nullptr) dlclose(code);
}

TEST(ListedBeforeDefault, TokenKeySigns) {
  const LibraryContext context({"signet", "default"});
  const auto key = MakeKey(context.get(), std::make_shared<CountingKey>(NewIdentity()));
  EXPECT_TRUE(SignsThrough(key.get(), context.get())) << TakeErrors();
}

// Listed before `default` we are whom libcrypto asks for every key that a handshake or a program makes.
class ListedFirst : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr unsigned char kMessage[] = "message";

  static OpenSslPtr<EVP_PKEY> Generate(OSSL_LIB_CTX* library) {
    const std::string_view type = GetParam();
    if (type == "EC") return OpenSslPtr<EVP_PKEY>(EVP_PKEY_Q_keygen(library, nullptr, "EC", "P-256"));
    if (type == "RSA")
      return OpenSslPtr<EVP_PKEY>(EVP_PKEY_Q_keygen(library, nullptr, "RSA", std::size_t{2048}));
    return OpenSslPtr<EVP_PKEY>(EVP_PKEY_Q_keygen(library, nullptr, GetParam()));
  }
  static std::vector<unsigned char> Signature(OSSL_LIB_CTX* library, EVP_PKEY* key) {
    const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
    EXPECT_EQ(EVP_DigestSignInit_ex(signing.get(), nullptr, nullptr, library, nullptr, key, nullptr), 1)
        << TakeErrors();
    std::vector<unsigned char> signature(512);
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSign(signing.get(), signature.data(), &size, kMessage, sizeof kMessage), 1)
        << TakeErrors();
    signature.resize(size);
    return signature;
  }
  // Verifies gives what EVP_DigestVerify says of the first `size` bytes of the message.
  static int Verifies(OSSL_LIB_CTX* library, EVP_PKEY* key, const std::vector<unsigned char>& signature,
                      std::size_t size = sizeof kMessage) {
    const OpenSslPtr<EVP_MD_CTX> verifying(EVP_MD_CTX_new());
    EXPECT_EQ(EVP_DigestVerifyInit_ex(verifying.get(), nullptr, nullptr, library, nullptr, key, nullptr), 1)
        << TakeErrors();
    return EVP_DigestVerify(verifying.get(), signature.data(), signature.size(), kMessage, size);
  }
};

TEST_P(ListedFirst, KeysAreStillMadeWrittenAndUsed) {
  const LibraryContext context({"signet", "default"});
  const OpenSslPtr<EVP_PKEY> key = Generate(context.get());
  ASSERT_NE(key, nullptr) << TakeErrors();
  const auto signature = Signature(context.get(), key.get());
  // Written and read again, it verifies in a context that has never heard of us.
  const OpenSslPtr<BIO> written(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_PrivateKey_ex(written.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr,
                                        context.get(), nullptr),
            1)
      << TakeErrors();
  const LibraryContext plain({"default"});
  const OpenSslPtr<EVP_PKEY> again(
      PEM_read_bio_PrivateKey_ex(written.get(), nullptr, nullptr, nullptr, plain.get(), nullptr));
  ASSERT_NE(again, nullptr) << TakeErrors();
  EXPECT_EQ(Verifies(plain.get(), again.get(), signature), 1);
}

// Build makes of `key`'s numbers a key with the provider that `properties` prefer, or that is listed first.
OpenSslPtr<EVP_PKEY> Build(OSSL_LIB_CTX* library, EVP_PKEY* key, int selection, const char* properties) {
  OSSL_PARAM* numbers = nullptr;
  EXPECT_EQ(EVP_PKEY_todata(key, selection, &numbers), 1) << TakeErrors();
  const OpenSslPtr<OSSL_PARAM> owned(numbers);
  const OpenSslPtr<EVP_PKEY_CTX> building(
      EVP_PKEY_CTX_new_from_name(library, EVP_PKEY_get0_type_name(key), properties));
  EXPECT_EQ(EVP_PKEY_fromdata_init(building.get()), 1) << TakeErrors();
  EVP_PKEY* built = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata(building.get(), &built, selection, numbers), 1) << TakeErrors();
  return OpenSslPtr<EVP_PKEY>(built);
}

TEST_P(ListedFirst, KeysBuiltOutOfNumbersSignAndVerify) {
  const LibraryContext plain({"default"});
  const OpenSslPtr<EVP_PKEY> key = Generate(plain.get());
  const LibraryContext first({"signet", "default"});
  const LibraryContext preferred({"default", "signet"});
  for (const auto& [library, properties] : std::vector<std::pair<OSSL_LIB_CTX*, const char*>>{
           {first.get(), nullptr}, {preferred.get(), "?provider=signet"}}) {
    const auto pair = Build(library, key.get(), EVP_PKEY_KEYPAIR, properties);
    const auto half = Build(library, key.get(), EVP_PKEY_PUBLIC_KEY, properties);
    ASSERT_TRUE(pair != nullptr && half != nullptr);
    EXPECT_EQ(EVP_PKEY_eq(pair.get(), key.get()), 1);
    EXPECT_EQ(EVP_PKEY_eq(half.get(), pair.get()), 1);
    const auto signature = Signature(library, pair.get());
    EXPECT_EQ(Verifies(library, half.get(), signature), 1);
    EXPECT_EQ(Verifies(library, half.get(), signature, sizeof kMessage - 1), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ListedFirst, ::testing::Values("RSA", "EC", "ED25519", "ED448"),
                         [](const auto& row) { return std::string(row.param); });

TEST(ListedBeforeDefault, SecretsAreAgreedOnOverAnyCurve) {
  const LibraryContext context({"signet", "default"});
  // As libssl does it: the peer's key begins as a copy of our own key's curve.
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    const OpenSslPtr<EVP_PKEY> own(EVP_PKEY_Q_keygen(context.get(), nullptr, "EC", curve));
    const OpenSslPtr<EVP_PKEY> other(EVP_PKEY_Q_keygen(context.get(), nullptr, "EC", curve));
    ASSERT_NE(own, nullptr) << TakeErrors();
    unsigned char* point = nullptr;
    const std::size_t point_size = EVP_PKEY_get1_encoded_public_key(other.get(), &point);
    const OpenSslPtr<unsigned char> owned_point(point);
    const OpenSslPtr<EVP_PKEY> peer(EVP_PKEY_new());
    ASSERT_EQ(EVP_PKEY_copy_parameters(peer.get(), own.get()), 1) << TakeErrors();
    ASSERT_EQ(EVP_PKEY_set1_encoded_public_key(peer.get(), point, point_size), 1) << TakeErrors();
    const OpenSslPtr<EVP_PKEY_CTX> deriving(EVP_PKEY_CTX_new_from_pkey(context.get(), own.get(), nullptr));
    ASSERT_EQ(EVP_PKEY_derive_init(deriving.get()), 1) << TakeErrors();
    ASSERT_EQ(EVP_PKEY_derive_set_peer(deriving.get(), peer.get()), 1) << TakeErrors();
    std::array<unsigned char, 66> secret;
    std::size_t size = secret.size();
    EXPECT_EQ(EVP_PKEY_derive(deriving.get(), secret.data(), &size), 1) << TakeErrors();
  }
}

TEST(MakeKey, WithoutTheProviderIsAnErrorWithAHint) {
  const LibraryContext context({"default"});
  try {
    MakeKey(context.get(), std::make_shared<CountingKey>(NewIdentity()));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadArgument);
    EXPECT_THAT(error.what(), HasSubstr("not active"));
  }
}

// FileKey is a key that may leave, as one from a PKCS#12 file.
class FileKey : public CountingKey {
 public:
  explicit FileKey(const TestIdentity& identity) : CountingKey(identity), pkcs8_(identity.private_key) {}
  bool in_hardware() const noexcept override { return false; }
  std::optional<Secret> ExportPkcs8() const override {
    return Secret({reinterpret_cast<const char*>(pkcs8_.data()), pkcs8_.size()});
  }

 private:
  std::vector<std::uint8_t> pkcs8_;
};

TEST(MakeKey, KeyFromAFileBelongsToDefault) {
  const LibraryContext context;
  const auto key = MakeKey(context.get(), std::make_shared<FileKey>(NewIdentity()));
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key.get())), "default");
}

}  // namespace
}  // namespace signet
