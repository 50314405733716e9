#pragma once

#include <signet/botan_credentials.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <botan/ber_dec.h>
#include <botan/bigint.h>
#include <botan/pk_ops.h>
#include <botan/pkix_types.h>
#include <botan/tls_messages.h>
#include <botan/version.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>
#if BOTAN_VERSION_MAJOR >= 3
#include <botan/pss_params.h>
#include <botan/tls_external_psk.h>
#endif

// All that differs between Botan 2.19 and Botan 3 in what we derive from and call, as neutral hooks.
namespace signet::botan {

using Bytes = std::span<const std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;
using Names = std::vector<Botan::X509_DN>;
using Strings = std::vector<std::string>;
using Chain = std::vector<Botan::X509_Certificate>;

#if BOTAN_VERSION_MAJOR >= 3
#define SIGNET_BOTAN_3 1
using KeyHandle = std::shared_ptr<Botan::Private_Key>;  // what private_key_for returns
using Text = std::string_view;
inline constexpr auto kSequence = Botan::ASN1_Type::Sequence;
inline constexpr auto kUniversal = Botan::ASN1_Class::Universal;
inline KeyHandle HandleOf(const std::shared_ptr<Botan::Private_Key>& key) { return key; }
inline std::uint16_t CodeOf(const Botan::TLS::Signature_Scheme& scheme) { return scheme.wire_code(); }
inline bool IsKnown(const Botan::TLS::Signature_Scheme& scheme) { return scheme.is_available(); }
#else
#define SIGNET_BOTAN_3 0
using KeyHandle = Botan::Private_Key*;
using Text = const std::string&;
inline constexpr auto kSequence = Botan::SEQUENCE;
inline constexpr auto kUniversal = Botan::UNIVERSAL;
inline KeyHandle HandleOf(const std::shared_ptr<Botan::Private_Key>& key) { return key.get(); }
inline std::uint16_t CodeOf(Botan::TLS::Signature_Scheme scheme) {
  return static_cast<std::uint16_t>(scheme);
}
inline bool IsKnown(Botan::TLS::Signature_Scheme scheme) {
  return Botan::TLS::signature_scheme_is_known(scheme);
}
#endif

// GroupCode is the IANA number of a group.
template <class Group>
std::uint16_t GroupCode(const Group& group) {
  if constexpr (requires { group.wire_code(); })
    return group.wire_code();
  else
    return static_cast<std::uint16_t>(group);
}

// SchemeOf gives Botan's value of a scheme, be it one that Botan does not know.
inline Botan::TLS::Signature_Scheme SchemeOf(SignatureScheme scheme) {
  return static_cast<Botan::TLS::Signature_Scheme>(static_cast<std::uint16_t>(scheme));
}

// CheckReadable throws if Botan's TLS could not take the certificate as one above the leaf: Botan 3
// decodes its key.
inline void CheckReadable([[maybe_unused]] const Botan::X509_Certificate& certificate) {
#if SIGNET_BOTAN_3
  certificate.subject_public_key();
#endif
}

// SchemesOf turns Botan's schemes into ours, unknown code points included.
inline std::vector<SignatureScheme> SchemesOf(const std::vector<Botan::TLS::Signature_Scheme>& schemes) {
  std::vector<SignatureScheme> ours;
  for (const auto& scheme : schemes) ours.push_back(static_cast<SignatureScheme>(CodeOf(scheme)));
  return ours;
}

// Question is what Botan asks a credentials manager for.
struct Question {
  const Strings& key_types;
  const Names& authorities;
  const std::string& type;
  const std::string& context;
  // version is the one of the handshake, as far as Botan's way to ask gives it away.
  std::uint16_t version = 0x0303;
  // schemes are those of the peer that Botan knows; empty if it does not tell.
  std::vector<SignatureScheme> schemes = {};
};

#if SIGNET_BOTAN_3
// SchemesBehind finds the peer's signature schemes in what Botan 3 tells: their key types, and the algorithms
// that it takes for the signatures in certificates, which mostly are the same schemes. Nothing if they are
// not.
inline std::vector<SignatureScheme> SchemesBehind(const Strings& key_types,
                                                  const std::vector<Botan::AlgorithmIdentifier>& algorithms) {
  std::vector<SignatureScheme> schemes;
  Strings types;
  for (const Botan::AlgorithmIdentifier& algorithm : algorithms) {
    for (const auto& scheme : Botan::TLS::Signature_Scheme::all_available_schemes()) {
      if (scheme.algorithm_identifier() != algorithm) continue;
      schemes.push_back(static_cast<SignatureScheme>(CodeOf(scheme)));
      if (scheme.is_compatible_with(Botan::TLS::Protocol_Version::TLS_V13))
        types.push_back(scheme.algorithm_name());
    }
  }
  return types == key_types ? schemes : std::vector<SignatureScheme>{};
}

// QuestionOf tells the version by how Botan 3 asks: in TLS 1.2 a client is told no algorithms, and a server
// asks for one key type at a time. A client of TLS 1.3 that has one scheme only is taken for one of TLS 1.2.
inline Question QuestionOf(const Strings& key_types,
                           const std::vector<Botan::AlgorithmIdentifier>& algorithms,
                           const Names& authorities, const std::string& type, const std::string& context,
                           const Botan::TLS::Policy& policy) {
  Question question{key_types, authorities, type, context};
  const bool single = type == "tls-server" && key_types.size() == 1 && policy.allow_tls12();
  if (algorithms.empty() || single || !policy.allow_tls13()) return question;
  question.version = 0x0304;
  question.schemes = SchemesBehind(key_types, algorithms);
  return question;
}
#endif

// PeerWish is what a handshake message says about the certificate that the peer wants from us.
struct PeerWish {
  CertificateRequest::Role role = CertificateRequest::Role::kClient;
  std::uint16_t version = 0x0303;
  Names authorities;
  Strings certificate_types;  // TLS 1.2
  std::vector<SignatureScheme> schemes, certificate_schemes;
  ByteVector oid_filters;  // TLS 1.3, the body of the extension
  std::string host;
};

// WishOf reads a CertificateRequest, or a ClientHello where we are the server; nothing for other messages.
inline std::optional<PeerWish> WishOf(const Botan::TLS::Handshake_Message& message) {
  using Role = CertificateRequest::Role;
  using namespace Botan::TLS;
#if SIGNET_BOTAN_3
  if (const auto* request = dynamic_cast<const Certificate_Request_12*>(&message)) {
    return PeerWish{Role::kClient,
                    0x0303,
                    request->acceptable_CAs(),
                    request->acceptable_cert_types(),
                    SchemesOf(request->signature_schemes()),
                    {},
                    {},
                    {}};
  }
  if (const auto* request = dynamic_cast<const Certificate_Request_13*>(&message)) {
    PeerWish wish{Role::kClient,
                  0x0304,
                  request->acceptable_CAs(),
                  {},
                  SchemesOf(request->signature_schemes()),
                  SchemesOf(request->certificate_signature_schemes()),
                  {},
                  {}};
    constexpr auto kOidFilters = static_cast<Extension_Code>(48);
    if (auto* filters = dynamic_cast<Unknown_Extension*>(request->extensions().get(kOidFilters))) {
      wish.oid_filters = filters->value();
    }
    return wish;
  }
  if (const auto* hello = dynamic_cast<const Client_Hello*>(&message)) {
    const bool tls13 = dynamic_cast<const Client_Hello_13*>(&message) != nullptr;
    return PeerWish{Role::kServer,
                    static_cast<std::uint16_t>(tls13 ? 0x0304 : 0x0303),
                    {},
                    {},
                    SchemesOf(hello->signature_schemes()),
                    SchemesOf(hello->certificate_signature_schemes()),
                    {},
                    hello->sni_hostname()};
  }
#else
  if (const auto* request = dynamic_cast<const Certificate_Req*>(&message)) {
    return PeerWish{Role::kClient,
                    0x0303,
                    request->acceptable_CAs(),
                    request->acceptable_cert_types(),
                    SchemesOf(request->signature_schemes()),
                    {},
                    {},
                    {}};
  }
  if (const auto* hello = dynamic_cast<const Client_Hello*>(&message)) {
    return PeerWish{Role::kServer,        0x0303, {}, {}, SchemesOf(hello->signature_schemes()), {}, {},
                    hello->sni_hostname()};
  }
#endif
  return std::nullopt;
}

#if SIGNET_BOTAN_3
// EndsHandshake tells whether Botan gives up a handshake of TLS 1.3 because it signs with none of the
// schemes.
inline bool EndsHandshake(const CertificateRequest& request) {
  return request.protocol_version >= 0x0304 &&
         std::ranges::none_of(request.schemes, [](SignatureScheme scheme) {
           const Botan::TLS::Signature_Scheme botans = SchemeOf(scheme);
           return botans.is_available() && botans.is_compatible_with(Botan::TLS::Protocol_Version::TLS_V13);
         });
}

// PretendSchemes puts all that Botan has in the place of the schemes of a received CertificateRequest; the
// transcript is made of what came, not of this. A request that may be our own to send is left alone.
inline void PretendSchemes(const Botan::TLS::Handshake_Message& message, const Botan::TLS::Policy& policy) {
  const auto* request = dynamic_cast<const Botan::TLS::Certificate_Request_13*>(&message);
  if (request == nullptr) return;
  if (request->signature_schemes() == policy.acceptable_signature_schemes()) return;
  *request->extensions().get<Botan::TLS::Signature_Algorithms>() =
      Botan::TLS::Signature_Algorithms(Botan::TLS::Signature_Scheme::all_available_schemes());
}
#else
inline bool EndsHandshake(const CertificateRequest&) { return false; }
inline void PretendSchemes(const Botan::TLS::Handshake_Message&, const Botan::TLS::Policy&) {}
#endif

// KeyBase is a private key whose public part answers for itself; the private operation is MakeSigner's.
class KeyBase : public Botan::Private_Key {
 public:
  explicit KeyBase(Bytes spki) : public_(Botan::X509::load_key(ByteVector(spki.begin(), spki.end()))) {
    Botan::BER_Decoder(spki.data(), spki.size()).start_cons(kSequence, kUniversal).decode(algorithm_);
  }

