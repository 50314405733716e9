#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace signet {

// CorpusRow is one line of a collection's index.
struct CorpusRow {
  std::filesystem::path directory;  // of the collection
  std::string file, password, expected, needs, key, leaf, keys, certificates, tags, source;

  // Uri names the file with its password as the index states it.
  std::string Uri() const;
  // FileUri is the same without the password.
  std::string FileUri() const;
  // Has tells whether the row carries a tag.
  bool Has(const std::string& tag) const;
};

// CorpusRows reads every collection of PKCS#12 files that others made: the directories that
// $SIGNET_PKCS12_CORPUS lists (separated by colons), or shared/corpus/pkcs12 and shared/corpus/pkcs12-more
// beside the source tree or above it. The files have their own licences and are not part of this repository,
// so they may be absent: no rows then.
std::vector<CorpusRow> CorpusRows();

}  // namespace signet
