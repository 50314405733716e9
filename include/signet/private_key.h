#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/secret.h>
#include <signet/signature_scheme.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signet {

// KeyType is the kind of a key; kOther signs nothing in TLS.
enum class KeyType { kRsa, kRsaPss, kEc, kEd25519, kEd448, kMlDsa44, kMlDsa65, kMlDsa87, kOther };

// Hash is a hash function (FIPS 180-4, FIPS 202, RFC 1321); kNone where an algorithm has none.
enum class Hash {
  kNone,
  kMd5,
  kSha1,
  kSha224,
  kSha256,
  kSha384,
  kSha512,
  kSha3_224,
  kSha3_256,
  kSha3_384,
  kSha3_512
};

// SigningAlgorithm is one way to use a private key, with its parameters.
struct SigningAlgorithm {
  // Kind is the algorithm without its parameters, what it takes and what it gives.
  enum class Kind {
    kRsaPkcs1,  // RSASSA-PKCS1-v1_5; input: the digest (hash kNone: any bytes, which are padded)
    kRsaPss,    // RSASSA-PSS; input: the digest
    kEcdsa,     // input: the digest, of any length; output: DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)
    kEdDsa,     // Ed25519 or Ed448, pure, without context; input: the message
    kMlDsa,     // FIPS 204, pure, empty context; input: the message
    kRsaRaw,    // the RSA private operation alone; input: exactly the modulus length
  };
  Kind kind;                     // which algorithm
  Hash hash = Hash::kNone;       // of the digest, or of SignWhole's message
  Hash mgf1_hash = Hash::kNone;  // kRsaPss only
  int salt_length = 0;           // kRsaPss only: bytes

  // operator== compares all members.
  friend bool operator==(const SigningAlgorithm&, const SigningAlgorithm&) = default;
};

// DecryptionAlgorithm is one way to decrypt with an RSA key.
struct DecryptionAlgorithm {
  // Kind is the algorithm without its parameters (RFC 8017).
  enum class Kind {
    kRsaPkcs1,  // RSAES-PKCS1-v1_5, implicit rejection: an invalid block gives a random-looking message
    kRsaOaep,   // RSAES-OAEP
    kRsaRaw,    // the RSA private operation alone; the result is as long as the modulus
  };
  Kind kind;                                 // which algorithm
  Hash hash = Hash::kSha1;                   // kRsaOaep only
  Hash mgf1_hash = Hash::kSha1;              // kRsaOaep only
  std::span<const std::uint8_t> label = {};  // kRsaOaep only; not kept
};

// PrivateKey is a private-key operation, in this process or on a token. All functions may be called from any
// thread, and in a forked child. MakeKey (signet/own_key.h) makes one from a program's own key.
class SIGNET_EXPORT PrivateKey : public std::enable_shared_from_this<PrivateKey> {
 public:
  virtual ~PrivateKey() = default;

  // type is the kind of the key.
  virtual KeyType type() const noexcept = 0;
  // subject_public_key_info is the DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), valid as long as the
  // key. Its subjectPublicKey is empty if a token has an EC, Ed25519 or Ed448 key without its public key:
  // then only type and curve are known, and an Identity verifies the first signature with its certificate.
  virtual std::span<const std::uint8_t> subject_public_key_info() const noexcept = 0;
  // Proof tells how it is known that the private key belongs to subject_public_key_info().
  enum class Proof {
    kNone,     // the key only claims it: Identity::Make verifies its first signature
    kPending,  // the key itself verifies its first signature before it releases it
    kDone,
  };
  // proof is the state of that proof.
  virtual Proof proof() const noexcept { return Proof::kNone; }
  // schemes lists the schemes that the key supports. For a token, its mechanisms and the key's permissions
  // restrict them.
  virtual std::vector<SignatureScheme> schemes() const = 0;
  // max_signature_size is an upper bound in bytes for Sign with every algorithm.
  virtual std::size_t max_signature_size() const noexcept = 0;
  // Supports tells whether SignWhole supports `algorithm`, and Sign too unless NeedsMessage; it does not
  // access the token.
  virtual bool Supports(const SigningAlgorithm& algorithm) const = 0;
  // NeedsMessage tells whether the token must hash the message for `algorithm` (CKM_SHA256_RSA_PKCS), so that
  // only SignWhole works. Unknown (false) for a locked key; it does not access the token.
  virtual bool NeedsMessage(const SigningAlgorithm&) const { return false; }

