#pragma once

#include <signet/error.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace signet::inline base {

// ErrorRow is one ErrorCode: its stable spelling, and what to do about an error that brings no hint of its
// own.
struct ErrorRow {
  ErrorCode code;
  std::string_view name;
  std::string_view hint;
};

inline constexpr ErrorRow kErrorRows[] = {
    {ErrorCode::kCertificateOnly, "certificate-only", "Add the private key of this certificate."},
    {ErrorCode::kKeyOnly, "key-only",
     "Add the certificate of this key; on a token, use the same CKA_ID for both."},
    {ErrorCode::kNoSigningKey, "no-signing-key",
     "Use a key that may sign: with CKA_SIGN on a token, and of a type that TLS supports."},
    {ErrorCode::kKeyCertificateMismatch, "key-certificate-mismatch",
     "Use the certificate that was issued for this key."},
    {ErrorCode::kWrongPassword, "wrong-password",
     "Give the correct password, with pin-source or at the prompt."},
    {ErrorCode::kWrongPin, "wrong-pin", "Give the correct PIN; several wrong PINs lock the token."},
    {ErrorCode::kPinNeeded, "pin-needed", "Give the PIN with pin-source in the URI or at the prompt."},
    {ErrorCode::kPinLocked, "pin-locked",
     "Unlock the PIN with the card's PUK or its security officer's PIN."},
    {ErrorCode::kPinFinalTry, "pin-final-try",
     "Log in once with the tool that came with the card, or set allow-final-try = true if you are sure of "
     "the PIN."},
    {ErrorCode::kMalformed, "malformed",
     "Obtain the file or object again from its source: this one is damaged."},
    {ErrorCode::kTooCostly, "too-costly",
     "Export the file again with fewer iterations, or raise pkcs12-max-iterations, "
     "pkcs12-max-total-iterations "
     "or "
     "pkcs12-max-file-size."},
    {ErrorCode::kUnsupported, "unsupported", "Create it again with a current algorithm."},
    {ErrorCode::kNotFound, "not-found", "Run `signet list` to see the available identities."},
    {ErrorCode::kAmbiguous, "ambiguous", "Name one of them: `signet list` shows their URIs."},
    {ErrorCode::kUnreadable, "unreadable", "Check that the file is there and that this user may read it."},
    {ErrorCode::kTokenAbsent, "token-absent", "Insert the token, and check its name with `signet list`."},
    {ErrorCode::kTokenTrouble, "token-trouble",
     "Remove and reinsert the token; `signet doctor` shows its state."},
    {ErrorCode::kModuleTrouble, "module-trouble", "Check the module's path; `signet doctor` tries it."},
    {ErrorCode::kBadUri, "bad-uri", "Write pkcs11:... as in RFC 7512, or pkcs12:PATH."},
    {ErrorCode::kBadSetting, "bad-setting", "Correct the setting; `signet doctor` lists unknown settings."},
    {ErrorCode::kBadArgument, "bad-argument",
     "Report this to the authors of the program: it calls Signet incorrectly."},
    {ErrorCode::kTimeout, "timeout", "Check the connection to the token, or raise call-timeout-ms."},
    {ErrorCode::kHandshake, "handshake",
     "Run `signet handshake` against the server to see every message of the handshake."},
    {ErrorCode::kUntrustedServer, "untrusted-server",
     "Configure the program to trust the CA of the server's certificate, and use a host name in the "
     "certificate."},
    {ErrorCode::kNetwork, "network", "Check the host, the port and the network between."},
    {ErrorCode::kApplication, "application", "Look for the cause in the program, or in what it works with."},
    {ErrorCode::kInternal, "internal",
     "Report this with a log of the calls to the token (setting call-log)."},
};

constexpr const ErrorRow& ErrorRowOf(ErrorCode code) noexcept {
  const auto* row = std::ranges::find(kErrorRows, code, &ErrorRow::code);
  return row != std::end(kErrorRows) ? *row : *std::prev(std::end(kErrorRows));
}

// GeneralHint gives what to do about an error that brings no hint of its own, an imperative sentence:
// Error::hint() is never empty.
inline std::string_view GeneralHint(ErrorCode code) noexcept { return ErrorRowOf(code).hint; }

}  // namespace signet::inline base
