#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

namespace signet::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(RunProgram, GivesStatusOutputAndErrors) {
  const ProcessResult result =
      RunProgram({.argv = {"sh", "-c", "cat; echo trouble >&2; exit 3"}, .input = "hello"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out, "hello");
  EXPECT_EQ(result.err, "trouble\n");
  EXPECT_FALSE(result.timed_out);
}

TEST(RunProgram, SetsAndUnsetsVariables) {
  setenv("SIGNET_GOES", "1", 1);
  const ProcessResult result = RunProgram({.argv = {"sh", "-c", "echo \"$SIGNET_COMES:$SIGNET_GOES\""},
                                           .environment = {{"SIGNET_COMES", "yes"}},
                                           .unset = {"SIGNET_GOES"}});
  EXPECT_EQ(result.out, "yes:\n");
}

TEST(RunProgram, MissingProgramEndsWith127) {
  EXPECT_EQ(RunProgram({.argv = {"signet-no-such-program"}}).exit_status, 127);
}

TEST(RunProgram, TakesMoreInputAndOutputThanAPipeHolds) {
  const std::string big(1 << 20, 'x');
  EXPECT_EQ(RunProgram({.argv = {"cat"}, .input = big}).out, big);
}

TEST(RunProgram, ProgramThatIgnoresItsInputDoesNotKillTheTest) {
  EXPECT_TRUE(RunProgram({.argv = {"true"}, .input = std::string(1 << 20, 'x')}).ok());
}

TEST(RunProgram, KillsWhatTakesTooLong) {
  const ProcessResult result = RunProgram({.argv = {"sleep", "60"}, .timeout = milliseconds(100)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(RunProgram, ChildThatHoldsThePipesDoesNotHoldTheTest) {
  EXPECT_EQ(
      RunProgram({.argv = {"sh", "-c", "sleep 60 & echo started"}, .timeout = std::chrono::seconds(30)}).out,
      "started\n");
}

TEST(BackgroundProcess, WaitsForALineAndIsGoneAfterwards) {
  pid_t pid = 0;
  {
    BackgroundProcess process({.argv = {"sh", "-c", "echo ready 42; exec sleep 60"}});
    EXPECT_EQ(process.WaitForLine("ready"), "ready 42");
    pid = process.pid();
    EXPECT_TRUE(process.running());
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(BackgroundProcess, LineThatNeverComesEndsTheWaitWithTheProgram) {
  BackgroundProcess process({.argv = {"echo", "other"}});
  EXPECT_EQ(process.WaitForLine("ready"), std::nullopt);
  EXPECT_EQ(process.WaitForEnd()->exit_status, 0);
}

TEST(BackgroundProcess, TalksBothWays) {
  BackgroundProcess process({.argv = {"sh", "-c", "while read line; do echo got $line; done; echo end"}});
  process.Send("one\n");
  EXPECT_EQ(process.WaitForLine("got"), "got one");
  process.CloseInput();
  EXPECT_TRUE(process.WaitForLine("end").has_value());
}

TEST(BackgroundProcess, TakesItsChildrenAlong) {
  std::string child;
  {
    BackgroundProcess process({.argv = {"sh", "-c", "sleep 60 & echo child $!; trap '' TERM; wait; wait"}});
    const auto line = process.WaitForLine("child");
    ASSERT_TRUE(line.has_value());
    child = line->substr(6);
  }
  const auto gone = [&] {
    std::ifstream status("/proc/" + child + "/stat");
    const std::string text{std::istreambuf_iterator<char>(status), {}};
    return text.empty() || text.find(") Z ") != std::string::npos;
  };
  for (int tries = 0; tries < 200 && !gone(); ++tries) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(gone());
}

TEST(FreePort, GivesADifferentPortEachTime) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 50; ++i) ports.insert(FreePort());
  EXPECT_EQ(ports.size(), 50u);
}

TEST(FreePort, ServerOnItIsSeen) {
  const std::uint16_t port = FreePort();
  BackgroundProcess idle({.argv = {"sleep", "60"}});
  EXPECT_FALSE(idle.WaitForPort(port, milliseconds(50)));
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(server, 5), 0);
  EXPECT_TRUE(idle.WaitForPort(port));
  close(server);
}

TEST(TemporaryDirectory, IsPrivateAndGoes) {
  std::string path;
  {
    const TemporaryDirectory directory;
    path = directory.path();
    const ProcessResult mode = RunProgram({.argv = {"stat", "-c", "%a", path}});
    EXPECT_EQ(mode.out, "700\n");
    directory.Write("file", std::string_view("text"));
  }
  EXPECT_FALSE(RunProgram({.argv = {"test", "-e", path}}).ok());
}

}  // namespace
}  // namespace signet::testing
