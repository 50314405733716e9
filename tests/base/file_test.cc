#include "base/file.h"

#include <signet/error.h>
#include <signet/testing/temporary_directory.h>

#include <chrono>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet {
namespace {

using testing::TemporaryDirectory;

template <class Read>
ErrorCode CodeOf(Read read) {
  try {
    read();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(ReadFile, ReadsAllUpToTheLimit) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("a", std::string(5000, 'x'));
  EXPECT_EQ(ReadFile(path, 5000).size(), 5000u);
  EXPECT_EQ(CodeOf([&] { ReadFile(path, 4999); }), ErrorCode::kTooCostly);
  EXPECT_TRUE(ReadFile(directory.Write("empty", ""), 0).empty());
}

TEST(ReadFile, OnlyRegularFilesAreRead) {
  const TemporaryDirectory directory;
  EXPECT_EQ(CodeOf([&] { ReadFile(directory.path() + "/none", 1); }), ErrorCode::kUnreadable);
  EXPECT_EQ(CodeOf([&] { ReadFile(directory.path(), 1 << 20); }), ErrorCode::kUnreadable);
  EXPECT_EQ(CodeOf([&] { ReadFile("/dev/zero", 1 << 20); }), ErrorCode::kUnreadable);
  const std::string pipe = directory.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(CodeOf([&] { ReadFile(pipe, 1 << 20); }), ErrorCode::kUnreadable);
}

TEST(ReadPin, IsTheFirstLine) {
  const TemporaryDirectory directory;
  const auto read = [&](std::string_view text) { return ReadPinFile(directory.Write("pin", text)); };
  EXPECT_EQ(read("1234").view(), "1234");
  EXPECT_EQ(read("1234\n").view(), "1234");
  EXPECT_EQ(read("1234\r\n").view(), "1234");
  EXPECT_EQ(read("1234\n\n").view(), "1234");
  EXPECT_EQ(read("1234\nwhat it is for\n").view(), "1234");
  EXPECT_EQ(read(" 12 34 ").view(), " 12 34 ");
  EXPECT_TRUE(read("").empty());
  EXPECT_EQ(read(std::string(4096, 'x')).size(), 4096u);
  EXPECT_EQ(CodeOf([&] { read(std::string(4097, 'x')); }), ErrorCode::kUnreadable);
}

TEST(ReadPin, WaitsForTheWriterOfAPipe) {
  const TemporaryDirectory directory;
  const std::string pipe = directory.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const int fd = open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(write(fd, "1234\n", 5), 5);
    close(fd);
  });
  EXPECT_EQ(ReadPinFile(pipe).view(), "1234");
  writer.join();
}

TEST(ReadPin, DescriptorThatDoesNotBlockIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(write(ends[1], "12", 2), 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(write(ends[1], "34", 2), 2);
    close(ends[1]);
  });
  EXPECT_EQ(ReadPinDescriptor(ends[0]).view(), "1234");
  writer.join();
  close(ends[0]);
  EXPECT_EQ(CodeOf([] { ReadPinDescriptor(1'000'000); }), ErrorCode::kUnreadable);
}

}  // namespace
}  // namespace signet
