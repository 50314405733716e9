#pragma once

#include "inspector/exchange.h"
#include "inspector/recorder.h"
#include "inspector/socket.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <poll.h>

// What a client waits for after its handshake. A TLS 1.3 server refuses a certificate only then.
namespace signet::inline inspector {

inline constexpr std::size_t kEnoughResponse = 65536;
inline constexpr std::chrono::milliseconds kQuietAfterResponse{500};
inline constexpr std::chrono::milliseconds kQuietAfterHandshake{2000};

// ServerAccepted tells whether the server showed that it accepted the client's side of the handshake.
inline bool ServerAccepted(const Recorder& recorder) {
  if (recorder.version() < kTls13) return true;
  return std::ranges::any_of(recorder.messages(), [](const HandshakeMessage& message) {
    return message.direction == Direction::kReceived && message.message == "NewSessionTicket";
  });
}

// VerdictTime is how long a TLS 1.3 server gets to refuse the certificate before the request is sent.
// `handshake` is the time that the handshake took.
inline std::chrono::milliseconds VerdictTime(std::chrono::duration<double, std::milli> handshake) {
  using std::chrono::milliseconds;
  return std::clamp(std::chrono::duration_cast<milliseconds>(3 * handshake), milliseconds(100),
                    milliseconds(1000));
}

// ReadResponse reads until the server closes, is silent, or has sent enough; or, if `until_accepted`, until
// ServerAccepted. It waits up to `patience`, and returns why the connection failed. `Connection` is that of a
// stack whose connection is on a WireTape.
template <class Connection>
std::optional<Error> ReadResponse(Connection& connection, WaitBudget& budget,
                                  std::chrono::milliseconds patience, bool until_accepted) {
  const std::string& response = connection.response();
  const auto accepted = [&] { return ServerAccepted(connection.Play().recorder); };
  while (response.size() < kEnoughResponse && !(until_accepted && accepted())) {
    std::chrono::milliseconds quiet = patience;
    if (!response.empty()) quiet = std::min(patience, kQuietAfterResponse);
    if (response.empty() && accepted()) quiet = std::min(patience, kQuietAfterHandshake);
    if (!connection.pending() && !budget.Wait(POLLIN, quiet)) {
      connection.GiveUp();
    } else if (connection.Pump()) {
      continue;
    }
    const bool refused = connection.Play().recorder.received_alert().has_value();
    if (!refused && (connection.silent() || accepted() || !response.empty())) break;
    return connection.Failure();
  }
  return std::nullopt;
}

// TakeResponse writes the response into the trip and the report, and finds a refusal in it.
inline void TakeResponse(const std::string& response, bool asked_for, ApplicationTrip trip,
                         HandshakeReport& report) {
  trip.received = response.size();
  trip.first_line = FirstLine(response);
  report.application = trip;
  if (!report.failure) report.failure = RefusalInResponse(response, asked_for);
}

}  // namespace signet::inline inspector
