#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signet::architecture {

// Phrase is an entry of words.txt: the words to avoid, in lower case, and what to write instead.
struct Phrase {
  std::vector<std::string> words;
  std::string instead;
};

// ReadPhrases parses lines of `phrase | replacement`; throws std::runtime_error for other lines. Empty lines
// and lines that begin with # are ignored.
std::vector<Phrase> ReadPhrases(std::string_view text);

// FindPhrases returns "path:line: phrase: write ..." for each phrase in `text`. A phrase matches without
// regard to case, across line breaks and comment markers, and inside of CamelCase names.
std::vector<std::string> FindPhrases(const std::string& path, std::string_view text,
                                     const std::vector<Phrase>& phrases);

}  // namespace signet::architecture
