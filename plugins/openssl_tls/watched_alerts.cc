#include "openssl_tls/answered.h"
#include "openssl_tls/ex_data.h"

#include <openssl/ssl.h>

namespace signet::openssl {
namespace {

using InfoCallback = void (*)(const SSL*, int, int);

// NextCallback is the program's own info callback, which ours calls.
struct NextCallback {
  InfoCallback call = nullptr;
};

void Keep(SSL* connection, int where, std::uint8_t alert) {
  auto alerts = ExData<SSL, FatalAlerts>::Get(connection);
  if (alerts == nullptr) {
    alerts = std::make_shared<FatalAlerts>();
    ExData<SSL, FatalAlerts>::Set(connection, alerts);
  }
  ((where & SSL_CB_READ) != 0 ? alerts->received : alerts->sent) = alert;
}

void SeeInfo(const SSL* constant, int where, int value) noexcept {
  auto* connection = const_cast<SSL*>(constant);
  try {
    // The high byte is the level: 2 for a fatal alert (RFC 5246 section 7.2).
    if ((where & SSL_CB_ALERT) != 0 && value >> 8 == SSL3_AL_FATAL) {
      Keep(connection, where, static_cast<std::uint8_t>(value & 0xff));
    }
    auto next = ExData<SSL, NextCallback>::Get(connection);
    if (next == nullptr) next = ExData<SSL_CTX, NextCallback>::Get(SSL_get_SSL_CTX(connection));
    if (next != nullptr && next->call != nullptr) next->call(constant, where, value);
  } catch (...) {
    // Out of memory: the alert is not kept, and HandshakeError reads it from the ERR queue.
  }
}

}  // namespace

void WatchAlerts(SSL_CTX* context) {
  const InfoCallback now = SSL_CTX_get_info_callback(context);
  if (now == SeeInfo) return;
  ExData<SSL_CTX, NextCallback>::Set(context, std::make_shared<NextCallback>(NextCallback{now}));
  SSL_CTX_set_info_callback(context, SeeInfo);
}

void WatchAlerts(SSL* connection) {
  InfoCallback now = SSL_get_info_callback(connection);
  if (now == SeeInfo) return;
  if (now == nullptr) now = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(connection));
  if (now != SeeInfo)
    ExData<SSL, NextCallback>::Set(connection, std::make_shared<NextCallback>(NextCallback{now}));
  SSL_set_info_callback(connection, SeeInfo);
}

FatalAlerts AlertsOf(SSL* connection) {
  const auto alerts = ExData<SSL, FatalAlerts>::Get(connection);
  return alerts != nullptr ? *alerts : FatalAlerts{};
}

}  // namespace signet::openssl
