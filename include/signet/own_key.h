#pragma once

#include <signet/export.h>
#include <signet/key_tools.h>
#include <signet/private_key.h>
#include <signet/secret.h>
#include <signet/signature_scheme.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace signet {

// OwnKey is a private key of the program, for example in a cloud key store or behind an agent. Implement the
// first three functions; the others have a default. Several threads may call non-const functions at the same
// time, also in a forked child. They report errors by exceptions: an Error is passed on unchanged; any other
// exception becomes an Error kApplication with its what().
class SIGNET_EXPORT OwnKey {
 public:
  virtual ~OwnKey() = default;

  // public_key returns the DER SubjectPublicKeyInfo; see SpkiFromPem and SpkiFromNative. Called once.
  virtual std::vector<std::uint8_t> public_key() const = 0;
  // schemes lists the key's schemes, best first; see SchemesFor. Called once.
  virtual std::vector<SignatureScheme> schemes() const = 0;
  // Sign signs the complete, unhashed message with one of schemes(). ECDSA signatures are DER (EcdsaToDer).
  // It may block.
  virtual std::vector<std::uint8_t> Sign(SignatureScheme scheme, std::span<const std::uint8_t> message) = 0;

  // CanSignDigest tells whether SignDigest supports `algorithm`. Programs that hash messages themselves need
  // it: GnuTLS for RSA and ECDSA, `openssl pkeyutl`, OpenSSL's older functions. OpenSSL's and Botan's TLS do
  // not.
  virtual bool CanSignDigest(const SigningAlgorithm&) const { return false; }
  // SignDigest signs a digest of algorithm.hash.
  virtual std::vector<std::uint8_t> SignDigest(const SigningAlgorithm& algorithm,
                                               std::span<const std::uint8_t> digest);

  // CanDecrypt, Decrypt, can_derive and Derive are as in PrivateKey; Decrypt returns the message.
  virtual bool CanDecrypt(const DecryptionAlgorithm&) const { return false; }
  virtual Secret Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input);
  virtual bool can_derive() const { return false; }
  virtual Secret Derive(std::span<const std::uint8_t> peer_point);

  // label is a name for users; empty for none. Called once.
  virtual std::string label() const { return {}; }
  // RunAsync executes `work`, which signs, on a thread of the program that may block. Execute it once; it
  // does not throw. With the default, asynchronous signatures are made before their function returns.
  virtual void RunAsync(std::function<void()> work) { work(); }
};

// MakeKey makes a program's key usable in every TLS stack: use Identity::Make to make an Identity of it. Its
// first signature is verified with public_key() before it is released. Throws Error: kBadArgument for null
// and for a scheme that does not match the public key, kUnsupported for a public key that OpenSSL cannot
// read, and the exceptions of public_key() and schemes().
SIGNET_EXPORT std::shared_ptr<PrivateKey> MakeKey(std::shared_ptr<OwnKey> key);

}  // namespace signet
