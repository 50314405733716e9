#include "diagnosis/explanation.h"
#include "openssl_tls/answered.h"
#include "openssl_tls/ex_data.h"
#include "openssl_tls/failure.h"
#include <signet/openssl_tls.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace signet::openssl {
namespace {

// ReceivedAlert is the peer's fatal alert: the stored alert of the connection, or else the alert of libssl's
// newest reason.
std::optional<std::uint8_t> ReceivedAlert(SSL* connection) {
  if (const auto kept = AlertsOf(connection).received) return kept;
  const unsigned long code = ERR_peek_last_error();
  const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
  if (ERR_GET_LIB(code) != ERR_LIB_SSL || alert < 0 || alert > UINT8_MAX) return std::nullopt;
  return static_cast<std::uint8_t>(alert);
}

}  // namespace

Error HandshakeError(SSL* connection) {
  const auto answer = ExData<SSL, Answered>::Get(connection);
  const auto alert = ReceivedAlert(connection);
  const bool sent = answer != nullptr && answer->choice && !answer->error;
  const Error failure = Failure(connection, -1, alert, sent || answer == nullptr);
  const bool ours = answer != nullptr && answer->error;
  ERR_clear_error();
  return ExplainedError({.failure = ours ? *answer->error : failure,
                         .requested = answer != nullptr,
                         .sent = sent,
                         .by_server = alert.has_value(),
                         .choice = answer != nullptr ? &answer->choice : nullptr,
                         .alert = alert});
}

}  // namespace signet::openssl
