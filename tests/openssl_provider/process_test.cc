// What other people's processes do to a provider: they fork, drop their environment and their rights, and
// end.
#include "openssl_provider/token_pem.h"
#include <signet/testing/memory_token.h>
#include <signet/testing/process.h>

#include <filesystem>
#include <functional>

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

using testing::BackgroundProcess;
using testing::SoftHsm;
using testing::TemporaryDirectory;
using testing::TestPki;

// InChild tells whether `work` held true in a forked child that then went away without ceremony.
bool InChild(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    bool right = false;
    try {
      right = work();
    } catch (const std::exception&) {
      right = false;
    }
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

// Process has a PEM file that points to a key in SoftHSM, and a provider that was told of it by the
// environment.
class Process : public ::testing::Test {
 protected:
  Process() {
    token_.Import(TestPki().Issue({.key = "ec:P-256"}), {.id = "\x07", .label = "alice"});
    pem_ = provider::UriPem(token_.ObjectUri("\x07", true)).view();
  }
  void Load(const std::string& module = SoftHsm::module_path()) {
    token_.UseInThisProcess();
    setenv("PKCS11_PROVIDER_MODULE", module.c_str(), 1);
    context_.emplace();
  }
  OpenSslPtr<EVP_PKEY> Read() const { return ReadKey(library(), pem_); }
  OSSL_LIB_CTX* library() const { return context_->get(); }

  SoftHsm token_;
  TemporaryDirectory directory_;
  std::string pem_;
  std::optional<LibraryContext> context_;
};

TEST_F(Process, KeyLoadedBeforeForkSignsInTheChildAndInTheParent) {
  Load();
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(InChild(
      [&] { return Signs(library(), key.get()) && InChild([&] { return Signs(library(), key.get()); }); }));
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
}

TEST_F(Process, ProviderLoadedBeforeForkReadsKeysInTheChild) {
  Load();
  EXPECT_TRUE(InChild([&] { return Signs(library(), Read().get()); }));
  EXPECT_TRUE(Signs(library(), Read().get())) << TakeErrors();
}

TEST_F(Process, ChildThatFreesTheKeyDoesNotAffectTheParent) {
  Load();
  auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(InChild([&] {
    key.reset();
    context_.reset();
    return true;
  }));
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
}

TEST_F(Process, WithoutTheInitialEnvironmentItStillSigns) {
  Load();
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(InChild([&] {
    clearenv();
    return Signs(library(), key.get()) && Signs(library(), Read().get()) &&
           InChild([&] { return Signs(library(), key.get()); });
  }));
}

TEST_F(Process, SettingsAreThoseOfTheTimeOfLoading) {
  Load();
  setenv("PKCS11_PROVIDER_MODULE", "/no/such/module.so", 1);
  EXPECT_TRUE(Signs(library(), Read().get())) << TakeErrors();
}

TEST_F(Process, TwoLibraryContextsReadTheSameKey) {
  Load();
  const LibraryContext other;
  const auto key = Read();
  const auto again = ReadKey(other.get(), pem_);
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
  context_.reset();
  EXPECT_TRUE(Signs(other.get(), again.get())) << TakeErrors();
}

TEST_F(Process, UnloadedAndLoadedAgainItReadsKeysAgain) {
  for (int round = 0; round < 3; ++round) {
    Load();
    EXPECT_TRUE(Signs(library(), Read().get())) << TakeErrors();
    context_.reset();
  }
}

// Confined runs `work` in a child whose root directory is an empty one; false if the system allows that to
// nobody but root.
bool MayConfine() {
  return geteuid() == 0 || InChild([] { return unshare(CLONE_NEWUSER) == 0; });
}
bool Confine(const std::string& root) {
  if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) return false;
  return chroot(root.c_str()) == 0 && chdir("/") == 0;
}

// The token of this module is in memory, so that nothing of it is inaccessible.
TEST(Chroot, LoadAtActivationReadsKeysInIt) {
  if (!MayConfine()) GTEST_SKIP() << "this system lets nobody but root change the root directory";
  EXPECT_TRUE(InChild([] {
    testing::MemoryModule module;
    module.AddIdentity(module.AddToken(), TestPki().Issue({.key = "ec:P-256"}), {.id = "\x07"});
    const Secret pem = provider::UriPem(module.ObjectUri(0, "\x07", true));
    setenv("PKCS11_PROVIDER_MODULE", module.path().c_str(), 1);
    setenv("SIGNET_LOAD", "activation", 1);
    const LibraryContext context;
    const TemporaryDirectory empty;
    if (!Confine(empty.path())) return false;
    const bool right = Signs(context.get(), ReadKey(context.get(), pem.view()).get());
    if (!right) fputs(TakeErrors().c_str(), stderr);
    return right;
  }));
}

