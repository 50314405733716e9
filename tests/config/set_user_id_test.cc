// A set-user-ID program runs with the rights of another user: neither the caller's environment nor
// files below a home directory configure it.
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Who runs the program, and whom it works for. Root is neither: p11-kit reads no home directory for root.
constexpr const char* kRunner = "65534";
constexpr unsigned kOwner = 1;

// OpenedBelow tells whether anything in these directories is opened.
class OpenedBelow {
 public:
  explicit OpenedBelow(const std::vector<std::string>& directories) : queue_(inotify_init1(IN_NONBLOCK)) {
    for (const std::string& directory : directories)
      EXPECT_GE(inotify_add_watch(queue_, directory.c_str(), IN_OPEN), 0) << directory;
  }
  ~OpenedBelow() { close(queue_); }
  OpenedBelow(const OpenedBelow&) = delete;
  OpenedBelow& operator=(const OpenedBelow&) = delete;

  // Take answers for the time since the last call.
  bool Take() {
    bool opened = false;
    char events[4096];
    while (read(queue_, events, sizeof events) > 0) opened = true;
    return opened;
  }

 private:
  int queue_;
};

class SetUserId : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root makes a program of another user";
    for (const char* name : {"/.config", "/.config/pkcs11", "/.config/pkcs11/modules", "/.config/signet"}) {
      std::filesystem::create_directory(home_.path() + name);
      directories_.push_back(home_.path() + name);
    }
    home_.Write(".config/pkcs11/modules/home.module", "module: /nowhere/home.so\n", 0644);
    home_.Write(".config/signet/signet.toml", "", 0644);
    home_.Write(
        "openssl.cnf",
        "openssl_conf = init\n[init]\nproviders = list\n[list]\nsignet = s\n[s]\ncall-log = home.log\n",
        0644);
    directories_.push_back(home_.path());
    for (const std::string& directory : directories_) ASSERT_EQ(chmod(directory.c_str(), 0755), 0);
    ASSERT_EQ(chmod(place_.path().c_str(), 0755), 0);
    program_ = place_.path() + "/program";
    std::filesystem::copy_file(SIGNET_SETTINGS_PROGRAM, program_);
  }

  testing::ProcessResult Run(const testing::Environment& more) const {
    testing::Environment environment = {{"HOME", home_.path()}, {"SIGNET_TOKN_PIN", "1"}};
    environment.insert(more.begin(), more.end());
    return testing::RunProgram(
        {.argv = {"setpriv", "--reuid", kRunner, "--regid", kRunner, "--clear-groups", program_},
         .environment = environment,
         .unset = {"XDG_CONFIG_HOME"}});
  }

  testing::TemporaryDirectory home_;
  testing::TemporaryDirectory place_;
  std::vector<std::string> directories_;
  std::string program_;
};

TEST_F(SetUserId, ReadsNoVariableAndNoFileBelowAHome) {
  const testing::Environment by_file = {{"OPENSSL_CONF", home_.path() + "/openssl.cnf"}};
  const testing::Environment by_variable = {{"SIGNET_CALL_LOG", "variable.log"}};
  OpenedBelow home(directories_);
  // The same program without the bit reads all of it.
  const auto plain = Run(by_file);
  if (plain.err.find("loading shared libraries") != std::string::npos)
    GTEST_SKIP() << "the build's libraries are closed to other users";
  ASSERT_EQ(plain.exit_status, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("secure 0\nopenssl.cnf " + home_.path() + "/openssl.cnf\n"));
  EXPECT_THAT(plain.out, HasSubstr("call-log home.log\nunknown SIGNET_TOKN_PIN\n"));
  EXPECT_THAT(Run(by_variable).out, HasSubstr("call-log variable.log\n"));
  EXPECT_TRUE(home.Take());

  ASSERT_EQ(chown(program_.c_str(), kOwner, kOwner), 0);
  ASSERT_EQ(chmod(program_.c_str(), 04755), 0);
  for (const auto& environment : {by_file, by_variable}) {
    const auto secure = Run(environment);
    if (secure.out.find("secure 0") != std::string::npos)
      GTEST_SKIP() << "the file system ignores set-user-ID";
    ASSERT_EQ(secure.exit_status, 0) << secure.err;
    EXPECT_THAT(secure.out, HasSubstr("secure 1\n"));
    EXPECT_THAT(secure.out, HasSubstr("call-log \n"));
    EXPECT_THAT(secure.out, Not(HasSubstr("unknown")));
    EXPECT_FALSE(home.Take());
  }
}

}  // namespace
}  // namespace signet
