// A module that works again only after C_Finalize and C_Initialize, as one does whose daemon was restarted,
// with several sources in the process, and with threads at work.
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include <signet/testing/memory_token.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::testing {
namespace {

class Renewal : public ::testing::Test {
 protected:
  Renewal() : token(module.AddToken()) { module.AddIdentity(token, pki.Issue({})); }

  Settings settings() const {
    Settings some;
    some.modules = {module.path()};
    return some;
  }
  std::string Uri() const { return module.ObjectUri(token, "\x01", true); }

  MemoryModule module;
  const std::size_t token;
  TestPki pki;
};

// The code that every call gives meanwhile; CKR_OK: no token is shown.
class RenewalAfter : public Renewal, public ::testing::WithParamInterface<unsigned long> {};
INSTANTIATE_TEST_SUITE_P(Codes, RenewalAfter,
                         ::testing::Values(CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR,
                                           CKR_GENERAL_ERROR, CKR_OK));

// SignsSoon tries until the pauses between renewals are over.
bool SignsSoon(PrivateKey& key) {
  bool right = false;
  for (int i = 0; i < 10'000 && CodeOf([&] { right = Signs(key); }); ++i) usleep(1000);
  return right;
}

TEST_P(RenewalAfter, TheNextOperationOfEverySourceWorks) {
  Settings other = settings();
  other.call_log_callback = [](std::string_view) {};
  other.call_timeout = std::chrono::seconds(20);
  Pkcs11Source one(settings());
  Pkcs11Source two(other);
  const auto key = LoadKey(one, Uri());
  const auto other_key = LoadKey(two, Uri());
  for (int i = 0; i < 2; ++i) {
    module.LoseService(GetParam());
    EXPECT_TRUE(SignsSoon(i == 0 ? *key : *other_key)) << "sign";
    EXPECT_TRUE(Signs(i == 0 ? *other_key : *key)) << "sign with the other source";
    module.LoseService(GetParam());
    EXPECT_TRUE(Signs(*LoadKey(two, Uri()))) << "load";
    module.LoseService(GetParam());
    EXPECT_EQ(one.List(Uri(), nullptr).identities.size(), 1u) << "list";
  }
}

TEST_P(RenewalAfter, WorkingThreadsRecover) {
  Pkcs11Source one(settings());
  Pkcs11Source two(settings());
  const auto key = LoadKey(one, Uri());
  const auto other_key = LoadKey(two, Uri());
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  std::array<std::atomic<int>, 6> right{};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back([&, i] {
      while (!over) {
        const auto failed = CodeOf([&] { ++(Signs(i % 2 == 0 ? *key : *other_key) ? right[i] : wrong); });
        if (failed) usleep(1000);
      }
    });
  }
  for (int i = 0; i < 3; ++i) {
    module.LoseService(GetParam());
    std::array<int, 6> before{};
    std::ranges::copy(right, before.begin());
    const auto all_went_on = [&] {
      return std::ranges::equal(right, before, [](int now, int then) { return now >= then + 2; });
    };
    for (int n = 0; n < 20'000 && !all_went_on(); ++n) usleep(1000);
    EXPECT_TRUE(all_went_on()) << i;
  }
  over = true;
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_P(RenewalAfter, AForkedChildRenewsItsOwn) {
  Pkcs11Source one(settings());
  const auto key = LoadKey(one, Uri());
  EXPECT_TRUE(InChild([&] {
    Pkcs11Source two(settings());
    if (!Signs(*key) || !Signs(*LoadKey(two, Uri()))) return false;
    module.LoseService(GetParam());
    return Signs(*LoadKey(two, Uri())) && Signs(*key) && module.Count("C_Finalize") == 1;
  }));
  EXPECT_TRUE(Signs(*key));
}

// OtherUser is another part of the program, which uses the module through p11-kit too.
class OtherUser {
 public:
  explicit OtherUser(const std::string& path) : functions_(p11_kit_module_load(path.c_str(), 0)) {
    p11_kit_module_initialize(functions_);
  }
  ~OtherUser() {
    p11_kit_module_finalize(functions_);
    p11_kit_module_release(functions_);
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;

 private:
  CK_FUNCTION_LIST* const functions_;
};

// If no token is shown it may just have been removed.
class RenewalWithOtherUsers : public Renewal, public ::testing::WithParamInterface<unsigned long> {};
INSTANTIATE_TEST_SUITE_P(Codes, RenewalWithOtherUsers,
                         ::testing::Values(CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR,
                                           CKR_GENERAL_ERROR));

TEST_P(RenewalWithOtherUsers, IsNotPossibleAndTheErrorExplainsIt) {
  std::optional<OtherUser> other(module.path());
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  module.LoseService(GetParam());
  std::optional<Error> told;
  for (int i = 0; i < 3 && !told; ++i) {
    try {
      Signs(*key);
      FAIL() << "the other one holds it";
    } catch (const Error& error) {
      if (error.hint() == "Restart the program.") told = error;
    }
  }
  ASSERT_TRUE(told);
  EXPECT_THAT(told->detail(), ::testing::HasSubstr("another part of the program uses it too"));
  const Listing listing = source.List(Uri(), nullptr);
  EXPECT_EQ(listing.problems.at(0).error.hint(), "Restart the program.");
  other.reset();
  EXPECT_TRUE(SignsSoon(*key)) << "it has gone";
}

TEST_F(Renewal, SourcesOfOneModuleShareItsInitialisation) {
  {
    Pkcs11Source one(settings());
    const auto key = LoadKey(one, Uri());
    {
      Settings other = settings();
      const std::string path = module.path();
      other.modules = {path.substr(0, path.rfind('/')) + "/." + path.substr(path.rfind('/'))};
      Pkcs11Source two(other);
      LoadKey(two, Uri());
      EXPECT_EQ(module.Count("C_Initialize"), 1u);
    }
    EXPECT_EQ(module.Count("C_Finalize"), 0u);
    EXPECT_TRUE(Signs(*key));
  }
  EXPECT_EQ(module.Count("C_Finalize"), 1u) << "with the last of them";
  Pkcs11Source again(settings());
  EXPECT_TRUE(Signs(*LoadKey(again, Uri())));
}

TEST_F(Renewal, EachSourceKeepsItsOwnLog) {
  std::vector<std::string> first, second;
  Settings one = settings(), two = settings();
  one.call_log_callback = [&](std::string_view line) { first.emplace_back(line); };
  two.call_log_callback = [&](std::string_view line) { second.emplace_back(line); };
  Pkcs11Source source(one);
  Pkcs11Source other(two);
  LoadKey(source, Uri());
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(second.empty());
  const std::size_t lines = first.size();
  LoadKey(other, Uri());
  EXPECT_EQ(first.size(), lines);
  EXPECT_FALSE(second.empty());
}

// Session numbers may be reused after the module was initialised again.
TEST_F(Renewal, ASessionOfAnEarlierInitialisationIsNeverUsedNorClosed) {
  const std::size_t other = module.AddToken({.label = "other", .serial = "2"});
  module.AddIdentity(other, pki.Issue({.common_name = "other"}));
  Pkcs11Source one(settings());
  Pkcs11Source two(settings());
  const auto key = LoadKey(one, Uri());
  const auto other_key = LoadKey(two, module.ObjectUri(other, "\x01", true));
  for (int i = 0; i < 4; ++i) {
    const auto& first = i % 2 == 0 ? key : other_key;
    const auto& second = i % 2 == 0 ? other_key : key;
    module.FinaliseByOthers();
    EXPECT_TRUE(Signs(*first));
    module.ResetCalls();
    EXPECT_TRUE(Signs(*second));
    EXPECT_EQ(module.Count("C_CloseSession"), 0u);
    EXPECT_EQ(module.Count("C_Initialize"), 0u);
    for (const MemoryCall& call : module.Calls()) {
      if (call.function == "C_SignInit") {
        EXPECT_EQ(call.token, i % 2 == 0 ? "2" : "1");
      }
    }
    EXPECT_TRUE(Signs(*first));
  }
}

}  // namespace
}  // namespace signet::testing
