#include "diagnosis/explanation.h"
#include "handshake/alerts.h"
#include <signet/botan_credentials.h>

#include <cstdint>

namespace signet::botan {

Error HandshakeError(const CredentialsManager& manager, const Botan::TLS::Alert& alert) {
  const auto code = static_cast<std::uint8_t>(alert.type());
  const std::optional<Decision> decision = manager.last_decision();
  const bool sent = decision && decision->choice;
  const Error failure = AlertError(code, sent || !decision);
  HandshakeOutcome outcome{.failure = failure,
                           .requested = decision.has_value(),
                           .sent = sent,
                           .by_server = true,
                           .choice = decision ? &decision->choice : nullptr,
                           .alert = code};
  if (decision) {
    for (const Unusable& row : decision->unusable)
      outcome.aside.push_back({row.identity.subject(), row.reason});
  }
  return ExplainedError(outcome);
}

}  // namespace signet::botan