TEST_F(Process, InaccessibleTokenAfterChrootIsAnErrorWithAHint) {
  if (!MayConfine()) GTEST_SKIP() << "this system lets nobody but root change the root directory";
  Load();
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  const TemporaryDirectory empty;
  EXPECT_TRUE(InChild([&] {
    if (!Signs(library(), key.get()) || !Confine(empty.path())) return false;
    ERR_clear_error();
    if (Signs(library(), key.get())) return false;
    const std::string errors = TakeErrors();
    if (errors.find("p11-kit server") == std::string::npos) fputs(errors.c_str(), stderr);
    return errors.find("p11-kit server") != std::string::npos;
  }));
}

TEST_F(Process, InaccessibleTokenAfterDroppingPrivilegesIsAnErrorWithAHint) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has privileges to drop";
  Load();
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(InChild([&] {
    if (!Signs(library(), key.get()) || setgid(65534) != 0 || setuid(65534) != 0) return false;
    ERR_clear_error();
    if (Signs(library(), key.get())) return false;
    const std::string errors = TakeErrors();
    if (errors.find("p11-kit server") == std::string::npos) fputs(errors.c_str(), stderr);
    return errors.find("p11-kit server") != std::string::npos;
  }));
}

// `p11-kit server` keeps the token, outside.
class ProcessBehindServer : public Process {
 protected:
  void StartServer() {
    server_ = std::make_unique<BackgroundProcess>(
        testing::Command{.argv = {"p11-kit", "server", "--foreground", "--name", socket_, "--provider",
                                  SoftHsm::module_path(), token_.TokenUri()},
                         .environment = token_.environment()});
    for (int i = 0; i < 3000 && !Accepts(); ++i) usleep(20'000);
    ASSERT_TRUE(Accepts()) << server_->output();
  }
  // Accepts: the socket's file is there before the server listens on it.
  bool Accepts() const {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool accepted = connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(descriptor);
    return accepted;
  }
  void StopServer() {
    server_.reset();
    std::filesystem::remove(socket_);
  }
  void SetUp() override {
    StartServer();
    setenv("P11_KIT_SERVER_ADDRESS", ("unix:path=" + socket_).c_str(), 1);
    Load(SIGNET_TEST_P11KIT_CLIENT);
  }
  void TearDown() override { unsetenv("P11_KIT_SERVER_ADDRESS"); }

  const std::string socket_ = directory_.path() + "/token.sock";
  std::unique_ptr<BackgroundProcess> server_;
};

TEST_F(ProcessBehindServer, SignsAgainWhenTheServerIsBack) {
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  StopServer();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Signs(library(), key.get()));
  EXPECT_NE(TakeErrors().find("signet"), std::string::npos);
  StartServer();
  bool back = false;
  for (int i = 0; i < 100 && !back; ++i) {
    back = Signs(library(), key.get());
    if (!back) usleep(50'000);
  }
  EXPECT_TRUE(back) << TakeErrors();
  ERR_clear_error();
}

TEST_F(ProcessBehindServer, ReadsAKeyWhenTheServerCameLater) {
  StopServer();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Read(), nullptr);
  StartServer();
  OpenSslPtr<EVP_PKEY> key;
  for (int i = 0; i < 100 && key == nullptr; ++i) {
    key = Read();
    if (key == nullptr) usleep(50'000);
  }
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
  ERR_clear_error();
}

TEST_F(ProcessBehindServer, SignsAlsoInAForkedChild) {
  const auto key = Read();
  ASSERT_TRUE(Signs(library(), key.get())) << TakeErrors();
  EXPECT_TRUE(InChild([&] { return Signs(library(), key.get()); }));
  EXPECT_TRUE(Signs(library(), key.get())) << TakeErrors();
}

TEST_F(ProcessBehindServer, StillSignsAfterChroot) {
  if (!MayConfine()) GTEST_SKIP() << "this system lets nobody but root change the root directory";
  const auto key = Read();
  ASSERT_NE(key, nullptr) << TakeErrors();
  const TemporaryDirectory empty;
  EXPECT_TRUE(InChild([&] {
    const bool before = Signs(library(), key.get());
    const bool confined = Confine(empty.path());
    if (before && confined && Signs(library(), key.get())) return true;
    fprintf(stderr, "before: %d, confined: %d: %s", before, confined, TakeErrors().c_str());
    return false;
  }));
}

TEST_F(ProcessBehindServer, StillSignsAfterDroppingPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has privileges to drop";
  const auto key = Read();
  EXPECT_TRUE(InChild([&] {
    return Signs(library(), key.get()) && setgid(65534) == 0 && setuid(65534) == 0 &&
           Signs(library(), key.get());
  }));
}

}  // namespace
}  // namespace signet
