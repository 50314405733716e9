#include "architecture/words.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>

namespace signet::architecture {
namespace {

struct Word {
  std::string text;  // in lower case
  size_t line;
  bool follows;  // only spaces and markers separate it from the word before
};

bool IsLetter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '\''; }

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool IsMarker(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '/' || c == '#' || c == '*';
}

// StartsInName tells whether a new word of a CamelCase name starts at `at`.
bool StartsInName(std::string_view text, size_t at) {
  return std::isupper(static_cast<unsigned char>(text[at])) != 0 &&
         std::isupper(static_cast<unsigned char>(text[at - 1])) == 0;
}

std::vector<Word> WordsOf(std::string_view text) {
  std::vector<Word> words;
  size_t line = 1;
  bool follows = false;
  for (size_t at = 0; at < text.size();) {
    if (!IsLetter(text[at])) {
      if (text[at] == '\n') ++line;
      follows = follows && IsMarker(text[at]);
      ++at;
      continue;
    }
    Word word{.text = {}, .line = line, .follows = follows};
    do {
      word.text += Lower(text[at++]);
    } while (at < text.size() && IsLetter(text[at]) && !StartsInName(text, at));
    words.push_back(std::move(word));
    follows = true;
  }
  return words;
}

bool MatchesAt(const std::vector<Word>& words, size_t at, const Phrase& phrase) {
  if (at + phrase.words.size() > words.size()) return false;
  for (size_t i = 0; i < phrase.words.size(); ++i) {
    const Word& word = words[at + i];
    if (word.text != phrase.words[i] || (i > 0 && !word.follows)) return false;
  }
  return true;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::vector<Phrase> ReadPhrases(std::string_view text) {
  std::vector<Phrase> phrases;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t bar = line.find(" | ");
    if (bar == std::string::npos) throw std::runtime_error("not `phrase | replacement`: " + line);
    Phrase phrase{.words = {}, .instead = line.substr(bar + 3)};
    for (const Word& word : WordsOf(line.substr(0, bar))) phrase.words.push_back(word.text);
    if (phrase.words.empty()) throw std::runtime_error("no phrase: " + line);
    phrases.push_back(std::move(phrase));
  }
  return phrases;
}

std::vector<std::string> FindPhrases(const std::string& path, std::string_view text,
                                     const std::vector<Phrase>& phrases) {
  std::vector<std::string> found;
  const std::vector<Word> words = WordsOf(text);
  for (size_t at = 0; at < words.size(); ++at) {
    for (const Phrase& phrase : phrases) {
      if (!MatchesAt(words, at, phrase)) continue;
      found.push_back(path + ":" + std::to_string(words[at].line) + ": \"" + Joined(phrase.words) +
                      "\": write " + phrase.instead);
    }
  }
  return found;
}

}  // namespace signet::architecture
