// signet.so as a program sees it: what it shows before libsignet.so is there, and when that is opened, from
// where.
#include "foreign_program.h"
#include "openssl_provider/key_store.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/pem_uri.h"
#include <signet/openssl_key.h>
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <openssl/provider.h>

namespace signet {
namespace {

namespace fs = std::filesystem;
using testing::Environment;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProcessResult;
using testing::TemporaryDirectory;
using testing::TestPki;

constexpr bool kSanitized = !std::string_view(SIGNET_SANITIZER_RUNTIME).empty();
std::string ModuleFile() { return std::string(ModulesDirectory()) + "/signet.so"; }

// Shown is an algorithm as libcrypto sees it, with the numbers of its functions.
using Shown = std::tuple<int, std::string, std::string, std::string, std::vector<int>>;

std::vector<Shown> AllShown(OSSL_PROVIDER* provider) {
  std::vector<Shown> all;
  for (int operation = 1; operation <= OSSL_OP__HIGHEST; ++operation) {
    int no_cache = -1;
    const OSSL_ALGORITHM* row = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
    EXPECT_EQ(no_cache, 0);
    for (; row != nullptr && row->algorithm_names != nullptr; ++row) {
      std::vector<int> functions;
      for (const OSSL_DISPATCH* function = row->implementation; function->function_id != 0; ++function) {
        EXPECT_NE(function->function, nullptr);
        functions.push_back(function->function_id);
      }
      std::ranges::sort(functions);
      all.emplace_back(operation, row->algorithm_names, row->property_definition, row->algorithm_description,
                       functions);
    }
    OSSL_PROVIDER_unquery_operation(provider, operation, row);
  }
  return all;
}

class ModuleByName : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Names, ModuleByName, ::testing::Values("signet", "tokens", "my tokens", "4th"),
                         [](const auto& name) { return "Name" + std::to_string(name.index); });

// LoadAs activates the file `file`, or where it is empty the provider that this test links, under a name.
OpenSslPtr<OSSL_PROVIDER> LoadAs(OSSL_LIB_CTX* library, const TemporaryDirectory& folder,
                                 const std::string& name, const std::string& file) {
  if (file.empty()) {
    EXPECT_EQ(OSSL_PROVIDER_add_builtin(library, name.c_str(), signet_openssl_provider_init), 1);
  } else {
    fs::create_symlink(file, folder.path() + "/" + name + ".so");
    EXPECT_EQ(OSSL_PROVIDER_set_default_search_path(library, folder.path().c_str()), 1);
  }
  OpenSslPtr<OSSL_PROVIDER> provider(OSSL_PROVIDER_load(library, name.c_str()));
  EXPECT_NE(provider, nullptr) << TakeErrors();
  return provider;
}

TEST_P(ModuleByName, ShowsTheSameAlgorithmsAndFunctionsAsTheProviderBehindIt) {
  const TemporaryDirectory folder;
  const OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  const OpenSslPtr<OSSL_LIB_CTX> other(OSSL_LIB_CTX_new());
  const auto module = LoadAs(library.get(), folder, GetParam(), ModuleFile());
  const auto provider = LoadAs(other.get(), folder, GetParam(), "");
  const auto shown = AllShown(module.get());
  EXPECT_GT(shown.size(), 40u);
  EXPECT_EQ(shown, AllShown(provider.get()));
}

TEST(Module, ShowsTheSameReasonsAndParametersAsTheProviderBehindIt) {
  const TemporaryDirectory folder;
  const OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  const OpenSslPtr<OSSL_LIB_CTX> other(OSSL_LIB_CTX_new());
  const auto module = LoadAs(library.get(), folder, "signet", ModuleFile());
  const auto provider = LoadAs(other.get(), folder, "signet", "");
  const auto names = [](const OSSL_PARAM* params) {
    std::vector<std::string> all;
    for (; params->key != nullptr; ++params) all.emplace_back(params->key);
    return all;
  };
  EXPECT_EQ(names(OSSL_PROVIDER_gettable_params(module.get())),
            names(OSSL_PROVIDER_gettable_params(provider.get())));
  const auto ids = [](const OSSL_PROVIDER* one) {
    std::vector<int> all;
    for (const OSSL_DISPATCH* row = OSSL_PROVIDER_get0_dispatch(one); row->function_id != 0; ++row)
      all.push_back(row->function_id);
    std::ranges::sort(all);
    return all;
  };
  EXPECT_EQ(ids(module.get()), ids(provider.get()));
}

TEST(Module, NeedsLibcAndLibcryptoOnly) {
  if (kSanitized) GTEST_SKIP() << "what is sanitized needs the sanitizer's runtime too";
  const ProcessResult result = testing::RunProgram({.argv = {"readelf", "-d", ModuleFile()}});
  ASSERT_TRUE(result.ok()) << result.err;
  std::vector<std::string> needed;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("(NEEDED)") != std::string::npos) needed.push_back(line.substr(line.find('[')));
    EXPECT_THAT(line, Not(HasSubstr("PATH)"))) << "a run path would be searched for libcrypto";
  }
  EXPECT_THAT(needed, ::testing::UnorderedElementsAre("[libcrypto.so.3]", "[libc.so.6]"));
}

