#pragma once

#include <signet/certificate_chain.h>
#include <signet/error.h>

namespace signet::inline identity {

// ChainTooLong is reported with an identity whose chain was cut: a server that has the issuers may accept
// what is left.
Error ChainTooLong(const CertificateChain& chain);

}  // namespace signet::inline identity