  std::string algo_name() const override { return public_->algo_name(); }
  std::size_t estimated_strength() const override { return public_->estimated_strength(); }
  std::size_t key_length() const override { return public_->key_length(); }
  // Botan makes an RSA key of one that is restricted to RSA-PSS; what is certified is what was there.
  Botan::AlgorithmIdentifier algorithm_identifier() const override { return algorithm_; }
  ByteVector public_key_bits() const override { return public_->public_key_bits(); }
  bool check_key(Botan::RandomNumberGenerator& rng, bool strong) const override {
    return public_->check_key(rng, strong);
  }
  Botan::secure_vector<std::uint8_t> private_key_bits() const override {
    throw Botan::Not_Implemented("Signet does not export private keys");
  }
  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(Botan::RandomNumberGenerator&, Text padding,
                                                                Text) const override {
    return MakeSigner(padding);
  }
  std::unique_ptr<Botan::PK_Ops::Verification> create_verification_op(Text padding,
                                                                      Text provider) const override {
    return public_->create_verification_op(padding, provider);
  }
#if SIGNET_BOTAN_3
  Botan::OID object_identifier() const override { return public_->object_identifier(); }
  const Botan::BigInt& get_int_field(Text field) const override { return public_->get_int_field(field); }
  ByteVector raw_public_key_bits() const override { return public_->raw_public_key_bits(); }
  std::unique_ptr<Botan::Public_Key> public_key() const override {
    return Botan::X509::load_key(public_->subject_public_key());
  }
  bool supports_operation(Botan::PublicKeyOperation operation) const override {
    return operation == Botan::PublicKeyOperation::Signature;
  }
  std::unique_ptr<Botan::Private_Key> generate_another(Botan::RandomNumberGenerator&) const override {
    throw Botan::Not_Implemented("Signet does not generate keys through Botan");
  }
  std::optional<std::size_t> _signature_element_size_for_DER_encoding() const override {
    return public_->_signature_element_size_for_DER_encoding();
  }
  Botan::Signature_Format _default_x509_signature_format() const override {
    return public_->_default_x509_signature_format();
  }
#else
  Botan::OID get_oid() const override { return public_->get_oid(); }
  std::size_t message_parts() const override { return public_->message_parts(); }
  std::size_t message_part_size() const override { return public_->message_part_size(); }
  Botan::Signature_Format default_x509_signature_format() const override {
    return public_->default_x509_signature_format();
  }
#endif

