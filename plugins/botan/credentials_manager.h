#pragma once

#include "botan/private_key.h"
#include "botan/version.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace signet::botan {

// Manager is the one CredentialsManager.
class Manager final : public ManagerBase {
 public:
  Manager(const IdentitySet& identities, std::shared_ptr<Botan::Credentials_Manager> inner, Options options);

  void Inspect(const Botan::TLS::Handshake_Message& message, const void* connection) override;
  void Forget(const void* connection) noexcept override;
  std::optional<Decision> last_decision() const override;

 protected:
  std::optional<Chain> FindChain(const Question& question) override;
  std::shared_ptr<Botan::Private_Key> FindKey(const Botan::X509_Certificate& certificate,
                                              const std::string& type) override;
  bool IsPretending() const override;

 private:
  // Label tells identities apart: two may have one URI, when a certificate was renewed.
  using Label = std::pair<std::string, ByteVector>;
  // Converted is an identity in Botan's terms.
  struct Converted {
    Chain chain;
    std::shared_ptr<Botan::Private_Key> key;
  };
  // Turn is what a thread is about: Botan asks for the chains and the key of one connection in one go.
  struct Turn {
    const void* connection = nullptr;  // whose message was inspected last
    std::set<std::string> asked;       // a server of TLS 1.2 asks for each key type by itself
    std::vector<Decision> chosen;      // in this handshake, newest last
  };

  bool IsEmpty() const noexcept { return usable_.empty() && unusable_.empty(); }
  void Convert(const Identity& identity, std::vector<Identity>& usable);
  // Inspected is what the current connection's peer asked for.
  std::optional<CertificateRequest> Inspected(CertificateRequest::Role role) const;
  // ExpectedRequest is what was inspected, where it is about the handshake that this thread is asked for.
  std::optional<CertificateRequest> ExpectedRequest(const CertificateRequest& guessed) const;
  Decision Decide(const CertificateRequest& request, const std::vector<SignatureScheme>& stack) const;
  void Keep(Decision decision, const Question& question);
  // ChainOf gives the certificates to send: those on the path that was chosen.
  Chain ChainOf(const Identity& chosen) const;
  bool HasKeyOf(const Strings& key_types) const;

  const SelectionPolicy selection_;
  IdentitySet usable_;
  std::vector<Unusable> unusable_;
  std::map<Label, Converted> converted_;

  mutable std::mutex mutex_;  // guards what is below
  // expected_ is by connection and by whose certificate it is about: a server inspects its own request, too.
  std::map<std::pair<const void*, CertificateRequest::Role>, CertificateRequest> expected_;
  std::map<std::thread::id, Turn> turns_;
  std::optional<Decision> last_decision_;
};

}  // namespace signet::botan
