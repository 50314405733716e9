#include "architecture/source_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace signet::architecture {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string FolderOf(const fs::path& relative) {
  auto part = relative.begin();
  if (*part != "src" && *part != "plugins") return {};
  return std::next(part) == std::prev(relative.end()) ? std::string{} : std::next(part)->string();
}

// Skip returns the position behind the comment or literal that begins at `at`, or `at` where none does.
size_t Skip(std::string_view text, size_t at) {
  const auto behind = [&](std::string_view end, size_t from) {
    const size_t found = text.find(end, from);
    return found == text.npos ? text.size() : found + end.size();
  };
  if (text.substr(at, 2) == "//") return behind("\n", at) - 1;
  if (text.substr(at, 2) == "/*") return behind("*/", at + 2);
  if (text.substr(at, 2) == "R\"") {
    const size_t open = text.find('(', at);
    return behind(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
  }
  const bool separator = at > 0 && std::isdigit(static_cast<unsigned char>(text[at - 1])) != 0;  // 5'000'000
  if (text[at] == '"' || (text[at] == '\'' && !separator)) {
    size_t end = at + 1;
    while (end < text.size() && text[end] != text[at]) end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
  }
  return at;
}

}  // namespace

std::string CodeOf(std::string_view text) {
  std::string code;
  for (size_t at = 0; at < text.size();) {
    const size_t behind = Skip(text, at);
    if (behind == at) {
      code += text[at++];
      continue;
    }
    // Lines keep their numbers.
    const auto skipped = text.substr(at, behind - at);
    code.append(skipped.front() == '"' ? "\"\"" : "");
    code.append(static_cast<size_t>(std::count(skipped.begin(), skipped.end(), '\n')), '\n');
    at = behind;
  }
  return code;
}

std::vector<SourceFile> SourceFiles(const std::vector<std::string>& tops,
                                    const std::vector<std::string>& endings) {
  const fs::path root = SIGNET_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const std::string& top : tops) {
    const size_t before = files.size();
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string name = entry.path().filename().string();
      const bool wanted =
          std::any_of(endings.begin(), endings.end(), [&](const auto& e) { return name.ends_with(e); });
      if (!entry.is_regular_file() || !wanted) continue;
      const fs::path relative = fs::relative(entry.path(), root);
      std::string text = Read(entry.path());
      std::string code = CodeOf(text);
      files.push_back({relative.string(), FolderOf(relative), std::move(text), std::move(code)});
    }
    if (files.size() == before) throw std::runtime_error("no source file under " + top);
  }
  return files;
}

std::vector<Include> Includes(const SourceFile& file) {
  static const std::regex pattern(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">])re");
  std::vector<Include> includes;
  for (std::sregex_iterator it(file.text.begin(), file.text.end(), pattern), end; it != end; ++it) {
    includes.push_back({(*it)[2].str(), (*it)[1].str() == "\""});
  }
  return includes;
}

std::vector<std::string> Matches(const SourceFile& file, const std::string& text,
                                 const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    const auto line = 1 + std::count(text.begin(), text.begin() + it->position(), '\n');
    found.push_back(file.path + ":" + std::to_string(line) + ": " + it->str());
  }
  return found;
}

}  // namespace signet::architecture
