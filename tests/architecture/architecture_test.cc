// The rules of docs/architecture.md that a reader of the source can check, checked.
#include "architecture/source_files.h"

#include <filesystem>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::architecture {
namespace {

using testing::IsEmpty;
using Folders = std::set<std::string>;

std::string Page() { return SourceFiles({"docs"}, {"architecture.md"}).at(0).text; }

std::vector<std::string> Words(const std::string& text) {
  static const std::regex word(R"(\w+)");
  std::vector<std::string> words;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
    words.push_back(it->str());
  return words;
}

// Arrows is the table of the architecture page: who may include whom, itself and the public headers apart. A
// folder that is not there may not exist.
const std::map<std::string, Folders>& Arrows() {
  static const std::map<std::string, Folders> arrows = [] {
    static const std::regex row(R"(\n\| (\w+) \| [^|\n]+ \|([\w, ]*)\|(?=\n))");
    const std::string page = Page();
    const size_t table = page.find("| may include |");
    const std::string rows = page.substr(table, page.find("\n\n", table) - table + 1);
    std::map<std::string, Folders> read;
    for (std::sregex_iterator it(rows.begin(), rows.end(), row), end; it != end; ++it) {
      const auto words = Words((*it)[2].str());
      read[(*it)[1].str()] = Folders(words.begin(), words.end());
    }
    return read;
  }();
  return arrows;
}

bool May(const std::string& from, const std::string& to) {
  const auto row = Arrows().find(from);
  return row != Arrows().end() && row->second.contains(to);
}

// Whose headers may be included where: a rule for each library that only some rooms may know.
struct LibraryRule {
  std::string headers;  // regular expression for the text in the brackets
  std::set<std::string> folders;
  std::set<std::string> public_headers;
};
const std::vector<LibraryRule> kLibraries = {
    {"botan/.*", {"botan"}, {"include/signet/botan_credentials.h"}},
    {"gnutls/(gnutls|abstract|x509)\\.h", {"gnutls"}, {"include/signet/gnutls.h"}},
    {"p11-kit/.*", {"pkcs11", "libp11", "testing"}, {}},
    {"libp11\\.h", {"libp11"}, {"include/signet/libp11_identity.h"}},
    {"openssl/ssl\\.h", {"base", "openssl_tls", "tool", "testing"}, {"include/signet/openssl_tls.h"}},
    {"openssl/(core|core_dispatch|provider)\\.h",
     {"openssl_provider", "openssl_tls", "base", "testing"},
     {"include/signet/openssl_key.h"}},
    {"CLI/.*", {"tool"}, {}},
    {"nlohmann/.*", {"tool", "testing"}, {}},
    {"(gtest|gmock|benchmark)/.*", {}, {}},
};

std::vector<SourceFile> Code() { return SourceFiles({"src", "plugins", "include"}, {".h", ".cc", ".c"}); }

// Violations collects the matches of `pattern` in the code of every file but those that `allowed` names.
std::vector<std::string> Violations(const std::string& pattern,
                                    const std::function<bool(const SourceFile&)>& allowed) {
  std::vector<std::string> found;
  for (const SourceFile& file : Code()) {
    if (allowed(file)) continue;
    for (auto& match : Matches(file, file.code, pattern)) found.push_back(std::move(match));
  }
  return found;
}

TEST(Architecture, ArrowsHaveNoCycle) {
  Folders done;
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& [folder, may] : Arrows()) {
      if (done.contains(folder)) continue;
      if (!std::includes(done.begin(), done.end(), may.begin(), may.end())) continue;
      moved = done.insert(folder).second;
    }
  }
  EXPECT_EQ(done.size(), Arrows().size());
}

TEST(Architecture, TableNamesEveryFolder) {
  Folders there;
  for (const SourceFile& file : Code()) {
    if (!file.folder.empty()) there.insert(file.folder);
  }
  Folders named;
  for (const auto& [folder, may] : Arrows()) named.insert(folder);
  EXPECT_THAT(there, testing::IsSubsetOf(named));
}

