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

enum class KeyType { kRsa, kRsaPss, kEc, kEd25519, kEd448, kMlDsa44, kMlDsa65, kMlDsa87, kOther };

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
  enum class Kind {
    kRsaPkcs1,  // RSASSA-PKCS1-v1_5; input: the digest (hash kNone: bytes that are padded as they are)
    kRsaPss,    // RSASSA-PSS; input: the digest
    kEcdsa,     // input: the digest, of any length; output: DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)
    kEdDsa,     // Ed25519 or Ed448, pure, without context; input: the message
    kMlDsa,     // FIPS 204, pure, empty context; input: the message
    kRsaRaw,    // the RSA private operation alone; input: exactly the modulus length
  };
  Kind kind;
  Hash hash = Hash::kNone;
  Hash mgf1_hash = Hash::kNone;  // kRsaPss only
  int salt_length = 0;           // kRsaPss only: bytes

  friend bool operator==(const SigningAlgorithm&, const SigningAlgorithm&) = default;
};

// DecryptionAlgorithm is one way to decrypt with an RSA key.
struct DecryptionAlgorithm {
  enum class Kind {
    kRsaPkcs1,  // RSAES-PKCS1-v1_5, rejecting implicitly: a malformed block gives a message that looks random
    kRsaOaep,   // RSAES-OAEP
    kRsaRaw,    // the RSA private operation alone; the result is as long as the modulus
  };
  Kind kind;
  Hash hash = Hash::kSha1;                   // kRsaOaep only
  Hash mgf1_hash = Hash::kSha1;              // kRsaOaep only
  std::span<const std::uint8_t> label = {};  // kRsaOaep only; not kept
};

// PrivateKey is a private-key operation, wherever the key lives. All functions may be called from any thread,
// and in a forked child. A program's own key is made by MakeKey (signet/own_key.h), which asks for less.
class SIGNET_EXPORT PrivateKey : public std::enable_shared_from_this<PrivateKey> {
 public:
  virtual ~PrivateKey() = default;

  virtual KeyType type() const noexcept = 0;
  // subject_public_key_info is the DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7); it lives with the
  // key. Its subjectPublicKey is empty where a token holds an EC, Ed25519 or Ed448 key without its public
  // part: type and curve are all that is known then, and no signature is verified before it is released.
  virtual std::span<const std::uint8_t> subject_public_key_info() const noexcept = 0;
  // Proof is what stands for it that the private key is the one of subject_public_key_info().
  enum class Proof {
    kNone,     // the key's word alone: Identity::Make has its first signature verified
    kPending,  // the key verifies its first signature itself, before it releases it
    kDone,
  };
  virtual Proof proof() const noexcept { return Proof::kNone; }
  // schemes lists what the key can sign with, where it lives: a scheme without a plan on the token is
  // missing.
  virtual std::vector<SignatureScheme> schemes() const = 0;
  // max_signature_size is an upper bound in bytes for Sign with every algorithm.
  virtual std::size_t max_signature_size() const noexcept = 0;
  // Supports tells whether SignWhole can work with `algorithm`, and Sign unless NeedsMessage; it asks no
  // token.
  virtual bool Supports(const SigningAlgorithm& algorithm) const = 0;
  // NeedsMessage tells whether the key signs no digest with `algorithm`: its token hashes the message itself
  // (CKM_SHA256_RSA_PKCS), and only SignWhole works. Not known of a key that is locked; it asks no token.
  virtual bool NeedsMessage(const SigningAlgorithm&) const { return false; }

  // Sign writes a signature over `input` to `signature` and returns its length in bytes. It logs in to a
  // token when that is needed, asking the PinPrompt that the identity was opened with. Throws Error;
  // kBadArgument when `signature` is shorter than max_signature_size() or `input` does not fit the algorithm.
  virtual std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                           std::span<std::uint8_t> signature) = 0;
  // SignWhole is Sign for the whole message, of any length, where `algorithm` has a hash: the message is
  // hashed here, or by the token where it signs no digests.
  virtual std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                                std::span<std::uint8_t> signature);

  // SignDone takes a signature, or where `error` is not null, why there is none; `error` ends with the call.
  using SignDone = std::function<void(std::vector<std::uint8_t> signature, const Error* error)>;
  // SignAsync is Sign for event loops: it copies `input`, returns without waiting for a token and calls
  // `done` once. For a key in a token a worker thread of ours calls it, with the next signature waiting
  // behind it: hand the result to the loop (eventfd, pipe) and return. A key in this process signs and calls
  // it before SignAsync returns. `done` must not throw. A prompt for a PIN comes from the worker thread too.
  // Jobs that have not begun when the process exits, or are under way where it forks, are never done there.
  void SignAsync(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input, SignDone done);
  // RunAsync has `work` done where it may wait for the key, as SignAsync says. It must not throw. A key in a
  // token must be owned by a std::shared_ptr, as an Identity's is; it lives until `work` was done. Workers
  // are made as they are needed, at most as many as the token has sessions; a forked child makes its own.
  virtual void RunAsync(std::function<void()> work) { work(); }

  // CanDecrypt tells whether Decrypt can work with `algorithm`; a token is asked once what it can do.
  virtual bool CanDecrypt(const DecryptionAlgorithm&) const { return false; }
  // Decrypt undoes an RSA encryption: `input` is exactly as long as the modulus, `output` at least, and all
  // of it may be written; the result is the message's length in bytes. Throws Error; kBadArgument for an OAEP
  // block that is malformed, kUnsupported for a key that cannot decrypt.
  virtual std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                              std::span<std::uint8_t> output);

  // can_derive tells whether Derive can work.
  virtual bool can_derive() const { return false; }
  // Derive agrees on a secret by ECDH (SEC 1 section 3.3.1): `peer_point` is the other side's public key, an
  // uncompressed point of the key's curve, and the result the shared point's x coordinate. Throws Error;
  // kBadArgument for a point that cannot be one, kUnsupported for a key that cannot agree on secrets.
  virtual Secret Derive(std::span<const std::uint8_t> peer_point);

  // Unlock makes the key ready to sign: it logs in and finds the key, so that Sign asks for nothing more (but
  // for keys that want their PIN at every signature). Nothing to do for a key from a file.
  virtual void Unlock() {}
  // locked tells whether Unlock would have something to do.
  virtual bool locked() const { return false; }
  // Unavailable tells why the key can be neither used nor unlocked for now, as far as that is known without
  // asking the token: it is gone, its PIN is locked, its key turned out to be another than the certificate's.
  virtual std::optional<Error> Unavailable() const { return std::nullopt; }

  // uri names exactly this key, without its PIN; empty for a key that has none.
  virtual std::string uri() const { return {}; }
  // label is the name that the key has where it lives (CKA_LABEL), or its certificate's while the key is
  // hidden; empty for none. It need not be unique, and holds whatever somebody wrote there.
  virtual std::string label() const { return {}; }
  // in_hardware tells whether the key lives in a token rather than in this process.
  virtual bool in_hardware() const noexcept = 0;
  // ExportPkcs8 gives the DER PrivateKeyInfo (RFC 5208) of a key from a file, and nothing for a key in a
  // token.
  virtual std::optional<Secret> ExportPkcs8() const { return std::nullopt; }

  // SignMessage signs `message` with `scheme`, as SignWhole does.
  std::vector<std::uint8_t> SignMessage(SignatureScheme scheme, std::span<const std::uint8_t> message);
};

// Description gives the key in words: "RSA 2048 bit", "EC P-256", "Ed25519".
SIGNET_EXPORT std::string Description(const PrivateKey& key);

}  // namespace signet
