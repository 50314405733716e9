#pragma once

#include <signet/certificate_request.h>
#include <signet/error.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline inspector {

enum class Direction { kSent, kReceived };

// HandshakeMessage is one message of a TLS connection as it was on the wire, in order.
struct HandshakeMessage {
  Direction direction = Direction::kSent;
  std::uint8_t record_type = 22;  // of the outer record: 23 for what TLS 1.3 encrypts
  std::string message;            // "ClientHello", "ChangeCipherSpec", "Alert"; empty: not even that is seen
  std::optional<std::size_t> length;  // bytes, with the handshake header; nothing if it cannot be seen
  std::vector<std::string> details;   // what matters in it, one line each
  std::string why;                    // what hides it; empty if nothing does
};

// ConsideredIdentity is an identity that was offered for the handshake, and the result of it.
struct ConsideredIdentity {
  std::string uri;
  std::string subject;
  bool chosen = false;
  std::vector<std::string> reasons;  // why it was chosen, or why not; one sentence each
};

// SentCertificate says which identity was presented. A server that asks for none gets none.
struct SentCertificate {
  bool sent = false;  // a Certificate message that was not empty left
  std::string uri;
  std::string subject;
  std::string issuer;
  std::string scheme;  // IANA name, of CertificateVerify
};

// CertificateVerifyCheck is our own check of the CertificateVerify signature against the transcript.
struct CertificateVerifyCheck {
  std::string scheme;
  std::optional<bool> verified;  // nothing if it could not be checked
  std::string why;               // why not, where it could not be checked or is wrong
};

// ApplicationTrip is one request and its response after the handshake.
struct ApplicationTrip {
  std::size_t sent = 0;  // bytes
  std::size_t received = 0;
  std::string first_line;  // of the response, printable
};

// HandshakeReport is all that is known of one connection, whether it came to a good end or not.
struct HandshakeReport {
  std::string stack;     // "openssl"
  std::string protocol;  // "TLSv1.3"; empty when none was agreed on
  std::string cipher;    // IANA name
  bool resumed = false;
  bool server_verified = false;
  std::string server_subject;
  SentCertificate client_certificate;
  std::optional<CertificateRequest> certificate_request;  // nothing: the server asked for no certificate
  std::vector<ConsideredIdentity> considered;
  std::optional<Choice> choice;       // what was answered to the request
  std::optional<std::uint8_t> alert;  // the fatal one that the server sent
  std::vector<HandshakeMessage> messages;
  CertificateVerifyCheck certificate_verify;
  std::optional<ApplicationTrip> application;
  std::chrono::duration<double, std::milli> timing{};  // from the first byte to the end of the handshake
  std::optional<Error> failure;
};

}  // namespace signet::inline inspector
