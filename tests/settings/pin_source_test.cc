#include <signet/error.h>
#include <signet/pin_source.h>
#include <signet/testing/temporary_directory.h>

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PinSources : public ::testing::Test {
 protected:
  void SetUp() override { path_ = directory_.Write("pin", "1234\n"); }
  static std::string Read(std::string_view text) {
    return std::string(PinSource::Parse(text).Read()->view());
  }
  static Error Refusal(std::string_view text) {
    try {
      PinSource::Parse(text);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << text << " was accepted";
    return Error({});
  }

  testing::TemporaryDirectory directory_;
  std::string path_;
};

TEST_F(PinSources, FileIsReadInEverySpelling) {
  EXPECT_EQ(Read(path_), "1234");
  EXPECT_EQ(Read("file:" + path_), "1234");
  EXPECT_EQ(Read("file://" + path_), "1234");
  EXPECT_EQ(Read("file://localhost" + path_), "1234");
}

TEST_F(PinSources, RelativeFileIsRead) {
  const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(chdir(directory_.path().c_str()), 0);
  EXPECT_EQ(Read("file:pin"), "1234");
  EXPECT_EQ(Read("pin"), "1234");
  EXPECT_EQ(Read("./pin"), "1234");
  directory_.Write("a:b", "4711");
  EXPECT_EQ(Read("./a:b"), "4711");
  EXPECT_EQ(Refusal("a:b").code(), ErrorCode::kBadSetting);
  EXPECT_EQ(PinSource::Parse("./none").description(), "file:./none");
  ASSERT_EQ(fchdir(here), 0);
  close(here);
}

TEST_F(PinSources, ByteOrderMarkBeforeThePinIsNoPartOfIt) {
  directory_.Write("marked",
                   "\xef\xbb\xbf"
                   "1234\r\n");
  EXPECT_EQ(Read("file:" + directory_.path() + "/marked"), "1234");
  directory_.Write("marked", "\xef\xbb\xbf");
  EXPECT_EQ(Read("file:" + directory_.path() + "/marked"), "");
}

TEST_F(PinSources, WhatCannotBeReadIsSaidToBeThePinSource) {
  try {
    PinSource::Parse("file:nothere").Read();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.detail(), HasSubstr("the pin-source file:nothere: cannot read"));
  }
}

TEST_F(PinSources, RotatedPinIsSeen) {
  const PinSource source = PinSource::Parse("file:" + path_);
  EXPECT_EQ(source.Read()->view(), "1234");
  directory_.Write("pin", "5678");
  EXPECT_EQ(source.Read()->view(), "5678");
}

TEST_F(PinSources, EnvironmentAndCredentialAreRead) {
  setenv("SIGNET_TEST_PIN", "4711", 1);
  EXPECT_EQ(Read("env:SIGNET_TEST_PIN"), "4711");
  setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1);
  EXPECT_EQ(Read("credential:pin"), "1234");
  unsetenv("SIGNET_TEST_PIN");
  EXPECT_THROW(Read("env:SIGNET_TEST_PIN"), Error);
  EXPECT_THROW(Read("credential:none"), Error);
}

TEST_F(PinSources, DescriptorIsReadOnceAndKept) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(write(ends[1], "1234\n", 5), 5);
  close(ends[1]);
  const PinSource source = PinSource::Parse(fmt::format("fd:{}", ends[0]));
  close(ends[0]);
  const PinSource copy = source;
  EXPECT_EQ(source.Read()->view(), "1234");
  EXPECT_EQ(copy.Read()->view(), "1234");
}

TEST_F(PinSources, DescriptorThatCannotBeReadIsAnErrorWhenThePinIsWanted) {
  const PinSource source = PinSource::Parse("fd:987");
  EXPECT_EQ(source.description(), "fd:987");
  try {
    source.Read();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnreadable);
    EXPECT_THAT(error.detail(), HasSubstr("descriptor 987"));
  }
}

TEST_F(PinSources, CommandIsRefused) {
  for (const char* text : {"|cat /etc/pin", "|/bin/pin", "|"}) {
    EXPECT_EQ(Refusal(text).code(), ErrorCode::kBadSetting);
    EXPECT_THAT(Refusal(text).detail(), HasSubstr("command"));
    EXPECT_THROW(PinSource::ParseOrValue(text), Error);
  }
}

TEST_F(PinSources, WhatIsNoSourceIsRefusedAndNotRepeated) {
  for (const char* text :
       {"1234", "", "http://host/1234", "file:", "env:", "fd:", "credential:", "fd:1234x", "fd:-1",
        "credential:../1234", "credential:a/1234", "credential:.1234", "FILE:/1234"}) {
    const Error error = Refusal(text);
    EXPECT_EQ(error.code(), ErrorCode::kBadSetting) << text;
    EXPECT_THAT(error.what(), Not(HasSubstr("1234"))) << text;
  }
}

TEST_F(PinSources, ValueIsASourceWhereItDoesNotLookLikeOne) {
  EXPECT_EQ(PinSource::ParseOrValue("1234").Read()->view(), "1234");
  EXPECT_EQ(PinSource::ParseOrValue("file:" + path_).Read()->view(), "1234");
  EXPECT_EQ(PinSource::ParseOrValue(path_).Read()->view(), "1234");
  EXPECT_TRUE(PinSource::ParseOrValue("").empty());
  EXPECT_FALSE(PinSource().Read().has_value());
  EXPECT_TRUE(PinSource::Value(Secret()).Read()->empty());
}

TEST_F(PinSources, DescriptionIsNeverTheSecret) {
  EXPECT_EQ(PinSource::Value(Secret("1234")).description(), "value");
  EXPECT_EQ(PinSource::Parse("file:" + path_).description(), "file:" + path_);
  EXPECT_EQ(PinSource::Parse("env:A").description(), "env:A");
  EXPECT_EQ(PinSource().description(), "none");
}

}  // namespace
}  // namespace signet