TEST(Architecture, DrawingFollowsTheTable) {
  static const std::regex arrow(R"(\n  (\w+) --> ([\w &]+))");
  const std::string page = Page();
  std::vector<std::string> wrong;
  Folders drawn;
  for (std::sregex_iterator it(page.begin(), page.end(), arrow), end; it != end; ++it) {
    for (const std::string& target : Words((*it)[2].str())) {
      drawn.insert({(*it)[1].str(), target});
      if (!May((*it)[1].str(), target)) wrong.push_back(it->str());
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_EQ(drawn.size(), Arrows().size());
}

TEST(Architecture, IncludesFollowTheArrows) {
  std::vector<std::string> wrong;
  size_t seen = 0;
  for (const SourceFile& file : Code()) {
    for (const Include& include : Includes(file)) {
      if (!include.quoted) continue;
      ++seen;
      const std::string target = include.target.substr(0, include.target.find('/'));
      const bool rooted = include.target.find('/') != std::string::npos;
      const bool fine = rooted && (target == file.folder || May(file.folder, target));
      if (!fine) wrong.push_back(file.path + " includes \"" + include.target + "\"");
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 0u);
}

// What a program's user reads speaks of the program. The engine of the command may name its options: the
// probes and what changes a token; and a text may name a whole command.
TEST(Architecture, LibraryNamesNoOptionsOfTheCommand) {
  static const std::regex engine("src/(tool|pkcs11/admin)/.*|plugins/\\w+/inspector/.*");
  static const std::regex command("`[a-z0-9_-]+ [^`]*`|tpm2_\\w+ --[a-z-]+");
  std::vector<std::string> wrong;
  for (const SourceFile& file : SourceFiles({"src", "plugins"}, {".cc"})) {
    if (std::regex_match(file.path, engine)) continue;
    const std::string text = std::regex_replace(file.text, command, "");
    for (const std::string& match : Matches(file, text, R"("[^"\n]*--[a-z][^"\n]*")")) wrong.push_back(match);
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Architecture, LinksFollowTheArrows) {
  static const std::regex folder(R"(signet_folder\((\w+?)(?:_kit|_plugin)?\s[^)]*LINKS([^)]*)\))");
  static const std::regex link(R"(\bsignet_(\w+))");
  std::vector<std::string> wrong;
  size_t seen = 0;
  for (const SourceFile& file : SourceFiles({"src"}, {"CMakeLists.txt"})) {
    std::smatch declared;
    if (!std::regex_search(file.text, declared, folder)) continue;
    const std::string name = declared[1].str();
    const std::string links = declared[2].str();
    for (std::sregex_iterator it(links.begin(), links.end(), link), end; it != end; ++it) {
      ++seen;
      if (!May(name, (*it)[1].str())) wrong.push_back(file.path + " links " + it->str());
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 0u);
}

// Only the command links the handshake viewer, so what is in a plugin's library cannot include it.
TEST(Architecture, OnlyInspectorsIncludeTheInspector) {
  static const std::regex inspecting("src/(inspector|tool)/.*|plugins/\\w+/inspector/.*");
  std::vector<std::string> wrong;
  size_t seen = 0;
  for (const SourceFile& file : Code()) {
    for (const Include& include : Includes(file)) {
      if (include.target.find("inspector/") == std::string::npos) continue;
      ++seen;
      if (!std::regex_match(file.path, inspecting))
        wrong.push_back(file.path + " includes " + include.target);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 0u);
}

TEST(Architecture, LibrariesAreKnownOnlyWhereTheyBelong) {
  std::vector<std::string> wrong;
  for (const SourceFile& file : Code()) {
    for (const Include& include : Includes(file)) {
      if (include.quoted) continue;  // "botan/..." is our plugin's
      for (const LibraryRule& rule : kLibraries) {
        if (!std::regex_match(include.target, std::regex(rule.headers))) continue;
        if (rule.folders.contains(file.folder) || rule.public_headers.contains(file.path)) continue;
        wrong.push_back(file.path + " includes <" + include.target + ">");
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

// Folders of the core have inline namespaces: their classes have names of their own for the linker, and no
// folder's code has to say which folder a name is from.
TEST(Architecture, EachFolderHasANamespace) {
  const std::map<std::string, std::string> others = {{"openssl_provider", "signet::provider"},
                                                     {"openssl_tls", "signet::openssl"}};
  const Folders without_inline = {"botan", "gnutls", "testing", "tool", "c_abi"};
  std::vector<std::string> wrong;
  size_t seen = 0;
  for (const SourceFile& file : SourceFiles({"src", "plugins"}, {".h"})) {
    static const std::regex opened(R"(\nnamespace (signet[\w: ]*) \{)");
    std::set<std::string> names;
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), opened), end; it != end; ++it) {
      names.insert((*it)[1].str());
    }
    if (names.empty()) continue;
    ++seen;
    const auto other = others.find(file.folder);
    const std::string expected = other != others.end()                  ? other->second
                                 : without_inline.contains(file.folder) ? "signet::" + file.folder
                                                                        : "signet::inline " + file.folder;
    const auto fits = [&](const std::string& name) { return name.starts_with(expected); };
    if (std::ranges::none_of(names, fits)) wrong.push_back(file.path + " has no namespace " + expected);
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 100u);
}

TEST(Architecture, PublicHeadersIncludeNothingPrivate) {
  std::vector<std::string> wrong;
  for (const SourceFile& file : SourceFiles({"include"}, {".h"})) {
    for (const Include& include : Includes(file)) {
      if (include.quoted) wrong.push_back(file.path + " includes \"" + include.target + "\"");
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Architecture, NothingIsFreedByHand) {
  const Folders deleters = {"src/base/openssl_ptr.h"};
  const auto allowed = [&](const SourceFile& file) { return deleters.contains(file.path); };
  EXPECT_THAT(Violations(R"(\b(sk_)?[A-Z][A-Za-z0-9_]*_free(_all)?\()", allowed), IsEmpty());
  const auto nowhere = [](const SourceFile&) { return false; };
  EXPECT_THAT(Violations(R"([^=\w]\s*\bdelete\b(\s*\[\s*\])?\s+[\w:(*])", nowhere), IsEmpty());
  // A class whose constructor is private may be made by new inside of the smart pointer that owns it.
  std::vector<std::string> made =
      Violations(R"((_ptr<[^;{}]*>\s*\w*\s*[({]\s*)?\bnew\s+[\w:]+\s*[({\[])", nowhere);
  std::erase_if(made, [](const std::string& match) { return match.find("_ptr<") != std::string::npos; });
  EXPECT_THAT(made, IsEmpty());
}

TEST(Architecture, Pkcs11NamesStayInTheirFolders) {
  const Folders rooms = {"pkcs11", "libp11", "testing"};
  EXPECT_THAT(Violations(R"(\bCK[A-Z]?_[A-Z][A-Z0-9_]*)",
                         [&](const SourceFile& file) { return rooms.contains(file.folder); }),
              IsEmpty());
}

// Only the command links its probe, which may use more.
TEST(Architecture, GnuTlsUsesOnlyTheCInterface) {
  static const std::regex own("gnutls/(?!inspector/).*"), interface("signet/(signet|gnutls)\\.h");
  std::vector<std::string> wrong;
  size_t seen = 0;
  for (const SourceFile& file : Code()) {
    if (file.folder != "gnutls" || file.path.starts_with("plugins/gnutls/inspector/")) continue;
    for (const Include& include : Includes(file)) {
      if (!include.quoted && !include.target.starts_with("signet/")) continue;
      ++seen;
      if (!std::regex_match(include.target, include.quoted ? own : interface))
        wrong.push_back(file.path + " includes " + include.target);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_GT(seen, 0u);
}

TEST(Architecture, ModulesAreLoadedInOnePlace) {
  EXPECT_THAT(
      Violations(R"(\bp11_kit_modules?_(load|initialize|finalize|release)\b)",
                 [](const SourceFile& file) { return file.path == "src/pkcs11/module/loaded_module.cc"; }),
      IsEmpty());
}

TEST(Architecture, BotanNamesStayInItsPlugin) {
  EXPECT_THAT(Violations(R"(\bBotan::\w+)",
                         [](const SourceFile& file) {
                           return file.folder == "botan" || file.path == "include/signet/botan_credentials.h";
                         }),
              IsEmpty());
}

TEST(Architecture, BotanVersionsDifferWhereTheyMay) {
  const Folders places = {"plugins/botan/inspector/channel.h", "plugins/botan/version.h"};
  EXPECT_THAT(Violations(R"(\b(BOTAN_VERSION_\w+|SIGNET_BOTAN_3|BOTAN_HAS_\w+))",
                         [&](const SourceFile& file) { return places.contains(file.path); }),
              IsEmpty());
}

TEST(Architecture, OnlyProgramsPrint) {
  EXPECT_THAT(Violations(R"(\bstd::(cout|cerr|clog)\b|\b(printf|puts|fmt::print(ln)?)\()",
                         [](const SourceFile& file) {
                           return file.folder == "tool" || file.path == "src/testing/provision.cc";
                         }),
              IsEmpty());
}

TEST(Architecture, NoFileNamesALocalPath) {
  std::vector<std::string> found;
  std::vector<std::string> tops;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.front() != '.' && !name.starts_with("build")) tops.push_back(name);
  }
  for (const SourceFile& file : SourceFiles(tops, {""})) {
    for (auto& match :
         Matches(file, file.text, R"((^|[\s"'=(:])/(home|Users|root|work|mnt|media)/[A-Za-z])")) {
      found.push_back(std::move(match));
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(Architecture, CommentsAndLiteralsAreNotCode) {
  EXPECT_EQ(CodeOf("a // X_free(\nb /* X_free(\n */ c \"X_free(\\\"\" 'x' 5'000 R\"y(X_free()y\" d"),
            "a \nb \n c \"\"  5'000  d");
}

// Two types of one name in one namespace are one to the linker, which keeps the functions of either: code
// that is right alone destroys the other's members.
TEST(Architecture, TypeOfAHeaderHasAUniqueName) {
  static const std::regex space(R"(\nnamespace ([\w: ]+) \{)");
  static const std::regex type(
      R"(\n(?:struct|class|enum class) (?:SIGNET_EXPORT )?(\w+)(?= final| :| \{)[^;]*?\{)");
  std::map<std::string, std::string> defined;
  for (const SourceFile& file : Code()) {
    if (!file.path.ends_with(".h")) continue;
    std::smatch named;
    if (!std::regex_search(file.code, named, space)) continue;
    for (std::sregex_iterator it(file.code.begin(), file.code.end(), type), end; it != end; ++it) {
      const std::string name = named[1].str() + "::" + (*it)[1].str();
      const auto [at, is_new] = defined.emplace(name, file.path);
      EXPECT_TRUE(is_new) << name << " is defined in " << at->second << " and in " << file.path;
    }
  }
  EXPECT_GT(defined.size(), 100u);
}

}  // namespace
}  // namespace signet::architecture
