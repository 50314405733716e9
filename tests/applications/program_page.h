#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signet {

// ProgramPage is a page of docs/programs: what a test runs is what its reader types.
class ProgramPage {
 public:
  // ProgramPage reads `name`, such as "curl.md"; throws std::runtime_error when there is no such page.
  explicit ProgramPage(const std::string& name);
  // Block gives the fenced block of this language, the n-th from 0; throws std::runtime_error where there is
  // none.
  std::string Block(std::string_view language, std::size_t n = 0) const;

 private:
  std::string name_;
  std::string text_;
};

}  // namespace signet