 protected:
  virtual std::unique_ptr<Botan::PK_Ops::Signature> MakeSigner(std::string_view padding) const = 0;
  // InnerHash is what Botan calls the hash inside of an algorithm that signs the message itself, for PKCS#10
  // and X.509, which insist on it; Botan 2 does not ask.
  std::string InnerHash() const {
#if SIGNET_BOTAN_3
    return public_->create_verification_op("", "")->hash_function();
#else
    return {};
#endif
  }
  // ElementSize is the width in bytes of r and of s, or zero where a signature is not a pair.
  std::size_t ElementSize() const {
#if SIGNET_BOTAN_3
    return public_->_signature_element_size_for_DER_encoding().value_or(0);
#else
    return public_->message_parts() == 2 ? public_->message_part_size() : 0;
#endif
  }

 private:
  std::unique_ptr<Botan::Public_Key> public_;
  Botan::AlgorithmIdentifier algorithm_;
};

// SignerBase is one signature operation.
class SignerBase : public Botan::PK_Ops::Signature {
 public:
#if SIGNET_BOTAN_3
  void update(std::span<const std::uint8_t> message) override { Update(message); }
  ByteVector sign(Botan::RandomNumberGenerator&) override { return Finish(); }
  std::string hash_function() const override { return HashName(); }
  Botan::AlgorithmIdentifier algorithm_identifier() const override { return Algorithm(); }
#else
  void update(const std::uint8_t message[], std::size_t size) override { Update({message, size}); }
  Botan::secure_vector<std::uint8_t> sign(Botan::RandomNumberGenerator&) override {
    const ByteVector signature = Finish();
    return {signature.begin(), signature.end()};
  }
#endif

