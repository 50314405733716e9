#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signet::architecture {

struct SourceFile {
  std::string path;  // from the top of the checkout: src/base/error.cc
  std::string
      folder;        // the folder that is one target: base, openssl_provider; empty outside src/ and plugins/
  std::string text;  // as it is
  std::string code;  // without comments, and with every string literal emptied
};

// SourceFiles are the files under `top` (src, plugins, include, ...) whose name ends in one of `endings`;
// throws std::runtime_error if there is none, so that no check ignores nothing.
std::vector<SourceFile> SourceFiles(const std::vector<std::string>& tops,
                                    const std::vector<std::string>& endings);

struct Include {
  std::string target;  // what stands between the quotes or brackets
  bool quoted;
};

std::vector<Include> Includes(const SourceFile& file);

// CodeOf is C++ text without its comments and with the inside of every string and character literal left out.
std::string CodeOf(std::string_view text);

// Matches are the places, "path:line: what", where the regular expression `pattern` is found in `text`, which
// is the text or the code of `file`.
std::vector<std::string> Matches(const SourceFile& file, const std::string& text, const std::string& pattern);

}  // namespace signet::architecture
