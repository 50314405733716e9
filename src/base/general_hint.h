#pragma once

#include <signet/error.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace signet {

// ErrorRow is one ErrorCode: its stable spelling, and what to do about an error that brings no hint of its
// own.
struct ErrorRow {
  ErrorCode code;
  std::string_view name;
  std::string_view hint;
};

inline constexpr ErrorRow kErrorRows[] = {
    {ErrorCode::kCertificateOnly, "certificate-only", "Put the private key of this certificate beside it."},
    {ErrorCode::kKeyOnly, "key-only",
     "Put the certificate of this key beside it; on a token both have the same CKA_ID."},
    {ErrorCode::kNoSigningKey, "no-signing-key",
     "Use a key that may sign: CKA_SIGN on a token, and a type that TLS knows."},
    {ErrorCode::kKeyCertificateMismatch, "key-certificate-mismatch",
     "Put the certificate that was issued for this key beside it."},
    {ErrorCode::kWrongPassword, "wrong-password",
     "Give the right password, with pin-source or at the prompt."},
    {ErrorCode::kWrongPin, "wrong-pin",
     "Give the right PIN; each wrong one brings the token nearer to locking it."},
    {ErrorCode::kPinNeeded, "pin-needed", "Give the PIN with pin-source in the URI or at the prompt."},
    {ErrorCode::kPinLocked, "pin-locked",
     "Unlock the PIN with the card's PUK or its security officer's PIN."},
    {ErrorCode::kPinFinalTry, "pin-final-try",
     "Log in once with the tool that came with the card, or set allow-final-try = true if you are sure of "
     "the PIN."},
    {ErrorCode::kMalformed, "malformed",
     "Get the file or object anew from where it was made: this one is damaged."},
    {ErrorCode::kTooCostly, "too-costly",
     "Make the file anew with fewer iterations, or raise pkcs12-max-iterations, pkcs12-max-total-iterations "
     "or "
     "pkcs12-max-file-size."},
    {ErrorCode::kUnsupported, "unsupported", "Make it anew with an algorithm that is in use today."},
    {ErrorCode::kNotFound, "not-found", "Run `signet list` to see what there is."},
    {ErrorCode::kAmbiguous, "ambiguous", "Name one of them: `signet list` shows their URIs."},
    {ErrorCode::kUnreadable, "unreadable", "Check that the file is there and that this user may read it."},
    {ErrorCode::kTokenAbsent, "token-absent", "Insert the token, and check its name with `signet list`."},
    {ErrorCode::kTokenTrouble, "token-trouble",
     "Take the token out and insert it again; `signet doctor` shows its state."},
    {ErrorCode::kModuleTrouble, "module-trouble", "Check the module's path; `signet doctor` tries it."},
    {ErrorCode::kBadUri, "bad-uri", "Write pkcs11:... as in RFC 7512, or pkcs12:PATH."},
    {ErrorCode::kBadSetting, "bad-setting",
     "Correct the setting; `signet doctor` names those that we do not know."},
    {ErrorCode::kBadArgument, "bad-argument",
     "This is a mistake in the program that calls Signet: report it to its makers."},
    {ErrorCode::kTimeout, "timeout", "Check the connection to the token, or raise call-timeout-ms."},
    {ErrorCode::kHandshake, "handshake",
     "Run `signet handshake` against the server to see every message of the handshake."},
    {ErrorCode::kUntrustedServer, "untrusted-server",
     "Let the program trust the CA of the server's certificate, and use the name that is in it."},
    {ErrorCode::kNetwork, "network", "Check the host, the port and the network between."},
    {ErrorCode::kApplication, "application", "Look for the cause in the program, or in what it works with."},
    {ErrorCode::kInternal, "internal",
     "Report it with the calls to the token, which the setting call-log writes."},
};

inline const ErrorRow& ErrorRowOf(ErrorCode code) noexcept {
  const auto* row = std::ranges::find(kErrorRows, code, &ErrorRow::code);
  return row != std::end(kErrorRows) ? *row : *std::prev(std::end(kErrorRows));
}

// GeneralHint gives what to do about an error that brings no hint of its own, an imperative sentence:
// Error::hint() is never empty.
inline std::string_view GeneralHint(ErrorCode code) noexcept { return ErrorRowOf(code).hint; }

}  // namespace signet
