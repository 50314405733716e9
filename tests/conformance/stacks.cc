#include "conformance/stacks.h"

#include "openssl_tls/inspector/probe.h"
#ifdef SIGNET_HAS_BOTAN
#include "botan/inspector/probe.h"

#include <botan/version.h>
#endif
#ifdef SIGNET_HAS_GNUTLS
#include "gnutls/inspector/probe.h"
#endif

namespace signet::conformance {
namespace {

constexpr std::uint16_t kTls12 = 0x0303;
constexpr std::uint16_t kTls13 = 0x0304;

}  // namespace

const std::vector<StackCase>& Stacks() {
  static const std::vector<StackCase> stacks {
    {"OpenSslTls12", kTls12, openssl::MakeProbe, {}}, {"OpenSslTls13", kTls13, openssl::MakeProbe, {}},
#ifdef SIGNET_HAS_BOTAN
        // Its TLS knows neither Edwards keys nor id-RSASSA-PSS certificates.
        {"BotanTls12", kTls12, botan::MakeProbe, {"rsa-pss:2048", "ed25519", "ed448"}},
#if BOTAN_VERSION_MAJOR >= 3
        {"BotanTls13", kTls13, botan::MakeProbe, {"rsa-pss:2048", "ed25519", "ed448"}},
#endif
#endif
#ifdef SIGNET_HAS_GNUTLS
        {"GnuTlsTls12", kTls12, gnutls::MakeProbe, {}, {"rsa", "ec"}},
        {"GnuTlsTls13", kTls13, gnutls::MakeProbe, {}, {"rsa", "ec"}},
#endif
  };
  return stacks;
}

}  // namespace signet::conformance
