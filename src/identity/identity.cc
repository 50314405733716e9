#include "identity/certificate_usage.h"
#include "identity/proving_key.h"
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

enum class Match { kYes, kNo, kUnknown };

// MatchOf compares the leaf's public key with the key's, of which type and curve alone may be known.
Match MatchOf(std::span<const std::uint8_t> certified, std::span<const std::uint8_t> held) {
  if (std::ranges::equal(certified, held)) return Match::kYes;
  const PublicKey leaf = PublicKey::FromSpki(certified);
  const PublicKey own = PublicKey::FromPartialSpki(held);
  if (own.known()) return own == leaf ? Match::kYes : Match::kNo;
  return own.type() == leaf.type() && own.curve() == leaf.curve() ? Match::kUnknown : Match::kNo;
}

}  // namespace

Identity Identity::Make(CertificateChain chain, std::shared_ptr<PrivateKey> key, Source source,
                        std::string uri) {
  if (key == nullptr) throw Error({.code = ErrorCode::kBadArgument, .detail = "an identity takes a key"});
  const auto certified = chain.leaf().subject_public_key_info();
  const Match match = MatchOf(certified, key->subject_public_key_info());
  if (match == Match::kNo) {
    throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                 .detail = fmt::format("the private key does not belong to the certificate of {}",
                                       chain.leaf().subject()),
                 .uri = std::move(uri),
                 .hint = "Use the certificate that was issued for this key."});
  }
  if (match == Match::kUnknown || key->proof() == PrivateKey::Proof::kNone)
    key = std::make_shared<ProvingKey>(std::move(key), PublicKey::FromSpki(certified));
  return Identity(
      std::make_shared<const State>(State{std::move(chain), std::move(key), source, std::move(uri)}));
}

Identity Identity::WithChain(CertificateChain chain) const {
  // The key was compared with the leaf. A token's may have changed since: that is Unavailable's to tell.
  if (chain.leaf() == leaf()) {
    return Identity(
        std::make_shared<const State>(State{std::move(chain), state_->key, state_->source, state_->uri}));
  }
  return Make(std::move(chain), state_->key, state_->source, state_->uri);
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
