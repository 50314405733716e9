#include "identity/signature_schemes.h"
#include "openssl_provider/async_job.h"
#include "openssl_tls/answered.h"
#include "openssl_tls/error_strings.h"
#include "openssl_tls/ex_data.h"
#include "openssl_tls/native.h"
#include "openssl_tls/request.h"
#include <signet/openssl_tls.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>

namespace signet::openssl {
namespace {

constexpr bool kHasPostQuantum = OPENSSL_VERSION_PREREQ(3, 5);

// StackSchemes is what OpenSSL's libssl can put into a CertificateVerify.
std::vector<SignatureScheme> StackSchemes() {
  std::vector<SignatureScheme> schemes;
  for (const SchemeRow& row : SignatureSchemes()) {
    const bool post_quantum = row.algorithm.kind == SigningAlgorithm::Kind::kMlDsa;
    if (!post_quantum || kHasPostQuantum) schemes.push_back(row.scheme);
  }
  return schemes;
}

// UsesSha1 tells the schemes that libssl drops at every security level above 0.
bool UsesSha1(SignatureScheme scheme) { return RowOf(scheme).algorithm.hash == Hash::kSha1; }

// Security has libssl judge certificates by the connection's security level, or by the program's own security
// callback: it puts them on the connection, as Present does, and takes them off again. Versions of libssl
// differ in what they look at: that of 3.5.9 leaves out how a certificate was signed.
class Security {
 public:
  explicit Security(SSL* connection) : connection_(connection) {}

  // Refusal is SelectionPolicy::stack_refusal. The connection has no certificate afterwards.
  std::optional<Reason> Refusal(const Certificate& certificate, bool leaf) const {
    const OpenSslErrorMark mark;
    X509* native = certificate.native();
    const EVP_PKEY* key = X509_get0_pubkey(native);
    switch (RefusedBecause(native, leaf)) {
      case SSL_R_EE_KEY_TOO_SMALL:
      case SSL_R_CA_KEY_TOO_SMALL:
        return Reason{
            Reason::Code::kKeyTooWeak,
            fmt::format("the key in the certificate of {} is too weak for OpenSSL's security level {}: "
                        "{} bits of security",
                        certificate.subject(), SSL_get_security_level(connection_),
                        key != nullptr ? std::max(EVP_PKEY_get_security_bits(key), 0) : 0)};
      case SSL_R_CA_MD_TOO_WEAK:
        return Reason{Reason::Code::kSignatureTooWeak,
                      fmt::format("the signature on the certificate of {}, {}, is too weak for OpenSSL's "
                                  "security level {}",
                                  certificate.subject(), OBJ_nid2ln(X509_get_signature_nid(native)),
                                  SSL_get_security_level(connection_))};
      default:
        return leaf && key != nullptr ? CurveRefusal(native, key) : std::nullopt;
    }
  }

 private:
  // RefusedBecause gives libssl's reason code, 0 if it took the certificate.
  int RefusedBecause(X509* certificate, bool leaf) const {
    const bool taken = (leaf ? SSL_use_certificate(connection_, certificate)
                             : static_cast<int>(SSL_add1_chain_cert(connection_, certificate))) == 1;
    const int reason = taken ? 0 : ERR_GET_REASON(ERR_peek_last_error());
    SSL_certs_clear(connection_);
    return reason;
  }

  // In TLS 1.2 the curve of a key must be among the groups that the client's hello listed (RFC 8422
  // section 5.1): those of a client are its own.
  std::optional<Reason> CurveRefusal(X509* certificate, const EVP_PKEY* key) const {
    if (SSL_version(connection_) > TLS1_2_VERSION || EVP_PKEY_is_a(key, "EC") != 1) return std::nullopt;
    // A public key is enough for what is asked here.
    const int fits = SSL_check_chain(connection_, certificate, const_cast<EVP_PKEY*>(key), nullptr);
    if ((fits & CERT_PKEY_EE_PARAM) != 0) return std::nullopt;
    char curve[80] = "unknown";
    EVP_PKEY_get_group_name(key, curve, sizeof curve, nullptr);
    return Reason{
        Reason::Code::kCurveNotOffered,
        fmt::format("its key is on the curve {}, which the ClientHello does not list among its groups",
                    curve)};
  }

  SSL* connection_;
};

// DropUnshared takes from `stack` what the peer lists and libssl would not sign with: by its security level
// or by the connection's own list (SSL_set1_client_sigalgs).
void DropUnshared(SSL* connection, const CertificateRequest& request, std::vector<SignatureScheme>& stack) {
  const std::vector<SignatureScheme> shared = SchemesOf(connection, SSL_get_shared_sigalgs);
  if (shared.empty()) return;
  std::erase_if(stack, [&](SignatureScheme scheme) {
    return std::ranges::count(request.schemes, scheme) > 0 && std::ranges::count(shared, scheme) == 0;
  });
}

// Selector is what UseSelector leaves with an SSL_CTX or SSL. Any number of handshakes use it at once.
class Selector {
 public:
  Selector(IdentitySet identities, SelectorOptions options)
      : identities_(std::move(identities)), options_(std::move(options)) {
    if (options_.policy.stack.empty()) options_.policy.stack = "OpenSSL";
    if (options_.policy.stack_schemes.empty()) options_.policy.stack_schemes = StackSchemes();
  }