 protected:
  virtual void Update(Bytes message) = 0;
  virtual ByteVector Finish() = 0;
  virtual std::string HashName() const = 0;
  // Algorithm is what a certificate or CSR signed so carries (Botan 3 asks the operation, Botan 2 knows by
  // itself).
  virtual Botan::AlgorithmIdentifier Algorithm() const = 0;
};

// PssAlgorithm is RSASSA-PSS with its parameters (RFC 4055 section 3.1).
inline Botan::AlgorithmIdentifier PssAlgorithm([[maybe_unused]] const std::string& hash,
                                               [[maybe_unused]] std::size_t salt) {
#if SIGNET_BOTAN_3
  return {"RSA/PSS", Botan::PSS_Params(hash, salt).serialize()};
#else
  throw Botan::Not_Implemented("Botan 2 names the algorithm itself");
#endif
}

// ManagerBase forwards to the application's manager everything but certificates and keys.
class ManagerBase : public CredentialsManager {
 public:
  ManagerBase(std::shared_ptr<Botan::Credentials_Manager> inner,
              std::shared_ptr<const Botan::TLS::Policy> policy)
      : inner_(inner != nullptr ? std::move(inner) : std::make_shared<Botan::Credentials_Manager>()),
        policy_(policy != nullptr ? std::move(policy) : std::make_shared<Botan::TLS::Policy>()) {}

  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(
      const std::string& type, const std::string& context) override {
    return inner_->trusted_certificate_authorities(type, context);
  }
  std::string psk_identity_hint(const std::string& type, const std::string& context) override {
    return inner_->psk_identity_hint(type, context);
  }
  std::string psk_identity(const std::string& type, const std::string& context,
                           const std::string& hint) override {
    return inner_->psk_identity(type, context, hint);
  }
  Botan::SymmetricKey psk(const std::string& type, const std::string& context,
                          const std::string& id) override {
    return inner_->psk(type, context, id);
  }
  KeyHandle private_key_for(const Botan::X509_Certificate& certificate, const std::string& type,
                            const std::string& context) override {
    const std::shared_ptr<Botan::Private_Key> own = FindKey(certificate, type);
    return own != nullptr ? HandleOf(own) : inner_->private_key_for(certificate, type, context);
  }
#if SIGNET_BOTAN_3
  using Schemes = std::vector<Botan::AlgorithmIdentifier>;
  Chain find_cert_chain(const Strings& key_types, const Schemes& schemes, const Names& authorities,
                        const std::string& type, const std::string& context) override {
    std::optional<Chain> own =
        FindChain(QuestionOf(key_types, schemes, authorities, type, context, *policy_));
    return own ? *std::move(own) : inner_->find_cert_chain(key_types, schemes, authorities, type, context);
  }
  Chain cert_chain(const Strings& key_types, const Schemes& schemes, const std::string& type,
                   const std::string& context) override {
    return find_cert_chain(key_types, schemes, {}, type, context);
  }
  std::shared_ptr<Botan::Public_Key> find_raw_public_key(const Strings& key_types, const std::string& type,
                                                         const std::string& context) override {
    if (type == "tls-client" && IsPretending()) return nullptr;
    return inner_->find_raw_public_key(key_types, type, context);
  }
  KeyHandle private_key_for(const Botan::Public_Key& raw, const std::string& type,
                            const std::string& context) override {
    return inner_->private_key_for(raw, type, context);
  }
  Botan::secure_vector<std::uint8_t> session_ticket_key() override { return inner_->session_ticket_key(); }
  Botan::secure_vector<std::uint8_t> dtls_cookie_secret() override { return inner_->dtls_cookie_secret(); }
  std::vector<Botan::TLS::ExternalPSK> find_preshared_keys(std::string_view host,
                                                           Botan::TLS::Connection_Side side,
                                                           const Strings& identities,
                                                           const std::optional<std::string>& prf) override {
    return inner_->find_preshared_keys(host, side, identities, prf);
  }
  std::optional<Botan::TLS::ExternalPSK> choose_preshared_key(
      std::string_view host, Botan::TLS::Connection_Side side, const Strings& identities,
      const std::optional<std::string>& prf) override {
    return inner_->choose_preshared_key(host, side, identities, prf);
  }
#else
  Chain find_cert_chain(const Strings& key_types, const Names& authorities, const std::string& type,
                        const std::string& context) override {
    std::optional<Chain> own = FindChain({key_types, authorities, type, context});
    return own ? *std::move(own) : inner_->find_cert_chain(key_types, authorities, type, context);
  }
  Chain cert_chain(const Strings& key_types, const std::string& type, const std::string& context) override {
    return find_cert_chain(key_types, {}, type, context);
  }
  bool attempt_srp(const std::string& type, const std::string& context) override {
    return inner_->attempt_srp(type, context);
  }
  std::string srp_identifier(const std::string& type, const std::string& context) override {
    return inner_->srp_identifier(type, context);
  }
  std::string srp_password(const std::string& type, const std::string& context,
                           const std::string& id) override {
    return inner_->srp_password(type, context, id);
  }
  bool srp_verifier(const std::string& type, const std::string& context, const std::string& id,
                    std::string& group, Botan::BigInt& verifier, ByteVector& salt, bool fake) override {
    return inner_->srp_verifier(type, context, id, group, verifier, salt, fake);
  }
#endif

 protected:
  // FindChain gives our chain, an empty one for "none fits", or nothing if `inner` is to answer.
  virtual std::optional<Chain> FindChain(const Question& question) = 0;
  // FindKey returns the key of one of Signet's certificates, else null.
  virtual std::shared_ptr<Botan::Private_Key> FindKey(const Botan::X509_Certificate& certificate,
                                                      const std::string& type) = 0;
  // IsPretending tells whether Botan was made to ask in this thread where the answer can only be empty.
  virtual bool IsPretending() const = 0;
  // policy is never null.
  const Botan::TLS::Policy& policy() const noexcept { return *policy_; }

 private:
  std::shared_ptr<Botan::Credentials_Manager> inner_;
  std::shared_ptr<const Botan::TLS::Policy> policy_;
};

}  // namespace signet::botan
