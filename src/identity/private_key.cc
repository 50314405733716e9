#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/private_key.h>

namespace signet {

std::size_t PrivateKey::Decrypt(const DecryptionAlgorithm&, std::span<const std::uint8_t>,
                                std::span<std::uint8_t>) {
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this key cannot decrypt"});
}

Secret PrivateKey::Derive(std::span<const std::uint8_t>) {
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this key cannot agree on a secret"});
}

std::size_t PrivateKey::SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                                  std::span<std::uint8_t> signature) {
  if (algorithm.hash == Hash::kNone) return Sign(algorithm, message, signature);
  return Sign(algorithm, Digest(algorithm.hash, message), signature);
}

std::vector<std::uint8_t> PrivateKey::SignMessage(SignatureScheme scheme,
                                                  std::span<const std::uint8_t> message) {
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  std::vector<std::uint8_t> signature(max_signature_size());
  signature.resize(SignWhole(algorithm, message, signature));
  return signature;
}

void PrivateKey::SignAsync(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                           SignDone done) {
  RunAsync([this, algorithm, input = std::vector<std::uint8_t>(input.begin(), input.end()),
            done = std::move(done)] {
    std::vector<std::uint8_t> signature;
    std::optional<Error> error;
    try {
      signature.resize(max_signature_size());
      signature.resize(Sign(algorithm, input, signature));
    } catch (const Error& thrown) {
      error = thrown;
    } catch (const std::exception& thrown) {
      error = Error({.detail = thrown.what(), .call = "SignAsync"});
    }
    if (error) signature.clear();
    done(std::move(signature), error ? &*error : nullptr);
  });
}

std::string Description(const PrivateKey& key) {
  return Description(PublicKey::FromPartialSpki(key.subject_public_key_info()));
}

}  // namespace signet
