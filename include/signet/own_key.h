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

// OwnKey is a private key that a program brings along: in a cloud's key store, behind a company's agent. It
// implements the first three functions; the others have a default. Functions that are not const may be called
// from several threads at once, and in a forked child. They report what goes wrong by an exception, which a
// caller of Signet gets as an Error: an Error as it is, any other one as kApplication with its what().
class SIGNET_EXPORT OwnKey {
 public:
  virtual ~OwnKey() = default;

  // public_key gives the DER SubjectPublicKeyInfo; SpkiFromPem and SpkiFromNative make one. Asked once.
  virtual std::vector<std::uint8_t> public_key() const = 0;
  // schemes lists what the key can sign with, best first; SchemesFor lists all that fit. Asked once.
  virtual std::vector<SignatureScheme> schemes() const = 0;
  // Sign signs the whole message, not hashed yet, with one of schemes(). ECDSA is in DER (EcdsaToDer). It may
  // take as long as it has to.
  virtual std::vector<std::uint8_t> Sign(SignatureScheme scheme, std::span<const std::uint8_t> message) = 0;

  // CanSignDigest tells whether SignDigest works with `algorithm`. Programs that hash by themselves want it:
  // GnuTLS for RSA and ECDSA, `openssl pkeyutl`, OpenSSL's older functions; OpenSSL's and Botan's TLS do not.
  virtual bool CanSignDigest(const SigningAlgorithm&) const { return false; }
  // SignDigest signs a digest that was made with algorithm.hash.
  virtual std::vector<std::uint8_t> SignDigest(const SigningAlgorithm& algorithm,
                                               std::span<const std::uint8_t> digest);

  // CanDecrypt, Decrypt, can_derive and Derive are as in PrivateKey; Decrypt gives the message.
  virtual bool CanDecrypt(const DecryptionAlgorithm&) const { return false; }
  virtual Secret Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input);
  virtual bool can_derive() const { return false; }
  virtual Secret Derive(std::span<const std::uint8_t> peer_point);

  // label is a name for people; empty for none. Asked once.
  virtual std::string label() const { return {}; }
  // RunAsync has `work`, which signs, done on a thread of the program that may wait; it must be done once and
  // does not throw. As it is here, asynchronous signatures are made before their function returns.
  virtual void RunAsync(std::function<void()> work) { work(); }
};

// MakeKey makes a program's own key one that every TLS stack takes: put it into an Identity with
// Identity::Make. Its first signature is verified with public_key() before it is released. Throws Error:
// kBadArgument for null and for a scheme that does not fit the public key, kUnsupported for a public key that
// OpenSSL cannot read, and what public_key() and schemes() throw.
SIGNET_EXPORT std::shared_ptr<PrivateKey> MakeKey(std::shared_ptr<OwnKey> key);

}  // namespace signet