// Two library contexts may ask for a table at once.
TEST(Module, HasNoTableThatIsFilledInWhenItIsFirstUsed) {
  const ProcessResult result = testing::RunProgram({.argv = {"nm", "--demangle", ModuleFile()}});
  ASSERT_TRUE(result.ok()) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("guard variable for signet")));
}

// SoftHSM calls libcrypto, which is only now reading its openssl.cnf.
TEST(Module, LoadAtActivationWorksWithAPkcs11ModuleThatUsesLibcrypto) {
  const KeyStore store(Where::kPkcs11, TestPki().Issue({.key = "ec:P-256"}));
  const std::string file = store.Write("file", "text");
  for (const char* order : {"default = theirs\nsignet = ours\n", "signet = ours\ndefault = theirs\n"}) {
    store.Write("openssl.cnf", std::string("openssl_conf = init\n[init]\nproviders = list\n[list]\n") +
                                   order + "[theirs]\nactivate = 1\n[ours]\nmodule = " + ModuleFile() +
                                   "\nactivate = 1\nload = activation\n");
    auto command =
        store.Command({"openssl", "dgst", "-sha256", "-sign", store.uri(), "-out", "signature", file});
    command.unset.clear();
    command.environment["OPENSSL_CONF"] = store.Path("openssl.cnf");
    const ProcessResult result = testing::RunProgram(command);
    EXPECT_EQ(result.exit_status, 0) << order << result.err;
    EXPECT_EQ(result.err, "");
  }
}

// ModuleProgram runs module_program, and says which libsignet.so it had.
class ModuleProgram : public ::testing::Test {
 protected:
  ModuleProgram() {
    // A key of a file: nothing but libsignet.so is needed for it.
    const std::string file = Write("alice.p12", testing::MakePkcs12(TestPki().Issue({.key = "ec:P-256"})));
    pem_ = directory_.Write("alice.key", provider::UriPem("pkcs12:" + file + "?pin-value=secret").view(), 0644);
  }
  std::string Write(const std::string& name, const std::vector<std::uint8_t>& bytes) const {
    return directory_.Write(name, bytes, 0644);
  }
  std::string Folder(const std::string& name) const {
    const std::string folder = directory_.path() + "/" + name;
    fs::create_directories(folder);
    return folder;
  }
  ProcessResult Run(const std::string& folder, const std::string& name, std::vector<std::string> steps,
                    const Environment& more = {}, const std::string& directory = {}) const {
    steps.insert(steps.begin(), {SIGNET_MODULE_PROGRAM, folder, name, pem_});
    Environment environment = ForeignEnvironment();
    environment.insert(more.begin(), more.end());
    return testing::RunProgram(
        {.argv = steps, .environment = environment, .unset = {"OPENSSL_CONF"}, .directory = directory});
  }
  // Library is the line that says that the library of this build was loaded, and no other.
  static std::string Library() {
    return "library " + fs::canonical(std::string(ModulesDirectory()) + "/../libsignet.so").string() + "\n";
  }
  // Decoy puts a file of the library's name into a folder, which does not do what is asked of it.
  static void Decoy(const std::string& folder) {
    fs::copy_file(ModuleFile(), folder + "/" + SIGNET_LIBRARY_NAME);
  }

