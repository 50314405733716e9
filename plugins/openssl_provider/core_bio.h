#pragma once

#include <signet/secret.h>

#include <optional>
#include <string>
#include <string_view>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace signet::provider {

// CoreBio reads and writes the BIOs that libcrypto lends to decoders and encoders, through its own upcalls.
class CoreBio {
 public:
  // PemBlock is one block of a PEM file: its label, and, where the label was wanted, its text from BEGIN to
  // END.
  struct PemBlock {
    std::string label;
    Secret text;
  };

  explicit CoreBio(const OSSL_DISPATCH* upcalls) noexcept;

  // NextPemBlock reads up to the end of the next block and no further; nothing if there is none. The text
  // is kept if `wanted` accepts the label; a block above the maximum length has no text.
  std::optional<PemBlock> NextPemBlock(OSSL_CORE_BIO* from, bool (*wanted)(std::string_view label)) const;

  // ReadAll reads to the end; nothing if there is more than `limit` bytes.
  std::optional<Secret> ReadAll(OSSL_CORE_BIO* from, std::size_t limit) const;

  // Write throws Error kUnreadable if the BIO does not take all.
  void Write(OSSL_CORE_BIO* to, std::string_view text) const;

 private:
  OSSL_FUNC_BIO_gets_fn* gets_ = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* read_ex_ = nullptr;
  OSSL_FUNC_BIO_write_ex_fn* write_ex_ = nullptr;
};

}  // namespace signet::provider
