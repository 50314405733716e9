#pragma once

#include "pkcs11/token/credentials.h"
#include "pkcs11/token/kept_secret.h"
#include "pkcs11/token/pin_policy.h"
#include <signet/secret.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// PinCandidate is a PIN that may be sent, and its origin.
struct PinCandidate {
  PinOrigin origin;
  Secret pin;
};

// PinCandidates are the PINs available for one login, the preferred one first: what the URI or the settings
// bring, as it may have been changed since, then what worked before.
class PinCandidates {
 public:
  // PinCandidates reads what `credentials` bring; `ledger_name` is the token's in the ledger of refused PINs.
  // The settings' PIN is among them only where the token `wants_login`. Throws Error kUnreadable if that
  // cannot be read and nothing was kept.
  PinCandidates(const Credentials& credentials, std::initializer_list<const KeptSecret*> kept,
                std::string ledger_name, bool wants_login);

  void Add(PinCandidate candidate);
  // facts are the information on them for the login machine.
  std::span<const PinFacts> facts() const noexcept { return facts_; }
  PinCandidate& at(std::size_t index) { return pins_.at(index); }

 private:
  std::string ledger_name_;
  std::vector<PinCandidate> pins_;
  std::vector<PinFacts> facts_;
};

}  // namespace signet::inline pkcs11