  TemporaryDirectory directory_;
  std::string pem_;
};

TEST_F(ModuleProgram, OpensTheLibraryAtTheFirstUse) {
  const auto before = Run(ModulesDirectory(), "signet", {"library"});
  EXPECT_EQ(before.out, "");
  EXPECT_EQ(before.exit_status, 0) << before.err;
  const auto result = Run(ModulesDirectory(), "signet", {"sign", "library"});
  EXPECT_EQ(result.out, Library());
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ModuleProgram, LoadAtActivationOpensTheLibraryThen) {
  for (const char* variable : {"SIGNET_LOAD", "SIGNET_PKCS11_MODULE_LOAD_BEHAVIOR"}) {
    EXPECT_EQ(Run(ModulesDirectory(), "signet", {"library"}, {{variable, "activation"}}).out, Library());
    EXPECT_EQ(Run(ModulesDirectory(), "signet", {"library"}, {{variable, "first-use"}}).out, "");
    EXPECT_EQ(Run(ModulesDirectory(), "signet", {"library"}, {{variable, "sometimes"}}).out, "");
  }
}

TEST_F(ModuleProgram, SymbolicLinkLeadsToTheLibraryBesideTheFile) {
  const std::string folder = Folder("links");
  fs::create_symlink(ModuleFile(), folder + "/pkcs11.so");
  const auto result = Run(folder, "pkcs11", {"sign", "library"});
  EXPECT_EQ(result.out, Library());
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ModuleProgram, RelativeFolderIsThatOfTheTimeOfLoading) {
  const std::string elsewhere = Folder("elsewhere/lib/modules");
  Decoy(Folder("elsewhere/lib"));
  const auto result = Run("modules", "signet", {"cd=" + elsewhere, "sign", "library"}, {}, [&] {
    const std::string folder = Folder("start");
    fs::create_symlink(ModulesDirectory(), folder + "/modules");
    return folder;
  }());
  EXPECT_EQ(result.out, Library());
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ModuleProgram, NeitherTheEnvironmentNorTheDirectoryLeadsToAnotherLibrary) {
  const std::string decoys = Folder("decoys");
  Decoy(decoys);
  const auto result = Run(ModulesDirectory(), "signet", {"cd=" + decoys, "sign", "library"},
                          {{"LD_LIBRARY_PATH", decoys}}, decoys);
  EXPECT_EQ(result.out, Library());
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ModuleProgram, ChildrenOfAPreforkServerEachUseItFirst) {
  const auto result = Run(ModulesDirectory(), "signet", {"library", "fork=4", "sign", "library"});
  EXPECT_EQ(result.out, Library() + Library() + Library() + Library());
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ModuleProgram, ThreadsThatUseItFirstAtOnceAllWork) {
  for (int i = 0; i < 20; ++i) {
    const auto result = Run(ModulesDirectory(), "signet", {"threads=8", "library"});
    EXPECT_EQ(result.out, Library());
    ASSERT_EQ(result.exit_status, 0) << result.err;
  }
}

