// Projects outside of the tree: each library and each example, built with what is installed and
// nothing else.
#include "foreign_program.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Program is one source file, the one library of Signet that it links, and what else it needs.
struct Program {
  std::string file;
  std::string library;  // "openssl": signet::openssl, signet-openssl.pc
  std::string target;   // CMake's
  std::string package;  // pkg-config's
  std::string name() const { return fs::path(file).stem(); }
  bool example() const { return file.starts_with(SIGNET_EXAMPLES); }
  bool is_c() const { return file.ends_with(".c"); }
  std::string module() const { return library == "signet" ? library : "signet-" + library; }
};

std::vector<Program> Libraries() {
  const std::string outside = SIGNET_OUTSIDE "/";
  return {{outside + "signet.cc", "signet"},   {outside + "c.c", "signet"},
          {outside + "openssl.cc", "openssl"}, {outside + "botan.cc", "botan"},
          {outside + "gnutls.c", "gnutls"},    {outside + "libp11.cc", "libp11"},
          {outside + "testing.cc", "testing"}, {outside + "own.cc", "testing"}};
}

std::vector<Program> Examples() {
  const std::string examples = SIGNET_EXAMPLES "/";
  return {{examples + "openssl_client.cc", "openssl"},
          {examples + "botan_client.cc", "botan"},
          {examples + "gnutls_client.c", "gnutls"},
          {examples + "own_key.cc", "openssl"},
          {examples + "own_source.cc", "openssl"},
          {examples + "first_client.cc", "openssl"},
          {examples + "event_loop.cc", "openssl"},
          {examples + "curl_client.cc", "openssl", "CURL::libcurl", "libcurl"},
          {examples + "asio_client.cc", "openssl", "Boost::headers"},
          {examples + "qt_client.cc", "signet", "Qt6::Network", "Qt6Network"}};
}

class Consumer : public ::testing::TestWithParam<bool> {
 protected:
  Consumer() { Must({.argv = {SIGNET_CMAKE, "--install", SIGNET_BUILD_DIR, "--prefix", Path("prefix")}}); }

  static ProcessResult Must(Command command) {
    command.timeout = std::chrono::seconds(280);
    ProcessResult result = RunProgram(command);
    EXPECT_TRUE(result.ok()) << ::testing::PrintToString(command.argv) << '\n' << result.out << result.err;
    return result;
  }
  std::string Path(const std::string& below) const { return directory_.path() + "/" + below; }
  // LibraryDir is where libsignet.so was installed.
  std::string LibraryDir() const {
    for (const auto& entry : fs::recursive_directory_iterator(Path("prefix"))) {
      if (entry.path().filename() == "libsignet.so") return entry.path().parent_path();
    }
    return {};
  }
  // Here leaves out the programs whose libraries or frameworks are not installed.
  std::vector<Program> Here() const {
    std::vector<Program> programs = GetParam() ? Examples() : Libraries();
    std::erase_if(programs, [this](const Program& program) {
      const bool library = fs::exists(LibraryDir() + "/pkgconfig/" + program.module() + ".pc");
      const bool framework = !program.example() || fs::exists(SIGNET_BUILD_DIR "/examples/" + program.name());
      return !library || !framework;
    });
    return programs;
  }
  void Run(const Program& program, const std::string& binary) const {
    Environment environment = ForeignEnvironment();
    environment["LD_LIBRARY_PATH"] = LibraryDir();
    const ProcessResult result = RunProgram({.argv = {binary}, .environment = environment});
    SCOPED_TRACE(binary);
    if (program.example()) {
      EXPECT_THAT(result.err, HasSubstr("usage: " + program.name()));
    } else {
      EXPECT_EQ(result.out, "works\n") << result.err;
    }
  }

 private:
  TemporaryDirectory directory_;
};

TEST_P(Consumer, BuildsWithCMakeAndTheCompilersOwnStandard) {
  ASSERT_GE(Here().size(), 4u) << LibraryDir();
  std::string programs;
  for (const Program& program : Here())
    programs += (programs.empty() ? "" : ";") + program.file + ":" + program.library +
                (program.target.empty() ? "" : ":" + program.target);
  const Environment environment = {{"PKG_CONFIG_PATH", LibraryDir() + "/pkgconfig"}};
  Must({.argv = {SIGNET_CMAKE, "-G", SIGNET_GENERATOR, "-S", SIGNET_OUTSIDE, "-B", Path("build"),
                 "-DPROGRAMS=" + programs, "-DCMAKE_PREFIX_PATH=" + Path("prefix"),
                 "-DCMAKE_C_COMPILER=" SIGNET_C_COMPILER, "-DCMAKE_CXX_COMPILER=" SIGNET_CXX_COMPILER,
                 "-DCMAKE_C_FLAGS=" SIGNET_SANITIZER_FLAGS, "-DCMAKE_CXX_FLAGS=" SIGNET_SANITIZER_FLAGS},
        .environment = environment});
  Must({.argv = {SIGNET_CMAKE, "--build", Path("build")}, .environment = environment});
  for (const Program& program : Here()) Run(program, Path("build/" + program.name()));
}

TEST_P(Consumer, BuildsWithPkgConfig) {
  for (const Program& program : Here()) {
    const std::string compiler =
        program.is_c() ? SIGNET_C_COMPILER " -std=c11" : SIGNET_CXX_COMPILER " -std=c++20";
    Must({.argv = {"sh", "-c",
                   compiler +
                       " -fPIC " SIGNET_SANITIZER_FLAGS " \"$0\" -o \"$1\" $(pkg-config --cflags --libs " +
                       program.module() + " " + program.package + ")",
                   program.file, Path(program.name())},
          .environment = {{"PKG_CONFIG_PATH", LibraryDir() + "/pkgconfig"}}});
    Run(program, Path(program.name()));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Consumer, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "EachExample" : "EachLibrary"; });

}  // namespace
}  // namespace signet::testing
