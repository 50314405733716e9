#include "applications/signet_command.h"
#include "base/percent_encoding.h"
#include "openssl_provider/pem_uri.h"
#include <signet/testing/soft_hsm.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <sys/stat.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProcessResult;
using testing::SoftHsm;
using ::testing::StartsWith;
using testing::TestIdentity;
using testing::TestPki;

// Blocks gives each PEM block's label, in order.
std::vector<std::string> Blocks(const std::string& text) {
  static const std::regex begin("-----BEGIN ([A-Z0-9# ]+)-----");
  std::vector<std::string> labels;
  for (std::sregex_iterator at(text.begin(), text.end(), begin), end; at != end; ++at)
    labels.push_back(at->str(1));
  return labels;
}

// UriIn gives the URI that the file's block points to.
std::string UriIn(const std::string& text) {
  const std::size_t begin = text.find(" URI-----\n") + 10;
  std::string base64 = text.substr(begin, text.find("-----END", begin) - begin);
  std::erase(base64, '\n');
  std::vector<std::uint8_t> der(base64.size());
  const int size = EVP_DecodeBlock(der.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  const auto padding = std::count(base64.begin(), base64.end(), '=');
  der.resize(static_cast<std::size_t>(size - padding));
  const auto uri = provider::UriInDer(der);
  return uri ? std::string(uri->view()) : "";
}

class Pem : public ::testing::Test {
 protected:
  ProcessResult Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"pem", "--module", SoftHsm::module_path()});
    return RunSignet(arguments, hsm_.environment());
  }
  std::string Out() const { return directory_.path() + "/key.pem"; }
  static std::string Text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  const TestPki pki_;
  const TestIdentity middle_ = pki_.Intermediate("Middle");
  const TestIdentity alice_ = TestPki::IssueFrom(middle_, {.common_name = "alice"});
  SoftHsm hsm_;
  testing::TemporaryDirectory directory_;
};

TEST_F(Pem, PointsToExactlyTheKeyThatTheUriFinds) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  const auto result = Run({hsm_.TokenUri()});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(Blocks(result.out), ::testing::ElementsAre("PKCS#11 PROVIDER URI"));
  EXPECT_THAT(UriIn(result.out), StartsWith("pkcs11:"));
  EXPECT_THAT(UriIn(result.out), HasSubstr("id=%07"));
}

TEST_F(Pem, PinIsOmittedUnlessRequested) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  const auto without = Run({hsm_.ObjectUri("\x07", true)});
  ASSERT_EQ(without.exit_status, 0) << without.err;
  EXPECT_THAT(UriIn(without.out), Not(HasSubstr("pin")));
  EXPECT_THAT(without.err, HasSubstr("the PIN was omitted"));
  const auto with = Run({hsm_.ObjectUri("\x07", true), "--with-pin"});
  ASSERT_EQ(with.exit_status, 0) << with.err;
  EXPECT_THAT(UriIn(with.out), HasSubstr("?pin-value=1234"));
}

TEST_F(Pem, PinSourceStays) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  const std::string pin = directory_.Write("pin", "1234\n");
  const auto result = Run({hsm_.ObjectUri("\x07") + "?pin-source=file:" + pin});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(UriIn(result.out), HasSubstr("?pin-source=file:" + pin));
}

