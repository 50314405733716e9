#include "c_abi/guard.h"
#include "identity/hashes.h"
#include "identity/signature_schemes.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace signet::c_abi {
namespace {

using Bytes = std::span<const std::uint8_t>;

Bytes Input(const std::uint8_t* data, std::size_t size, const char* argument) {
  return size == 0 ? Bytes() : Bytes(&Given(data, argument), size);
}

const SigningAlgorithm& AlgorithmOf(std::uint16_t scheme) {
  return RowOf(static_cast<SignatureScheme>(scheme)).algorithm;
}

// DigestAlgorithm is how a digest is signed under `scheme`; throws Error where it cannot be.
SigningAlgorithm DigestAlgorithm(const PrivateKey& key, std::uint16_t scheme, std::size_t digest_size) {
  const SigningAlgorithm& algorithm = AlgorithmOf(scheme);
  if (algorithm.hash == Hash::kNone || key.NeedsMessage(algorithm)) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = algorithm.hash == Hash::kNone
                               ? "the scheme signs messages, not digests"
                               : "the token hashes messages itself and does not sign digests",
                 .hint = "Call signet_identity_sign with the message."});
  }
  if (digest_size != RowOf(algorithm.hash).size) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "the digest does not have the length of the scheme's hash",
                 .hint = "Hash the message with the scheme's hash."});
  }
  return algorithm;
}

// Job is an asynchronous signature, owned by the work that does it.
struct Job {
  std::shared_ptr<PrivateKey> key;
  std::uint16_t scheme;
  std::vector<std::uint8_t> message;
  signet_sign_done done;
  void* data;

  void Run() const noexcept {
    std::vector<std::uint8_t> signature;
    signet_error* error = nullptr;
    const bool signed_ok = Guard(&error, false, [&] {
      signature = key->SignMessage(static_cast<SignatureScheme>(scheme), message);
      return true;
    });
    done(signed_ok ? signature.data() : nullptr, signature.size(), error, data);
  }
};

}  // namespace
}  // namespace signet::c_abi

using namespace signet::c_abi;  // NOLINT: of this file, for the functions below

extern "C" {

const char* signet_scheme_name(uint16_t scheme) {
  return signet::Name(static_cast<signet::SignatureScheme>(scheme)).data();
}

size_t signet_identity_max_signature_size(const signet_identity* identity) {
  return identity == nullptr ? 0 : identity->identity.key()->max_signature_size();
}

size_t signet_identity_sign(const signet_identity* identity, uint16_t scheme, const uint8_t* message,
                            size_t message_size, uint8_t* signature, size_t capacity, signet_error** error) {
  return Guard(error, size_t{0}, [&] {
    signet::PrivateKey& key = *Given(identity, "identity").identity.key();
    return key.SignWhole(AlgorithmOf(scheme), Input(message, message_size, "message"),
                         {&Given(signature, "signature"), capacity});
  });
}

size_t signet_identity_sign_digest(const signet_identity* identity, uint16_t scheme, const uint8_t* digest,
                                   size_t digest_size, uint8_t* signature, size_t capacity,
                                   signet_error** error) {
  return Guard(error, size_t{0}, [&] {
    signet::PrivateKey& key = *Given(identity, "identity").identity.key();
    return key.Sign(DigestAlgorithm(key, scheme, digest_size), Input(digest, digest_size, "digest"),
                    {&Given(signature, "signature"), capacity});
  });
}

size_t signet_identity_sign_pkcs1(const signet_identity* identity, const uint8_t* input, size_t input_size,
                                  uint8_t* signature, size_t capacity, signet_error** error) {
  return Guard(error, size_t{0}, [&] {
    signet::PrivateKey& key = *Given(identity, "identity").identity.key();
    return key.Sign({.kind = signet::SigningAlgorithm::Kind::kRsaPkcs1}, Input(input, input_size, "input"),
                    {&Given(signature, "signature"), capacity});
  });
}

void signet_identity_sign_async(const signet_identity* identity, uint16_t scheme, const uint8_t* message,
                                size_t message_size, signet_sign_done done, void* data) {
  if (done == nullptr) return;
  signet_error* error = nullptr;
  const bool begun = Guard(&error, false, [&] {
    const auto& key = Given(identity, "identity").identity.key();
    const Bytes input = Input(message, message_size, "message");
    const auto job = std::make_shared<const Job>(
        Job{key, scheme, std::vector<std::uint8_t>(input.begin(), input.end()), done, data});
    key->RunAsync([job] { job->Run(); });
    return true;
  });
  if (!begun) done(nullptr, 0, error, data);
}

}  // extern "C"
