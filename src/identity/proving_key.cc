#include "identity/proving_key.h"

#include "identity/hashes.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline identity {

std::size_t ProvingKey::max_signature_size() const noexcept {
  return std::max(ForwardingKey::max_signature_size(), certified_.max_signature_size());
}

std::size_t ProvingKey::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                             std::span<std::uint8_t> signature) {
  const std::size_t size = ForwardingKey::Sign(algorithm, input, signature);
  Prove(algorithm, input, signature.first(size));
  return size;
}

std::size_t ProvingKey::SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                                  std::span<std::uint8_t> signature) {
  const std::size_t size = ForwardingKey::SignWhole(algorithm, message, signature);
  if (proof() == Proof::kDone) return size;
  if (algorithm.hash == Hash::kNone) {
    Prove(algorithm, message, signature.first(size));
  } else {
    Prove(algorithm, Digest(algorithm.hash, message), signature.first(size));
  }
  return size;
}

void ProvingKey::Prove(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                       std::span<std::uint8_t> signature) {
  if (proof() == Proof::kDone) return;
  if (certified_.Verify(algorithm, input, signature)) {
    seen_.store(Seen::kGood, std::memory_order_release);
    return;
  }
  std::ranges::fill(signature, 0);
  seen_.store(Seen::kWrong, std::memory_order_release);
  throw Mismatch();
}

Error ProvingKey::Mismatch() const {
  return Error(
      {.code = ErrorCode::kKeyCertificateMismatch,
       .detail = fmt::format("the signature of the private key does not verify with its {} public key",
                             Description(certified_)),
       .uri = uri(),
       .hint = "Use the private key that the certificate was issued for."});
}

std::optional<Error> ProvingKey::Unavailable() const {
  if (seen_.load(std::memory_order_acquire) == Seen::kWrong) return Mismatch();
  return ForwardingKey::Unavailable();
}

std::optional<Secret> ProvingKey::ExportPkcs8() const {
  return proof() == Proof::kDone ? ForwardingKey::ExportPkcs8() : std::nullopt;
}

}  // namespace signet::inline identity
