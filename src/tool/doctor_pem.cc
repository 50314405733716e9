// PEM files that point to a key elsewhere.
#include "base/file.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "diagnosis/explanation.h"
#include "openssl_provider/pem_uri.h"
#include "tool/doctor_checks.h"
#include "tool/output.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace signet::tool {
namespace {

constexpr std::uint64_t kLargestFile = 1 << 20;

struct PemBlock {
  std::string label;
  std::vector<std::uint8_t> der;
};

std::vector<PemBlock> ReadBlocks(const std::vector<std::uint8_t>& bytes) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<BIO> bio(
      CheckOpenSsl(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), "BIO_new_mem_buf"));
  std::vector<PemBlock> blocks;
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(bio.get(), &label, &header, &data, &size) == 1) {
    const OpenSslPtr<char> owned_label(label);
    const OpenSslPtr<char> owned_header(header);
    const OpenSslPtr<unsigned char> owned_data(data);
    blocks.push_back({label, {data, data + size}});
  }
  return blocks;
}

Finding Follow(const IdentitySource& source, const std::string& what, std::string_view uri) {
  const std::string shown = WithoutPin(uri);
  try {
    const Listing listing = source.List(uri);
    if (!listing.identities.empty()) {
      return {Verdict::kOk, what,
              fmt::format("points to {}, which exists", listing.identities.front().uri())};
    }
    for (const Problem& problem : listing.problems) {
      // Programs bring the certificate in a file of its own.
      if (problem.error.code() == ErrorCode::kKeyOnly) {
        return {Verdict::kOk, what, fmt::format("points to the key {}, which exists", shown)};
      }
    }
    if (!listing.problems.empty()) {
      const Explanation why = Explain(listing.problems.front().error);
      return {Verdict::kBad, what, fmt::format("points to {}: {}", shown, why.cause), why.hint};
    }
  } catch (const Error& error) {
    const Explanation why = Explain(error);
    return {Verdict::kBad, what, fmt::format("points to {}: {}", shown, why.cause), why.hint};
  }
  return {Verdict::kBad, what, fmt::format("points to {}, which does not exist", shown),
          "Insert the token, or write the file again with `signet pem URI`; if the token hides its objects "
          "before login, use --pin-source."};
}

Finding CheckBlock(const IdentitySource& source, const std::string& what, const PemBlock& block) {
  const auto uri = provider::UriInDer(block.der);
  if (uri) return Follow(source, what, uri->view());
  return {Verdict::kBad, what, fmt::format("the block {} is damaged", block.label),
          "Write the file again with `signet pem URI`."};
}

}  // namespace

bool HoldsPemPointer(const std::string& path) {
  try {
    return std::ranges::any_of(ReadBlocks(ReadFile(path, kLargestFile)),
                               [](const PemBlock& block) { return provider::IsUriLabel(block.label); });
  } catch (const Error&) {
    return false;  // the next reader reports why
  }
}

Findings CheckPemFile(const IdentitySource& source, const std::string& path) {
  const std::string what = fmt::format("PEM file {}", path);
  Findings findings;
  std::vector<PemBlock> blocks;
  try {
    blocks = ReadBlocks(ReadFile(path, kLargestFile));
  } catch (const Error& error) {
    const Explanation why = Explain(error);
    return {{Verdict::kBad, what, why.cause, why.hint}};
  }
  for (const PemBlock& block : blocks) {
    if (provider::IsUriLabel(block.label)) findings.push_back(CheckBlock(source, what, block));
  }
  if (!findings.empty()) return findings;
  if (blocks.empty())
    return {{Verdict::kBad, what, "it contains no PEM block", "Write it with `signet pem URI`."}};
  return {{Verdict::kNote, what,
           fmt::format("it does not point to a key: it contains {}", blocks.front().label), ""}};
}

}  // namespace signet::tool
