#include "identity/cut_chain.h"

#include <fmt/format.h>

namespace signet::inline identity {

Error ChainTooLong(const CertificateChain& chain) {
  return Error({.code = ErrorCode::kTooCostly,
                .detail = fmt::format("the chain of {} has more than {} certificates and was truncated at {}",
                                      chain.leaf().subject(), chain.certificates().size(),
                                      chain.certificates().back().subject()),
                .hint = "Keep only the certificates between the identity's certificate and the root."});
}

}  // namespace signet::inline identity
