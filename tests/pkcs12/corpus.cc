#include "pkcs12/corpus.h"

#include "base/percent_encoding.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace signet {
namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else if (c != '\r') {
      parts.back() += c;
    }
  }
  return parts;
}

std::vector<std::filesystem::path> Collections() {
  std::vector<std::filesystem::path> found;
  if (const char* named = std::getenv("SIGNET_PKCS12_CORPUS")) {
    for (const std::string& directory : Split(named, ':')) found.emplace_back(directory);
    return found;
  }
  for (std::filesystem::path above = SIGNET_SOURCE_DIR; above.has_relative_path() && found.empty();
       above = above.parent_path()) {
    for (const char* name : {"pkcs12", "pkcs12-more"}) {
      const std::filesystem::path candidate = above.parent_path() / "shared/corpus" / name;
      if (std::filesystem::exists(candidate / "index.tsv")) found.push_back(candidate);
    }
  }
  return found;
}

}  // namespace

std::string CorpusRow::FileUri() const {
  return "pkcs12:" + PercentEncode((directory / "files" / file).string(), "/");
}

std::string CorpusRow::Uri() const {
  if (password == "<NULL>") return FileUri();
  return FileUri() + "?pin-value=" + (password == "<EMPTY>" ? "" : PercentEncode(password));
}

bool CorpusRow::Has(const std::string& tag) const { return std::ranges::count(Split(tags, ' '), tag) > 0; }

std::vector<CorpusRow> CorpusRows() {
  std::vector<CorpusRow> rows;
  for (const std::filesystem::path& directory : Collections()) {
    std::ifstream index(directory / "index.tsv");
    std::string line;
    std::getline(index, line);
    while (std::getline(index, line)) {
      std::vector<std::string> columns = Split(line, '\t');
      columns.resize(10);
      rows.push_back({directory, columns[0], columns[1], columns[2], columns[3], columns[4], columns[5],
                      columns[6], columns[7], columns[8], columns[9]});
    }
  }
  return rows;
}

}  // namespace signet
