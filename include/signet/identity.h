#pragma once

#include <signet/certificate_chain.h>
#include <signet/export.h>
#include <signet/private_key.h>
#include <signet/secret.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

// ClientAuthFitness tells whether a TLS server will probably accept the identity as a client, and if not,
// why.
struct ClientAuthFitness {
  bool fit = true;                   // there are no reasons against it
  std::vector<std::string> reasons;  // one sentence each; empty when fit
};

// Identity is a certificate chain and the private-key operation of its leaf. It is immutable and cheap to
// copy.
class SIGNET_EXPORT Identity {
 public:
  // Source is the type of the identity's source.
  enum class Source { kPkcs11, kPkcs12, kApplication };

  // Make puts a chain and the private key of its leaf together. Throws Error kKeyCertificateMismatch where
  // the public keys differ, kBadArgument where `key` is null. Where the key's public part is not known, or is
  // the key's own claim (PrivateKey::proof), the first signature is verified with the leaf before it is
  // released. `uri` names exactly this identity and carries no PIN; empty for none.
  static Identity Make(CertificateChain chain, std::shared_ptr<PrivateKey> key,
                       Source source = Source::kApplication, std::string uri = {});

  // FromPem makes an identity from PEM texts: a certificate followed by its issuers in any order, and its
  // private key in any form that OpenSSL reads. Throws Error: kMalformed, kWrongPassword, kPinNeeded for an
  // encrypted key without password, kKeyCertificateMismatch. It has no URI.
  static Identity FromPem(std::string_view certificates, std::string_view key,
                          const std::optional<Secret>& password = std::nullopt);
  // FromPkcs12 reads the only identity in the content of a PKCS#12 file, like IdentitySource::Open, with the
  // default limits of Settings. It has no URI.
  static Identity FromPkcs12(std::span<const std::uint8_t> bytes,
                             const std::optional<Secret>& password = std::nullopt);

  // chain, leaf, key, source and uri are what the identity was made of; the uri is empty where it has none.
  const CertificateChain& chain() const noexcept { return state_->chain; }
  const Certificate& leaf() const noexcept { return state_->chain.leaf(); }
  const std::shared_ptr<PrivateKey>& key() const noexcept { return state_->key; }
  Source source() const noexcept { return state_->source; }
  const std::string& uri() const noexcept { return state_->uri; }
  // proven tells whether the private key is known to be the leaf's: of a key from a file at once, of one in a
  // token when the token showed its public part, of any other after its first signature.
  bool proven() const noexcept { return key()->proof() == PrivateKey::Proof::kDone; }

  // subject and user_name are the leaf's.
  const std::string& subject() const noexcept { return leaf().subject(); }
  const std::string& user_name() const noexcept { return leaf().user_name(); }
  // FitForClientAuth checks validity at `now`, key usage, extended key usage, the key's schemes, and
  // OpenSSL's default security level.
  ClientAuthFitness FitForClientAuth(TimePoint now) const;
  // WithChain returns the same identity with another chain of the same leaf.
  Identity WithChain(CertificateChain chain) const;

 private:
  struct State {
    CertificateChain chain;
    std::shared_ptr<PrivateKey> key;
    Source source;
    std::string uri;
  };
  explicit Identity(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Name gives "pkcs11", "pkcs12" or "application".
SIGNET_EXPORT std::string_view Name(Identity::Source source) noexcept;

}  // namespace signet
