#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <botan/certstor.h>
#include <botan/credentials_manager.h>
#include <botan/exceptn.h>
#include <botan/pk_keys.h>
#include <botan/pkix_types.h>
#include <botan/tls_alert.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_policy.h>

namespace signet::botan {

// SigningError wraps a Signet Error as a Botan exception: a failed signature ends the handshake with it,
// after Botan has sent its alert. what() is the error's text.
class SIGNET_EXPORT SigningError : public Botan::Exception {
 public:
  // SigningError wraps `error`.
  explicit SigningError(signet::Error error)
      : Botan::Exception(std::string(error.what())), error_(std::move(error)) {}
  // error is the cause; it lives as long as this exception.
  const signet::Error& error() const noexcept { return error_; }

 private:
  signet::Error error_;
};

// Unusable is an identity that Botan's TLS cannot present, regardless of the peer's request.
struct Unusable {
  Identity identity;   // one of the manager's
  std::string reason;  // one sentence without full stop, lower case
};

// Decision is the result of the selection in one handshake.
struct SIGNET_EXPORT Decision {
  // choice is among the identities that Botan can use; if it selected none, an empty Certificate was sent.
  Choice choice;
  std::vector<Unusable> unusable;  // identities that were excluded before the choice
  // scheme is Botan's: the first scheme of its policy that the peer accepts, not the peer's first scheme.
  std::optional<SignatureScheme> scheme;
  // exact tells whether the peer's schemes were known (see Callbacks) or inferred.
  bool exact = false;

  // Explain gives one line for each identity: its URI, and why it was chosen or not.
  std::string Explain() const;
};

// Options say how a CredentialsManager chooses.
struct Options {
  // policy is the policy of the connections; null for Botan's default. It determines the scheme that Botan
  // signs with, and with it the usable identities.
  std::shared_ptr<const Botan::TLS::Policy> policy;
  SelectionPolicy selection;  // its stack_schemes are set from Botan's policy
};

// CredentialsManager presents identities in TLS, as a client and as a server, and forwards all other requests
// (trust, PSK, session ticket key, cookie secret, SRP) to the application's manager. Thread-safe. Managers
// are cheap: with one for each connection, last_decision belongs to that connection.
class SIGNET_EXPORT CredentialsManager : public Botan::Credentials_Manager {
 public:
  // Make wraps `inner`; null means an empty manager. If `identities` is empty, and for purposes other than
  // "tls-client" and "tls-server", certificates and keys also come from `inner`.
  static std::shared_ptr<CredentialsManager> Make(IdentitySet identities,
                                                  std::shared_ptr<Botan::Credentials_Manager> inner,
                                                  Options options = {});

  // Inspect reads the peer's request from a handshake message of `connection`, an address that identifies the
  // connection. Botan's next requests in this thread belong to this connection: a callback of one connection
  // must not run another connection. If Botan 3 supports none of a CertificateRequest's schemes, it is given
  // other schemes, so that it sends an empty Certificate and does not end the handshake.
  virtual void Inspect(const Botan::TLS::Handshake_Message& message, const void* connection) = 0;
  // Forget deletes the state of a connection.
  virtual void Forget(const void* connection) noexcept = 0;
  // last_decision belongs to the most recent handshake with a request, in any thread.
  virtual std::optional<Decision> last_decision() const = 0;
};

// Callbacks passes the peer's signature schemes to the selection: Botan does not pass them to a credentials
// manager, and ends the handshake if a certificate's key supports none of them. Use one object for each
// connection, and for all connections of a manager or for none. Derive from it, or use your own class as its
// base: its tls_inspect_handshake_msg gets each message unchanged.
template <class Base = Botan::TLS::Callbacks>
class Callbacks : public Base {
 public:
  // Callbacks passes `arguments` to the constructor of Base.
  template <class... Arguments>
  explicit Callbacks(std::shared_ptr<CredentialsManager> manager, Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...), manager_(std::move(manager)) {}
  ~Callbacks() override { manager_->Forget(this); }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  // tls_inspect_handshake_msg calls Base's, then shows the message to the manager.
  void tls_inspect_handshake_msg(const Botan::TLS::Handshake_Message& message) override {
    Base::tls_inspect_handshake_msg(message);
    manager_->Inspect(message, this);
  }

 private:
  std::shared_ptr<CredentialsManager> manager_;
};

// HandshakeError explains why the peer ended a handshake with `alert`, for use in Callbacks::tls_alert. The
// cause and the hint are derived from the peer's request and the last decision of `manager`.
SIGNET_EXPORT Error HandshakeError(const CredentialsManager& manager, const Botan::TLS::Alert& alert);

// MakePrivateKey returns an identity's key for signatures outside TLS: PKCS#10, X.509, PK_Signer.
// Throws Error kUnsupported for a key that this Botan does not support.
SIGNET_EXPORT std::unique_ptr<Botan::Private_Key> MakePrivateKey(std::shared_ptr<PrivateKey> key);

// MakeCertificateStore returns the certificates of all chains, including leaves; throws Error kUnsupported
// for a certificate that Botan cannot read.
SIGNET_EXPORT std::unique_ptr<Botan::Certificate_Store> MakeCertificateStore(
    const std::vector<Identity>& identities);

}  // namespace signet::botan