TEST_F(ModuleProgram, LibraryThatIsMissingIsAnErrorThatNamesThePathAndTheSetting) {
  if (fs::exists(std::string(SIGNET_LIBRARY_DIRECTORY) + "/" + SIGNET_LIBRARY_NAME))
    GTEST_SKIP() << "it is installed on this machine";
  const std::string folder = Folder("lonely/modules");
  fs::copy_file(ModuleFile(), folder + "/signet.so");
  const auto result = Run(folder, "signet", {"sign"}, {{"LD_LIBRARY_PATH", Folder("none")}});
  EXPECT_EQ(result.exit_status, 1);
  const std::string place = fs::canonical(directory_.path()).string() + "/lonely/";
  EXPECT_THAT(result.err, HasSubstr(place + "modules/" + SIGNET_LIBRARY_NAME + ": cannot open"));
  EXPECT_THAT(result.err, HasSubstr(place + SIGNET_LIBRARY_NAME + ": cannot open"));
  EXPECT_THAT(result.err, HasSubstr("No such file or directory"));
  EXPECT_THAT(result.err, HasSubstr("load = activation"));
  // Who needs no key of ours does not notice.
  EXPECT_EQ(Run(folder, "signet", {"library"}, {{"SIGNET_LOAD", "activation"}}).exit_status, 0);
}

TEST_F(ModuleProgram, FirstUseInAChrootIsAnErrorThatNamesTheSetting) {
  const std::string root = Folder("root");
  const auto result = Run(ModulesDirectory(), "signet", {"chroot=" + root, "sign"});
  if (result.exit_status == 4) GTEST_SKIP() << "this system lets nobody but root change the root directory";
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("No such file or directory"));
  EXPECT_THAT(result.err, HasSubstr("load = activation"));
  // With the setting the library is there, and what is missing is the file.
  const auto loaded =
      Run(ModulesDirectory(), "signet", {"chroot=" + root, "sign"}, {{"SIGNET_LOAD", "activation"}});
  EXPECT_EQ(loaded.exit_status, 1);
  EXPECT_THAT(loaded.err, HasSubstr("alice.p12"));
  EXPECT_THAT(loaded.err, Not(HasSubstr("load = activation")));
}

TEST_F(ModuleProgram, LibraryOfAnotherBuildIsAnError) {
  const std::string folder = Folder("mixed/modules");
  fs::copy_file(ModuleFile(), folder + "/signet.so");
  Decoy(Folder("mixed"));
  const auto result = Run(folder, "signet", {"sign"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("is of another build"));
}

// Who has the provider active, but no key of it.
class NoKeyOfOurs : public ModuleProgram {
 protected:
  NoKeyOfOurs() {
    const TestPki pki;
    const auto identity = pki.Issue({.key = "ec:P-256"});
    directory_.Write("client.pem", identity.ChainPem());
    directory_.Write("client.key", identity.PrivateKeyPem());
    const auto server = pki.Issue(testing::CertificateOptions::Server());
    directory_.Write("server.pem", server.ChainPem() + server.PrivateKeyPem());
    directory_.Write("ca.pem", identity.RootPem());
    directory_.Write("file", "text");
    directory_.Write(
        "openssl.cnf",
        "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = theirs\nsignet = ours\n"
        "[theirs]\nactivate = 1\n[ours]\nmodule = " +
            ModuleFile() + "\nactivate = 1\n[req]\ndistinguished_name = name\n[name]\n");
  }
  // Opened runs a command and says which of our libraries the dynamic linker opened.
  std::string Opened(std::vector<std::string> argv) const {
    Environment environment = ForeignEnvironment();
    environment["OPENSSL_CONF"] = directory_.path() + "/openssl.cnf";
    environment["LD_DEBUG"] = "files";
    environment["LD_DEBUG_OUTPUT"] = directory_.path() + "/linker";
    const ProcessResult result = testing::RunProgram(
        {.argv = argv, .environment = environment, .input = "Q\n", .directory = directory_.path()});
    EXPECT_EQ(result.exit_status, 0) << argv[0] << " " << argv.at(1) << ": " << result.err;
    std::string opened;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      if (!entry.path().filename().string().starts_with("linker.")) continue;
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.find("/signet.so") != std::string::npos && opened.find("signet.so ") == std::string::npos)
        opened += "signet.so ";
      if (text.find("libsignet.so") != std::string::npos) opened += "libsignet.so ";
      file.close();
      fs::remove(entry.path());
    }
    return opened;
  }
};

