#include "inspector/certificate_compression.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "handshake/byte_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/opensslv.h>

// Only after bio.h does it declare the filters.
#include <openssl/comp.h>

#if OPENSSL_VERSION_PREREQ(3, 2) && !defined(OPENSSL_NO_COMP)
#define SIGNET_HAS_CERTIFICATE_COMPRESSION 1
#endif

namespace signet::inline inspector {
namespace {

struct AlgorithmRow {
  std::uint16_t algorithm;
  std::string_view name;
#ifdef SIGNET_HAS_CERTIFICATE_COMPRESSION
  const BIO_METHOD* (*method)();
#endif
};

#ifdef SIGNET_HAS_CERTIFICATE_COMPRESSION
constexpr AlgorithmRow kAlgorithms[] = {
    {1, "zlib", BIO_f_zlib}, {2, "brotli", BIO_f_brotli}, {3, "zstd", BIO_f_zstd}};
#else
constexpr AlgorithmRow kAlgorithms[] = {{1, "zlib"}, {2, "brotli"}, {3, "zstd"}};
#endif

const AlgorithmRow* Find(std::uint16_t algorithm) {
  const auto* row = std::ranges::find(kAlgorithms, algorithm, &AlgorithmRow::algorithm);
  return row != std::end(kAlgorithms) ? row : nullptr;
}

[[noreturn]] void ThrowUnsupported(std::uint16_t algorithm) {
  throw Error(
      {.code = ErrorCode::kUnsupported,
       .detail = fmt::format("the certificate is compressed with {}, which this OpenSSL does not support",
                             CompressionName(algorithm))});
}

}  // namespace

CompressedCertificate ParseCompressedCertificate(ByteView body) {
  ByteReader reader(body);
  CompressedCertificate message;
  message.algorithm = static_cast<std::uint16_t>(reader.Number(2));
  message.uncompressed_length = reader.Number(3);
  message.data = reader.Vector(3);
  return message;
}

std::string CompressionName(std::uint16_t algorithm) {
  const AlgorithmRow* row = Find(algorithm);
  return row != nullptr ? std::string(row->name) : fmt::format("{:#06x}", algorithm);
}

#ifdef SIGNET_HAS_CERTIFICATE_COMPRESSION

Bytes Uncompress(const CompressedCertificate& message) {
  const OpenSslErrorMark mark;
  const AlgorithmRow* row = Find(message.algorithm);
  const BIO_METHOD* method = row != nullptr ? row->method() : nullptr;
  OpenSslPtr<BIO> filter(method != nullptr ? BIO_new(method) : nullptr);
  if (filter == nullptr) ThrowUnsupported(message.algorithm);
  BIO_push(filter.get(),
           CheckOpenSsl(BIO_new_mem_buf(message.data.data(), static_cast<int>(message.data.size())),
                        "BIO_new_mem_buf"));
  Bytes body(message.uncompressed_length);
  std::size_t filled = 0;
  for (std::size_t got = 0; filled < body.size(); filled += got) {
    if (BIO_read_ex(filter.get(), body.data() + filled, body.size() - filled, &got) != 1) break;
  }
  if (filled != body.size()) {
    throw Error({.code = ErrorCode::kMalformed, .detail = "a compressed certificate cannot be decompressed"});
  }
  return body;
}

#else

Bytes Uncompress(const CompressedCertificate& message) { ThrowUnsupported(message.algorithm); }

#endif

}  // namespace signet::inline inspector