  const IdentitySet& identities() const noexcept { return identities_; }

  // Answer chooses and puts the chosen identity on `connection`; throws Error.
  void Answer(SSL* connection) {
    SSL_certs_clear(connection);
    SelectionPolicy policy = options_.policy;
    if (SSL_get_security_level(connection) > 0) std::erase_if(policy.stack_schemes, UsesSha1);
    const CertificateRequest request = ReadRequest(connection);
    DropUnshared(connection, request, policy.stack_schemes);
    const Security security(connection);
    if (!policy.stack_refusal) {
      policy.stack_refusal = [&](const Certificate& certificate, bool leaf) {
        return security.Refusal(certificate, leaf);
      };
    }
    const Choice choice = Select(request, identities_, policy, std::chrono::system_clock::now());
    const auto answered = std::make_shared<Answered>(Answered{choice, std::nullopt});
    ExData<SSL, Answered>::Set(connection, answered);
    if (options_.on_choice) options_.on_choice(choice);
    if (choice.outcome() == Choice::Outcome::kPinnedUnusable) throw PinnedUnusable(choice);
    if (const Identity* identity = choice.identity()) {
      if (!options_.allow_unverified_server) ExpectVerified(connection);
      Present(connection, *identity, answered);
    }
  }

  void Failed(SSL* connection, const Error& error) const {
    if (const auto answer = ExData<SSL, Answered>::Get(connection)) answer->error = error;
    if (options_.on_error) options_.on_error(error);
  }

 private:
  // ExpectVerified throws if the application lets a handshake continue with a server that failed its
  // verification: OpenSSL's clients verify nothing by default.
  static void ExpectVerified(SSL* connection) {
    const long result = SSL_get_verify_result(connection);
    const bool enforced = (SSL_get_verify_mode(connection) & SSL_VERIFY_PEER) != 0;
    if (SSL_is_server(connection) == 1 || enforced || result == X509_V_OK) return;
    throw Error(
        {.code = ErrorCode::kUntrustedServer,
         .detail = fmt::format("the server's certificate could not be verified: {}",
                               X509_verify_cert_error_string(result)),
         .hint = "Let the program verify servers (SSL_CTX_set_verify with SSL_VERIFY_PEER) and trust this "
                 "server's CA."});
  }

  static Error PinnedUnusable(const Choice& choice) {
    for (const Choice::Considered& considered : choice.considered()) {
      if (considered.reasons.empty() || considered.reasons.front().code == Reason::Code::kNotPinned) continue;
      return Error({.code = ErrorCode::kUnsupported,
                    .detail = considered.reasons.front().text,
                    .uri = considered.identity.uri(),
                    .hint = "Use another identity."});
    }
    return Error({.code = ErrorCode::kNotFound,
                  .detail = "the pinned identity is not among the given identities",
                  .hint = "Pin one of the given identities, by its URI or its certificate's SHA-256."});
  }

  // Unlock may ask a person and waits for the token: in an async job the handshake is paused meanwhile.
  static void Unlock(const std::shared_ptr<PrivateKey>& key) {
    if (!key->locked()) return;
    provider::RunPausable(*key, [key] {
      key->Unlock();
      return true;
    });
  }

  void Present(SSL* connection, const Identity& identity, const std::shared_ptr<Answered>& answered) {
    Unlock(identity.key());
    // A key in a token is made for this connection, which learns why a signature failed.
    const KeyPtr key = identity.key()->in_hardware()
                           ? MakeKey(Watched(identity.key(), answered), options_.library)
                           : KeyOf(identity);
    const OpenSslPtr<X509> leaf = NativeCertificate(identity.leaf(), options_.library);
    const OpenSslPtr<STACK_OF(X509)> intermediates = NativeIntermediates(identity.chain(), options_.library);
    // What is sent is the identity's chain, not what the connection's trust store could add to it.
    SSL_set_mode(connection, SSL_MODE_NO_AUTO_CHAIN);
    CheckOpenSsl(SSL_use_cert_and_key(connection, leaf.get(), key.get(), intermediates.get(), 1),
                 "SSL_use_cert_and_key");
  }

  // KeyOf makes the EVP_PKEY of an identity once.
  KeyPtr KeyOf(const Identity& identity) {
    const std::lock_guard lock(mutex_);
    KeyPtr& key = keys_[identity.key()];
    if (key == nullptr) key = MakeKey(identity.key(), options_.library);
    CheckOpenSsl(EVP_PKEY_up_ref(key.get()), "EVP_PKEY_up_ref");
    return KeyPtr(key.get());
  }

