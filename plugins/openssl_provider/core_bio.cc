#include "openssl_provider/core_bio.h"

#include "openssl_provider/pem_lines.h"
#include <signet/error.h>

#include <algorithm>

#include <openssl/crypto.h>

namespace signet::provider {
namespace {

constexpr std::size_t kLongestText = 16384;  // bytes of PEM: longer URIs are invalid

}  // namespace

CoreBio::CoreBio(const OSSL_DISPATCH* upcalls) noexcept {
  for (; upcalls->function_id != 0; ++upcalls) {
    switch (upcalls->function_id) {
      case OSSL_FUNC_BIO_GETS:
        gets_ = OSSL_FUNC_BIO_gets(upcalls);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        read_ex_ = OSSL_FUNC_BIO_read_ex(upcalls);
        break;
      case OSSL_FUNC_BIO_WRITE_EX:
        write_ex_ = OSSL_FUNC_BIO_write_ex(upcalls);
        break;
      default:
        break;
    }
  }
}

std::optional<CoreBio::PemBlock> CoreBio::NextPemBlock(OSSL_CORE_BIO* from,
                                                       bool (*wanted)(std::string_view label)) const {
  if (gets_ == nullptr) return std::nullopt;
  PemBlock block;
  Secret text;
  std::size_t size = 0;
  bool keep = false;
  char line[256];
  for (int got = 0; (got = gets_(from, line, sizeof line)) > 0;) {
    const std::string_view piece(line, static_cast<std::size_t>(got));
    if (block.label.empty()) {
      block.label = PemLabelOf(piece);
      keep = wanted(block.label);
      if (keep) text = Secret::OfSize(kLongestText);
    }
    if (block.label.empty()) continue;
    keep = keep && size + piece.size() <= text.size();
    if (keep) {
      std::ranges::copy(piece, text.writable().begin() + static_cast<std::ptrdiff_t>(size));
      size += piece.size();
    }
    if (!EndsPemBlock(piece)) continue;
    OPENSSL_cleanse(line, sizeof line);
    text.Shrink(keep ? size : 0);
    block.text = std::move(text);
    return block;
  }
  OPENSSL_cleanse(line, sizeof line);
  return std::nullopt;
}

std::optional<Secret> CoreBio::ReadAll(OSSL_CORE_BIO* from, std::size_t limit) const {
  if (read_ex_ == nullptr) return std::nullopt;
  Secret all = Secret::OfSize(limit + 1);
  std::size_t size = 0;
  for (std::size_t got = 0; size <= limit; size += got) {
    if (read_ex_(from, all.writable().data() + size, limit + 1 - size, &got) != 1 || got == 0) break;
  }
  if (size > limit) return std::nullopt;
  all.Shrink(size);
  return all;
}

void CoreBio::Write(OSSL_CORE_BIO* to, std::string_view text) const {
  while (!text.empty()) {
    std::size_t written = 0;
    if (write_ex_ == nullptr || write_ex_(to, text.data(), text.size(), &written) != 1 || written == 0) {
      throw Error(
          {.code = ErrorCode::kUnreadable, .detail = "cannot write the output", .call = "BIO_write_ex"});
    }
    text.remove_prefix(written);
  }
}

}  // namespace signet::provider