TEST_F(Pem, ChainFollowsTheKey) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  hsm_.ImportCertificate(middle_.certificate, {.id = "\x08", .label = "middle"});
  const auto result = Run({hsm_.ObjectUri("\x07"), "--chain"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(Blocks(result.out),
              ::testing::ElementsAre("PKCS#11 PROVIDER URI", "CERTIFICATE", "CERTIFICATE"));
  EXPECT_THAT(result.out, HasSubstr(alice_.ChainPem()));
}

TEST_F(Pem, AllIsOneFileWithTheKeyLast) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  hsm_.ImportCertificate(middle_.certificate, {.id = "\x08", .label = "middle"});
  const auto result = Run({hsm_.ObjectUri("\x07"), "--all"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(Blocks(result.out),
              ::testing::ElementsAre("CERTIFICATE", "CERTIFICATE", "PKCS#11 PROVIDER URI"));
}

TEST_F(Pem, FileIsForItsOwnerAloneAlsoWhereOneWasThere) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  directory_.Write("key.pem", "old", 0644);
  const auto result = Run({hsm_.ObjectUri("\x07"), "--out", Out()});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(Blocks(Text(Out())), ::testing::ElementsAre("PKCS#11 PROVIDER URI"));
  struct stat status {};
  ASSERT_EQ(stat(Out().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Pem, FailureLeavesTheOldFile) {
  directory_.Write("key.pem", "old");
  const auto result = Run({hsm_.ObjectUri("\x07"), "--out", Out()});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(Text(Out()), "old");
  const auto nowhere =
      Run({"pkcs12:" + directory_.Write("alice.p12", MakePkcs12(alice_)) + "?pin-value=secret", "--out",
           directory_.path() + "/no/such/key.pem"});
  EXPECT_EQ(nowhere.exit_status, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("cannot be written"));
}

TEST_F(Pem, KeyWithoutCertificateIsEnoughButHasNoChain) {
  hsm_.ImportKey(alice_, {.id = "\x07", .label = "alice"});
  const auto key = Run({hsm_.ObjectUri("\x07", true)});
  ASSERT_EQ(key.exit_status, 0) << key.err;
  EXPECT_THAT(UriIn(key.out), HasSubstr("id=%07"));
  const auto chain = Run({hsm_.ObjectUri("\x07", true), "--chain"});
  EXPECT_EQ(chain.exit_status, 1);
  EXPECT_THAT(chain.err, HasSubstr("no certificate"));
}

TEST_F(Pem, FileIsNamedByItsWholePath) {
  const std::string file = directory_.Write("alice.p12", MakePkcs12(alice_));
  const auto relative = std::filesystem::relative(file).string();
  const auto result = RunSignet({"pem", "pkcs12:" + relative + "?pin-value=secret"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(Blocks(result.out), ::testing::ElementsAre("SIGNET URI"));
  EXPECT_THAT(UriIn(result.out), StartsWith("pkcs12:/"));
}

TEST_F(Pem, SeveralKeysAndReservedNamesAreErrorsInWords) {
  hsm_.Import(alice_, {.id = "\x07", .label = "alice"});
  hsm_.Import(pki_.Issue({.common_name = "bob"}), {.id = "\x08", .label = "bob"});
  const auto several = Run({hsm_.TokenUri()});
  EXPECT_EQ(several.exit_status, 1);
  EXPECT_THAT(several.err, ::testing::AllOf(HasSubstr("2 keys match"), HasSubstr("id=%08")));
  const auto reserved = Run({"signet:alice"});
  EXPECT_EQ(reserved.exit_status, 1);
  EXPECT_THAT(reserved.err, HasSubstr("identities by name are not supported yet"));
}

TEST_F(Pem, WritesThroughDevicesPipesAndLinks) {
  hsm_.Import(TestPki().Issue({}), {.id = "\x31"});
  const std::string uri = hsm_.ObjectUri("\x31", true);
  EXPECT_TRUE(Run({uri, "--out", "/dev/null"}).ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const ProcessResult shown = Run({uri, "--out", "/dev/stdout"});
  EXPECT_THAT(shown.out, HasSubstr("-----BEGIN")) << shown.err;

  const std::string fifo = directory_.path() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = Text(fifo); });
  EXPECT_TRUE(Run({uri, "--out", fifo}).ok());
  reader.join();
  EXPECT_THAT(read, HasSubstr("-----BEGIN"));
  EXPECT_TRUE(std::filesystem::is_fifo(fifo));

  const std::string link = directory_.path() + "/link";
  for (const bool exists : {false, true}) {
    const std::string file = directory_.path() + (exists ? "/there" : "/new");
    if (exists) std::ofstream(file) << "old";
    std::filesystem::remove(link);
    std::filesystem::create_symlink(std::filesystem::path(file).filename(), link);
    EXPECT_TRUE(Run({uri, "--out", link}).ok());
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_THAT(Text(file), StartsWith("-----BEGIN"));
  }
}

TEST_F(Pem, RelativePinSourceIsMadeAbsolute) {
  hsm_.Import(TestPki().Issue({}), {.id = "\x31"});
  const std::string pin = directory_.Write("p in", std::string_view(hsm_.pin()));
  // `..` behind a link is where the link leads to.
  const std::string inner = directory_.path() + "/inner/most";
  std::filesystem::create_directories(inner);
  std::filesystem::create_directory_symlink(inner, directory_.path() + "/link");
  std::filesystem::copy(pin, directory_.path() + "/inner/p in");
  const auto relative = std::filesystem::relative(directory_.path()).string() + "/link/../p in";
  const ProcessResult result =
      Run({hsm_.ObjectUri("\x31") + "?pin-source=file:" + PercentEncode(relative, "/")});
  ASSERT_TRUE(result.ok()) << result.err;
  const std::string uri = UriIn(result.out);
  const auto written = PercentDecode(uri.substr(uri.find("file:") + 5));
  EXPECT_THAT(*written, StartsWith("/"));
  EXPECT_TRUE(std::filesystem::equivalent(*written, directory_.path() + "/inner/p in")) << *written;
  // In the path, as libp11 writes it, it is no less kept.
  for (const std::string before : {"?", ";"}) {
    EXPECT_THAT(
        UriIn(Run({hsm_.ObjectUri("\x31") + before + "pin-source=file:" + PercentEncode(pin, "/")}).out),
        ::testing::EndsWith("?pin-source=file:" + PercentEncode(pin, "/")));
  }
}

}  // namespace
}  // namespace signet
