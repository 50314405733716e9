#include "pkcs11/token/pin_candidates.h"

#include "process/refused_pin_ledger.h"
#include <signet/error.h>

#include <optional>
#include <utility>

namespace signet::inline pkcs11 {

PinCandidates::PinCandidates(const Credentials& credentials, std::initializer_list<const KeptSecret*> kept,
                             std::string ledger_name, bool wants_login)
    : ledger_name_(std::move(ledger_name)) {
  std::optional<Error> unreadable;
  try {
    const bool meant = wants_login || !credentials.pin_is_configured;
    if (auto brought = meant ? credentials.pin.Read() : std::nullopt) {
      Add({credentials.pin.is_value() ? PinOrigin::kUriValue : PinOrigin::kSource, *std::move(brought)});
    }
  } catch (const Error& error) {
    unreadable = error.WithUri(credentials.uri);
  }
  for (const KeptSecret* keeper : kept) {
    const Secret* pin = keeper->get();
    if (pin != nullptr) Add({PinOrigin::kKept, pin->Clone()});
  }
  if (pins_.empty() && unreadable) throw *std::move(unreadable);
}

void PinCandidates::Add(PinCandidate candidate) {
  facts_.push_back({.origin = candidate.origin,
                    .empty = candidate.pin.size() == 0,
                    .refused = RefusedPinLedger::WasRefused(ledger_name_, candidate.pin)});
  pins_.push_back(std::move(candidate));
}

}  // namespace signet::inline pkcs11
