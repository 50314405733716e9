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

// SigningError is a Signet Error on its way through Botan: a failed signature ends the handshake with it,
// after Botan has sent its alert. what() is the error's own line.
class SIGNET_EXPORT SigningError : public Botan::Exception {
 public:
  explicit SigningError(signet::Error error)
      : Botan::Exception(std::string(error.what())), error_(std::move(error)) {}
  const signet::Error& error() const noexcept { return error_; }

 private:
  signet::Error error_;
};

// Unusable is an identity that Botan's TLS cannot present, whatever the peer would say to it.
struct Unusable {
  Identity identity;
  std::string reason;  // one sentence without full stop, lower case
};

// Decision is what became of the identities in one handshake.
struct SIGNET_EXPORT Decision {
  // choice is over the identities that Botan can use; where it chose none, an empty Certificate was sent.
  Choice choice;
  std::vector<Unusable> unusable;
  // scheme is what Botan signs with: the first of its own policy that the peer takes, not the peer's first.
  std::optional<SignatureScheme> scheme;
  // exact tells whether the peer's schemes were known (Callbacks below) or had to be guessed.
  bool exact = false;

  // Explain gives one line for each identity: its URI, and why it was chosen or not.
  std::string Explain() const;
};

// Options say how a CredentialsManager chooses.
struct Options {
  // policy is the one that the connections are made with; null for Botan's default. It decides with which
  // scheme Botan signs, hence which identities are of use.
  std::shared_ptr<const Botan::TLS::Policy> policy;
  SelectionPolicy selection;
};

// CredentialsManager presents identities in TLS, as a client and as a server, and forwards all else (trust,
// PSK, session ticket key, cookie secret, SRP) to the application's own manager. Thread-safe; a manager for
// each connection costs little, and then last_decision is that connection's.
class SIGNET_EXPORT CredentialsManager : public Botan::Credentials_Manager {
 public:
  // Make wraps `inner`; null stands for a manager that has nothing. Where `identities` is empty, and for
  // purposes other than "tls-client" and "tls-server", certificates and keys are `inner`'s too.
  static std::shared_ptr<CredentialsManager> Make(IdentitySet identities,
                                                  std::shared_ptr<Botan::Credentials_Manager> inner,
                                                  Options options = {});

  // Inspect takes what the peer asked for from a handshake message of `connection`, which is any address of
  // the caller's that stands for it. What Botan asks for next in this thread is for that connection: from
  // within a callback of one, no other may run. Where Botan 3 would end a handshake because it signs with
  // none of a CertificateRequest's schemes, it is shown others: it asks then, and sends an empty Certificate.
  virtual void Inspect(const Botan::TLS::Handshake_Message& message, const void* connection) = 0;
  // Forget ends what is known of a connection.
  virtual void Forget(const void* connection) noexcept = 0;
  // last_decision is about the handshake that asked last, in any thread.
  virtual std::optional<Decision> last_decision() const = 0;
};

// Callbacks hands the exact signature schemes that the peer asked for to the selection: Botan does not tell a
// credentials manager, and ends the handshake where a certificate's key has none of them. One object for each
// connection, and for every connection of a manager or for none. Derive from it, or put it on top of a class
// of your own, whose tls_inspect_handshake_msg sees each message as it came.
template <class Base = Botan::TLS::Callbacks>
class Callbacks : public Base {
 public:
  template <class... Arguments>
  explicit Callbacks(std::shared_ptr<CredentialsManager> manager, Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...), manager_(std::move(manager)) {}
  ~Callbacks() override { manager_->Forget(this); }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  void tls_inspect_handshake_msg(const Botan::TLS::Handshake_Message& message) override {
    Base::tls_inspect_handshake_msg(message);
    manager_->Inspect(message, this);
  }

 private:
  std::shared_ptr<CredentialsManager> manager_;
};

// HandshakeError says why the peer ended a handshake with `alert`, as Callbacks::tls_alert has it: the cause,
// from what the peer asked for and what `manager` decided last, and the hint.
SIGNET_EXPORT Error HandshakeError(const CredentialsManager& manager, const Botan::TLS::Alert& alert);

// MakePrivateKey gives an identity's key to whatever signs in Botan outside TLS: PKCS#10, X.509, PK_Signer.
// Throws Error kUnsupported for a key that this Botan does not know.
SIGNET_EXPORT std::unique_ptr<Botan::Private_Key> MakePrivateKey(std::shared_ptr<PrivateKey> key);

// MakeCertificateStore gives the certificates of all chains, leaves included; throws Error kUnsupported for
// one that Botan cannot read.
SIGNET_EXPORT std::unique_ptr<Botan::Certificate_Store> MakeCertificateStore(
    const std::vector<Identity>& identities);

}  // namespace signet::botan
