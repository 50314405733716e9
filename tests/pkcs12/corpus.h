#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace signet {

// CorpusRow is one line of the corpus's index.
struct CorpusRow {
  std::string file, password, expected, key, leaf, keys, certificates, tags, source;

  // uri names the file with its password as the index states it.
  std::string Uri(const std::filesystem::path& directory) const;
};

// CorpusDirectory finds PKCS#12 files that others made: $SIGNET_PKCS12_CORPUS, or shared/corpus/pkcs12 beside
// the source tree or above it. They have licences of their own and are no part of ours, so they may be
// absent.
std::optional<std::filesystem::path> CorpusDirectory();

// CorpusRows reads index.tsv; fails the test where it is not readable.
std::vector<CorpusRow> CorpusRows(const std::filesystem::path& directory);

}  // namespace signet
