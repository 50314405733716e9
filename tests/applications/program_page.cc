#include "applications/program_page.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace signet {

ProgramPage::ProgramPage(const std::string& name) : name_(name) {
  std::ifstream in(std::string(SIGNET_PROGRAM_PAGES) + "/" + name);
  if (!in) throw std::runtime_error("there is no page " + name);
  text_.assign(std::istreambuf_iterator<char>(in), {});
}

std::string ProgramPage::Block(std::string_view language, std::size_t n) const {
  const std::string fence = fmt::format("\n```{}\n", language);
  std::size_t begin = text_.find(fence);
  for (std::size_t i = 0; i < n && begin != std::string::npos; ++i) begin = text_.find(fence, begin + 1);
  if (begin == std::string::npos) {
    throw std::runtime_error(fmt::format("{} has no block {} of {}", name_, n, language));
  }
  begin += fence.size();
  return text_.substr(begin, text_.find("\n```", begin) + 1 - begin);
}

}  // namespace signet
