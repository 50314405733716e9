// Why a handshake failed.
#include "c_abi/guard.h"
#include "diagnosis/explanation.h"
#include "handshake/alerts.h"

namespace signet::c_abi {
namespace {

Error FailureOf(int alert, bool sent, const signet_error* failure) {
  if (failure != nullptr) return failure->error;
  if (alert >= 0) return AlertError(static_cast<std::uint8_t>(alert), sent);
  return Error({.code = ErrorCode::kHandshake, .detail = "the handshake failed"});
}

}  // namespace
}  // namespace signet::c_abi

extern "C" signet_error* signet_handshake_error(const signet_choice* choice, int alert,
                                                const signet_error* failure) {
  using namespace signet;  // NOLINT: of this function
  signet_error* raised = nullptr;
  signet_error* made = c_abi::Guard(&raised, static_cast<signet_error*>(nullptr), [&] {
    const bool by_server = alert >= 0 && alert <= UINT8_MAX;
    const bool ours = failure != nullptr && failure->error.code() != ErrorCode::kHandshake;
    const bool sent = choice != nullptr && choice->made && *choice->made && !ours;
    // A server that asked for nothing may not want a certificate at all.
    const Error error = c_abi::FailureOf(by_server ? alert : -1, sent || choice == nullptr, failure);
    HandshakeOutcome outcome{.failure = error,
                             .requested = choice != nullptr,
                             .sent = sent,
                             .by_server = by_server,
                             .choice = choice != nullptr && choice->made ? &*choice->made : nullptr};
    if (by_server) outcome.alert = static_cast<std::uint8_t>(alert);
    return c_abi::Made(signet_error{ExplainedError(outcome)});
  });
  return made != nullptr ? made : raised;
}
