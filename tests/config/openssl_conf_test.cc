#include "config/openssl_conf.h"

#include "config/scoped_environment.h"
#include <signet/testing/temporary_directory.h>

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHead = "openssl_conf = init\n[init]\nproviders = list\n[list]\n";

class OpenSslConfFile : public ::testing::Test {
 protected:
  // Read gives the settings of an openssl.cnf with this text behind the list's heading.
  Configuration Read(std::string_view text) {
    path_ = directory_.Write("openssl.cnf", std::string(kHead) + std::string(text));
    Configuration configuration;
    trouble_ = AddOpenSslConf(configuration, path_).unreadable;
    return configuration;
  }

  testing::TemporaryDirectory directory_;
  std::string path_;
  std::optional<Error> trouble_;
};

TEST_F(OpenSslConfFile, SectionOfTheProviderIsReadAndItsPlaceRemembered) {
  const Configuration configuration =
      Read("signet = mine\n[mine]\nmodule = signet.so\nactivate = 1\npkcs11-module-path = /a.so\n");
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/a.so"))
      << "module = is the provider's own file";
  ASSERT_EQ(configuration.values().size(), 1u);
  EXPECT_EQ(InWords(configuration.values().front().place), "openssl.cnf " + path_ + " [mine]");
}

TEST_F(OpenSslConfFile, ProviderIsKnownByNameIdentityModuleAndLink) {
  directory_.Write("signet.so", "");
  const std::string link = directory_.path() + "/pkcs11.so";
  std::filesystem::create_symlink("signet.so", link);
  for (const std::string& section : {std::string("signet = s\n[s]\n"), std::string("1.signet = s\n[s]\n"),
                                     std::string("pkcs11 = s\n[s]\nidentity = signet\n"),
                                     std::string("pkcs11 = s\n[s]\nmodule = /usr/lib/signet.so\n"),
                                     "pkcs11 = s\n[s]\nmodule = " + link + "\n"}) {
    EXPECT_EQ(Read(section + "call-log = stderr\n").settings().call_log, "stderr") << section;
  }
  EXPECT_THAT(Read("pkcs11 = s\n[s]\nmodule = /usr/lib/pkcs11.so\ncall-log = stderr\n").values(), IsEmpty());
}

TEST_F(OpenSslConfFile, LinkIsFoundInTheModulesDirectory) {
  directory_.Write("signet.so", "");
  std::filesystem::create_symlink("signet.so", directory_.path() + "/pkcs11.so");
  const ScopedEnvironment modules{{"OPENSSL_MODULES", directory_.path()}};
  EXPECT_EQ(Read("pkcs11 = s\n[s]\ncall-log = stderr\n").settings().call_log, "stderr");
}

TEST_F(OpenSslConfFile, ActiveOneOfTwoSectionsApplies) {
  EXPECT_EQ(
      Read("signet = a\npkcs11 = b\n[a]\ncall-log = a\n[b]\nmodule = signet.so\ncall-log = b\nactivate = "
           "1\n")
          .settings()
          .call_log,
      "b");
}

TEST_F(OpenSslConfFile, IncludedFilesAndVariablesAreFollowed) {
  const std::string included =
      directory_.Write("more.cnf", "[s]\ndirectory = /lib\npkcs11-module-path = $directory/a.so\n");
  EXPECT_THAT(Read("signet = s\n.include " + included + "\n").settings().modules, ElementsAre("/lib/a.so"));
}

TEST_F(OpenSslConfFile, NamesThatTheProviderDoesNotAskForAreNotRead) {
  EXPECT_THAT(Read("signet = s\n[s]\npkcs11-module-pth = /a.so\n1.call-log = stderr\n").values(), IsEmpty());
}

TEST_F(OpenSslConfFile, FullNameOverridesTheShortFormInEitherOrder) {
  for (const char* lines : {"max-sessions = 1\npkcs11-module-cache-sessions = 2\n",
                            "pkcs11-module-cache-sessions = 2\nmax-sessions = 1\n"}) {
    EXPECT_EQ(Read(std::string("signet = s\n[s]\n") + lines).settings().max_sessions, 2u) << lines;
  }
}

TEST_F(OpenSslConfFile, FaultNamesFileAndSection) {
  const Configuration configuration = Read("signet = s\n[s]\nmax-sessions = many\n");
  try {
    configuration.settings();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.detail(), HasSubstr("openssl.cnf " + path_ + " [s]"));
  }
}

TEST_F(OpenSslConfFile, NoFileIsNoFaultAndABrokenOneIsReturned) {
  Configuration configuration;
  EXPECT_FALSE(AddOpenSslConf(configuration, "").unreadable.has_value());
  EXPECT_FALSE(AddOpenSslConf(configuration, "/nowhere/openssl.cnf").unreadable.has_value());
  EXPECT_FALSE(AddOpenSslConf(configuration, "/dev/null").unreadable.has_value());
  ERR_clear_error();
  EXPECT_THAT(Read("[broken\n").values(), IsEmpty());
  ASSERT_TRUE(trouble_.has_value());
  EXPECT_EQ(trouble_->code(), ErrorCode::kMalformed);
  EXPECT_EQ(ERR_peek_error(), 0u) << "the program's own error queue is left alone";
}

TEST_F(OpenSslConfFile, DefaultIsTheFileOfTheVariable) {
  const ScopedEnvironment variable{{"OPENSSL_CONF", "/a/openssl.cnf"}};
  EXPECT_EQ(DefaultOpenSslConf(), "/a/openssl.cnf");
}

}  // namespace
}  // namespace signet
