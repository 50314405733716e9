#include "identity/certificate_usage.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/identity.h>

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace signet {
namespace {

std::string Date(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace

Identity Identity::Proven(CertificateChain chain, std::shared_ptr<PrivateKey> key, Source source,
                          std::string uri) {
  const auto certified = chain.leaf().subject_public_key_info();
  const auto held = key->subject_public_key_info();
  if (!std::ranges::equal(certified, held) && PublicKey::FromSpki(certified) != PublicKey::FromSpki(held)) {
    throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                 .detail = fmt::format("the private key does not belong to the certificate of {}",
                                       chain.leaf().subject()),
                 .uri = std::move(uri),
                 .hint = "Use the certificate that was issued for this key."});
  }
  return Identity(
      std::make_shared<const State>(State{std::move(chain), std::move(key), source, std::move(uri)}));
}

Identity Identity::WithChain(CertificateChain chain) const {
  // The proof is about the leaf. A token's key may have changed since: that is Unavailable's to tell.
  if (chain.leaf() == leaf()) {
    return Identity(
        std::make_shared<const State>(State{std::move(chain), state_->key, state_->source, state_->uri}));
  }
  return Proven(std::move(chain), state_->key, state_->source, state_->uri);
}

ClientAuthFitness Identity::FitForClientAuth(TimePoint now) const {
  ClientAuthFitness fitness;
  if (now < leaf().not_before()) {
    fitness.reasons.push_back(
        fmt::format("the certificate is not valid before {}", Date(leaf().not_before())));
  }
  if (now > leaf().not_after()) {
    fitness.reasons.push_back(fmt::format("the certificate expired on {}", Date(leaf().not_after())));
  }
  for (const UsageFault fault : UsageFaults(leaf(), Purpose::kClientAuth)) {
    fitness.reasons.push_back(Text(fault, Purpose::kClientAuth));
  }
  if (const auto weakness = WeaknessOf(leaf())) fitness.reasons.push_back(weakness->text);
  if (key()->schemes().empty()) {
    fitness.reasons.push_back(
        fmt::format("TLS has no signature scheme for its key, {}", Description(*key())));
  }
  fitness.fit = fitness.reasons.empty();
  return fitness;
}

std::string_view Name(Identity::Source source) noexcept {
  static constexpr std::string_view kNames[] = {"pkcs11", "pkcs12", "application"};
  return kNames[static_cast<std::size_t>(source)];
}

}  // namespace signet
