#include "pkcs12/corpus.h"

#include "base/percent_encoding.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace signet {
namespace {

std::vector<std::string> Columns(const std::string& line) {
  std::vector<std::string> columns(1);
  for (const char c : line) {
    if (c == '\t') {
      columns.emplace_back();
    } else if (c != '\r') {
      columns.back() += c;
    }
  }
  return columns;
}

}  // namespace

std::string CorpusRow::Uri(const std::filesystem::path& directory) const {
  std::string uri = "pkcs12:" + PercentEncode((directory / "files" / file).string(), "/");
  if (password == "<NULL>") return uri;
  return uri + "?pin-value=" + (password == "<EMPTY>" ? "" : PercentEncode(password));
}

std::optional<std::filesystem::path> CorpusDirectory() {
  if (const char* named = std::getenv("SIGNET_PKCS12_CORPUS")) return named;
  for (std::filesystem::path above = SIGNET_SOURCE_DIR; above.has_relative_path();
       above = above.parent_path()) {
    const std::filesystem::path candidate = above.parent_path() / "shared/corpus/pkcs12";
    if (std::filesystem::exists(candidate / "index.tsv")) return candidate;
  }
  return std::nullopt;
}

std::vector<CorpusRow> CorpusRows(const std::filesystem::path& directory) {
  std::ifstream index(directory / "index.tsv");
  std::vector<CorpusRow> rows;
  std::string line;
  std::getline(index, line);
  while (std::getline(index, line)) {
    std::vector<std::string> columns = Columns(line);
    columns.resize(10);
    rows.push_back({.file = columns[0],
                    .password = columns[1],
                    .expected = columns[2],
                    .key = columns[4],
                    .leaf = columns[5],
                    .keys = columns[6],
                    .certificates = columns[7],
                    .tags = columns[8],
                    .source = columns[9]});
  }
  return rows;
}

}  // namespace signet
