#include "openssl_provider/module/coders.h"

#include "openssl_provider/pem_lines.h"

#include <cstring>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

namespace signet::provider::module {
namespace {

// Peek is a look at data that is then read from where it began.
class Peek {
 public:
  Peek(const Upcalls& upcalls, OSSL_CORE_BIO* in) noexcept
      : upcalls_(upcalls),
        in_(in),
        start_(upcalls.bio_ctrl != nullptr ? upcalls.bio_ctrl(in, BIO_C_FILE_TELL, 0, nullptr) : -1) {}

  bool possible() const noexcept { return start_ >= 0; }
  void GoBack() const noexcept { upcalls_.bio_ctrl(in_, BIO_C_FILE_SEEK, start_, nullptr); }

 private:
  const Upcalls& upcalls_;
  OSSL_CORE_BIO* const in_;
  const long start_;
};

}  // namespace

// A block with another label is read to its end, as the provider does: the next decoder continues after it.
bool ConcernsPem(const Context& context, OSSL_CORE_BIO* in) noexcept {
  const Upcalls& upcalls = context.upcalls();
  const Peek peek(upcalls, in);
  if (!peek.possible() || upcalls.bio_gets == nullptr) return true;
  bool ours = false;
  bool in_block = false;
  char line[256];
  for (int got = 0; !ours && (got = upcalls.bio_gets(in, line, sizeof line)) > 0;) {
    const std::string_view piece(line, static_cast<std::size_t>(got));
    if (!in_block) {
      const std::string_view label = PemLabelOf(piece);
      in_block = !label.empty();
      ours = IsUriLabel(label);
    }
    if (in_block && EndsPemBlock(piece)) break;
  }
  OPENSSL_cleanse(line, sizeof line);
  if (ours) peek.GoBack();
  return ours;
}

// The first member of the SEQUENCE follows at most 6 bytes: tag and length, tag and length.
bool ConcernsUri(const Context& context, OSSL_CORE_BIO* in) noexcept {
  const Upcalls& upcalls = context.upcalls();
  const Peek peek(upcalls, in);
  if (!peek.possible() || upcalls.bio_read_ex == nullptr) return true;
  char start[64];
  std::size_t size = 0;
  for (std::size_t got = 0; size < sizeof start; size += got) {
    if (upcalls.bio_read_ex(in, start + size, sizeof start - size, &got) != 1 || got == 0) break;
  }
  const bool ours = std::string_view(start, size).find(kUriVersion) != std::string_view::npos;
  OPENSSL_cleanse(start, sizeof start);
  peek.GoBack();
  return ours;
}

bool Encoder::SetParams(const OSSL_PARAM params[]) noexcept {
  const OSSL_PARAM* const param = OSSL_PARAM_locate_const(params, OSSL_ENCODER_PARAM_CIPHER);
  const char* name = nullptr;
  if (param == nullptr || OSSL_PARAM_get_utf8_string_ptr(param, &name) != 1) return true;
  cipher.reset(strdup(name != nullptr ? name : ""));
  return cipher != nullptr;
}

bool Encoder::HandOver(OSSL_FUNC_encoder_set_ctx_params_fn* set, void* theirs) const noexcept {
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_ENCODER_PARAM_CIPHER, cipher.get(), 0),
                               OSSL_PARAM_construct_end()};
  return set(theirs, params) == 1;
}

}  // namespace signet::provider::module