  // Sign writes a signature over `input` to `signature` and returns its length in bytes. If necessary it logs
  // in to the token, with the PinPrompt of the identity's source. Throws Error; kBadArgument if `signature`
  // is shorter than max_signature_size() or `input` does not match the algorithm.
  virtual std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                           std::span<std::uint8_t> signature) = 0;
  // SignWhole is Sign for a complete message of any length if `algorithm` has a hash: the message is hashed
  // in this process, or by the token if it does not sign digests.
  virtual std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                                std::span<std::uint8_t> signature);

  // SignDone gets a signature, or an error if `error` is not null; `error` is valid during the call.
  using SignDone = std::function<void(std::vector<std::uint8_t> signature, const Error* error)>;
  // SignAsync is Sign for event loops: it copies `input`, returns without waiting for a token and calls
  // `done` once. For a key on a token, a worker thread calls `done`, and the next signature waits until it
  // returns: pass the result to the loop (eventfd, pipe). For a key in this process, SignAsync calls `done`
  // before it returns. `done` must not throw. A PIN prompt is called from the worker thread too. Jobs that
  // have not started when the process exits are not executed; a forked child does not execute pending jobs.
  void SignAsync(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input, SignDone done);
  // RunAsync executes `work` where it may wait for the key, see SignAsync. `work` must not throw. A key on a
  // token must be owned by a std::shared_ptr, like an Identity's key; it lives until `work` is done. Workers
  // are created on demand, at most as many as the token has sessions; a forked child creates its own workers.
  virtual void RunAsync(std::function<void()> work) { work(); }

  // CanDecrypt tells whether Decrypt supports `algorithm`; the token's mechanisms are read once.
  virtual bool CanDecrypt(const DecryptionAlgorithm&) const { return false; }
  // Decrypt decrypts an RSA block: `input` has the length of the modulus, `output` at least this length, and
  // all of it may be overwritten; returns the message's length in bytes. Throws Error; kBadArgument for an
  // invalid OAEP block, kUnsupported for a key that cannot decrypt.
  virtual std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                              std::span<std::uint8_t> output);

  // can_derive tells whether Derive is supported.
  virtual bool can_derive() const { return false; }
  // Derive computes a shared secret by ECDH (SEC 1 section 3.3.1): `peer_point` is the peer's public key, an
  // uncompressed point on the key's curve; the result is the x coordinate of the shared point. Throws Error;
  // kBadArgument for an invalid point, kUnsupported for a key without key agreement.
  virtual Secret Derive(std::span<const std::uint8_t> peer_point);

  // Unlock logs in and finds the key, so that Sign needs no prompt (except for keys that require their PIN
  // for each signature). It does nothing for a key from a file.
  virtual void Unlock() {}
  // locked tells whether Unlock is necessary.
  virtual bool locked() const { return false; }
  // Unavailable returns why the key can currently be neither used nor unlocked, as far as this is known
  // without access to the token: it is absent, its PIN is locked, or its key does not match the certificate.
  virtual std::optional<Error> Unavailable() const { return std::nullopt; }

  // uri names exactly this key, without its PIN; empty for a key that has none.
  virtual std::string uri() const { return {}; }
  // label is the key's CKA_LABEL or friendlyName, or the certificate's label while the key is hidden; empty
  // for none. It is not necessarily unique, and comes from an untrusted source.
  virtual std::string label() const { return {}; }
  // in_hardware tells whether the key is on a token and not in this process.
  virtual bool in_hardware() const noexcept = 0;
  // ExportPkcs8 returns the DER PrivateKeyInfo (RFC 5208) of a key from a file, and nothing for a key on a
  // token.
  virtual std::optional<Secret> ExportPkcs8() const { return std::nullopt; }

  // SignMessage signs `message` with `scheme`, as SignWhole does.
  std::vector<std::uint8_t> SignMessage(SignatureScheme scheme, std::span<const std::uint8_t> message);
};

// Description returns the key type as text: "RSA 2048 bit", "EC P-256", "Ed25519".
SIGNET_EXPORT std::string Description(const PrivateKey& key);

}  // namespace signet