  const IdentitySet identities_;
  SelectorOptions options_;
  std::mutex mutex_;
  std::map<std::shared_ptr<PrivateKey>, KeyPtr> keys_;
};

// AnswerRequest is the certificate callback; `argument` lives with the SSL_CTX or SSL that it was set on.
int AnswerRequest(SSL* connection, void* argument) noexcept {
  auto& selector = *static_cast<Selector*>(argument);
  try {
    // What is left in the queue would make SSL_get_error take this handshake for a failed one.
    const OpenSslErrorMark mark;
    selector.Answer(connection);
    return 1;
  } catch (const Error& error) {
    RaiseError(error);
    selector.Failed(connection, error);
  } catch (const std::exception& unexpected) {
    const Error error({.code = ErrorCode::kInternal, .detail = unexpected.what()});
    RaiseError(error);
    selector.Failed(connection, error);
  }
  return 0;
}

// ListName is how SSL_set1_client_sigalgs_list calls a scheme: OpenSSL 3.0 has no IANA names for the oldest
// ones.
std::string ListName(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPkcs1Sha1:
      return "RSA+SHA1";
    case SignatureScheme::kRsaPkcs1Sha224:
      return "RSA+SHA224";
    case SignatureScheme::kEcdsaSha1:
      return "ECDSA+SHA1";
    case SignatureScheme::kEcdsaSha224:
      return "ECDSA+SHA224";
    default:
      return std::string(Name(scheme));
  }
}

// NoKeyHas tells whether there are keys of the type among the identities and none can sign with `row`: a card
// without PSS, a store that hashes only with SHA-256. libssl would select it anyway, by the key's type alone.
bool NoKeyHas(const SchemeRow& row, const IdentitySet& identities) {
  bool concerned = false;
  for (const Identity& identity : identities.identities()) {
    const PrivateKey& key = *identity.key();
    if (row.key != key.type()) continue;
    if (std::ranges::count(key.schemes(), row.scheme) > 0) return false;
    if (row.key == KeyType::kEc && key.Supports(row.algorithm)) return false;  // TLS 1.2: on any curve
    concerned = true;
  }
  return concerned;
}

// ClientSchemes lists, as SSL_set1_client_sigalgs_list takes it, what a client's keys can sign with; empty
// where that is all.
std::string ClientSchemes(const IdentitySet& identities) {
  std::string names;
  bool all = true;
  for (const SignatureScheme scheme : StackSchemes()) {
    if (NoKeyHas(RowOf(scheme), identities)) {
      all = false;
      continue;
    }
    if (!names.empty()) names += ':';
    names += ListName(scheme);
  }
  return all ? std::string() : names;
}

}  // namespace

void UseSelector(SSL_CTX* context, IdentitySet identities, SelectorOptions options) {
  auto selector = std::make_shared<Selector>(std::move(identities), std::move(options));
  WatchOidFilters(context);
  // On a server the same list would be what it asks its clients for.
  const std::string schemes = ClientSchemes(selector->identities());
  if (!schemes.empty() && SSL_CTX_get_ssl_method(context) == TLS_client_method()) {
    CheckOpenSsl(static_cast<int>(SSL_CTX_set1_client_sigalgs_list(context, schemes.c_str())),
                 "SSL_CTX_set1_client_sigalgs_list");
  }
  WatchAlerts(context);
  SSL_CTX_set_cert_cb(context, AnswerRequest, selector.get());
  ExData<SSL_CTX, Selector>::Set(context, std::move(selector));
}

void UseSelector(SSL* connection, IdentitySet identities, SelectorOptions options) {
  auto selector = std::make_shared<Selector>(std::move(identities), std::move(options));
  const std::string schemes = ClientSchemes(selector->identities());
  if (!schemes.empty() && SSL_is_server(connection) == 0) {
    CheckOpenSsl(static_cast<int>(SSL_set1_client_sigalgs_list(connection, schemes.c_str())),
                 "SSL_set1_client_sigalgs_list");
  }
  WatchAlerts(connection);
  SSL_set_cert_cb(connection, AnswerRequest, selector.get());
  ExData<SSL, Selector>::Set(connection, std::move(selector));
}

void UseIdentity(SSL_CTX* context, const Identity& identity, OSSL_LIB_CTX* library) {
  const OpenSslErrorMark mark;
  const KeyPtr key = MakeKey(identity.key(), library);
  const OpenSslPtr<X509> leaf = NativeCertificate(identity.leaf(), library);
  const OpenSslPtr<STACK_OF(X509)> intermediates = NativeIntermediates(identity.chain(), library);
  CheckOpenSsl(SSL_CTX_use_cert_and_key(context, leaf.get(), key.get(), intermediates.get(), 1),
               "SSL_CTX_use_cert_and_key");
}

void UseIdentity(SSL* connection, const Identity& identity, OSSL_LIB_CTX* library) {
  const OpenSslErrorMark mark;
  const KeyPtr key = MakeKey(identity.key(), library);
  const OpenSslPtr<X509> leaf = NativeCertificate(identity.leaf(), library);
  const OpenSslPtr<STACK_OF(X509)> intermediates = NativeIntermediates(identity.chain(), library);
  CheckOpenSsl(SSL_use_cert_and_key(connection, leaf.get(), key.get(), intermediates.get(), 1),
               "SSL_use_cert_and_key");
}

}  // namespace signet::openssl