TEST_F(NoKeyOfOurs, CommandsOfOpenSslDoNotOpenTheLibrary) {
  using Line = std::vector<std::string>;
  for (const Line& line : std::vector<Line>{
           {"openssl", "dgst", "-sha256", "file"},
           {"openssl", "x509", "-in", "client.pem", "-noout", "-text", "-pubkey"},
           {"openssl", "verify", "-CAfile", "ca.pem", "client.pem"},
           {"openssl", "pkey", "-in", "client.key", "-text"},
           {"openssl", "pkey", "-in", "client.key", "-outform", "DER", "-out", "client.der"},
           {"openssl", "pkey", "-in", "client.der", "-inform", "DER", "-pubout"},
           {"openssl", "pkey", "-in", "client.der", "-pubout"},
           {"openssl", "pkey", "-in", "client.key", "-aes256", "-passout", "pass:secret", "-out",
            "locked.key"},
           {"openssl", "pkey", "-in", "locked.key", "-passin", "pass:secret"},
           {"openssl", "dgst", "-sha256", "-sign", "client.key", "-out", "file.sig", "file"},
           {"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "group:P-256", "-out", "new.key"},
           {"openssl", "req", "-new", "-key", "client.key", "-subj", "/CN=alice", "-out", "alice.csr"},
           {"openssl", "storeutl", "-noout", "client.key"},
           {"openssl", "list", "-providers", "-verbose"},
           {"openssl", "list", "-store-loaders"},
           {"openssl", "ciphers"}}) {
    EXPECT_EQ(Opened(line), "signet.so ") << line.at(1);
  }
  EXPECT_EQ(Opened({"openssl", "pkey", "-in", pem_, "-pubout"}), "signet.so libsignet.so ")
      << "a key of ours";
}

TEST_F(NoKeyOfOurs, TlsClientsDoNotOpenTheLibrary) {
  const auto port = std::to_string(testing::FreePort());
  testing::BackgroundProcess server({.argv = {"openssl", "s_server", "-accept", port, "-cert", "server.pem",
                                              "-www", "-CAfile", "ca.pem", "-Verify", "1"},
                                     .unset = {"OPENSSL_CONF"},
                                     .directory = directory_.path()});
  ASSERT_TRUE(server.WaitForPort(static_cast<std::uint16_t>(std::stoi(port)))) << server.output();
  EXPECT_EQ(Opened({"openssl", "s_client", "-connect", "localhost:" + port, "-CAfile", "ca.pem", "-cert",
                    "client.pem", "-key", "client.key", "-verify_return_error"}),
            "signet.so ");
  EXPECT_EQ(Opened({"/usr/bin/python3", "-c",
                    "import socket, ssl\n"
                    "context = ssl.create_default_context(cafile='ca.pem')\n"
                    "context.load_cert_chain('client.pem', 'client.key')\n"
                    "with socket.create_connection(('localhost', " +
                        port + ")) as s: context.wrap_socket(s, server_hostname='localhost').close()\n"}),
            "signet.so ");
  const std::string curl_uses = testing::RunProgram({.argv = {"curl", "--version"}}).out;
  if (curl_uses.find("OpenSSL/3") == std::string::npos) return;
  EXPECT_EQ(Opened({"curl", "-sS", "--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key", "-o",
                    "page", "https://localhost:" + port + "/"}),
            "signet.so ");
}

TEST_F(NoKeyOfOurs, ListedBeforeDefaultTlsGroupsComeWithoutTheLibrary) {
  directory_.Write("openssl.cnf",
                   "openssl_conf = init\n[init]\nproviders = list\n[list]\nsignet = ours\ndefault = theirs\n"
                   "[theirs]\nactivate = 1\n[ours]\nmodule = " +
                       ModuleFile() + "\nactivate = 1\n");
  EXPECT_EQ(Opened({"openssl", "ciphers", "-s"}), "signet.so ");
  EXPECT_EQ(Opened({"openssl", "dgst", "-sha256", "file"}), "signet.so ");
}

}  // namespace
}  // namespace signet
