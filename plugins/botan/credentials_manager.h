#pragma once

#include "botan/private_key.h"
#include "botan/version.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace signet::botan {

// Manager is the one CredentialsManager.
class Manager final : public ManagerBase {
 public:
  Manager(const IdentitySet& identities, std::shared_ptr<Botan::Credentials_Manager> inner, Options options);

  void Inspect(const Botan::TLS::Handshake_Message& message) override;
  std::optional<Decision> last_decision() const override;

 protected:
  std::optional<Chain> FindChain(const Strings& key_types, const Names& authorities, const std::string& type,
                                 const std::string& context) override;
  std::shared_ptr<Botan::Private_Key> FindKey(const Botan::X509_Certificate& certificate,
                                              const std::string& type) override;

 private:
  // Converted is an identity in Botan's terms.
  struct Converted {
    Chain chain;
    std::shared_ptr<Botan::Private_Key> key;
  };

  void Convert(const Identity& identity, std::vector<Identity>& usable);
  // ExpectedRequest is what Inspect saw in this thread, where it is about the same handshake.
  std::optional<CertificateRequest> ExpectedRequest(const CertificateRequest& guessed) const;
  Decision Decide(const CertificateRequest& request, const std::vector<SignatureScheme>& stack) const;
  void Keep(Decision decision);

  const Options options_;
  IdentitySet usable_;
  std::vector<Unusable> unusable_;
  std::map<std::string, Converted> converted_;  // by URI

  mutable std::mutex mutex_;  // guards what is below
  std::map<std::thread::id, CertificateRequest> expected_;
  std::optional<Decision> last_decision_;
};

}  // namespace signet::botan
