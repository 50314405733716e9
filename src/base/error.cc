#include <signet/error.h>

#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

struct CodeName {
  ErrorCode code;
  std::string_view name;
};

constexpr CodeName kNames[] = {
    {ErrorCode::kCertificateOnly, "certificate-only"},
    {ErrorCode::kKeyOnly, "key-only"},
    {ErrorCode::kNoSigningKey, "no-signing-key"},
    {ErrorCode::kKeyCertificateMismatch, "key-certificate-mismatch"},
    {ErrorCode::kWrongPassword, "wrong-password"},
    {ErrorCode::kWrongPin, "wrong-pin"},
    {ErrorCode::kPinNeeded, "pin-needed"},
    {ErrorCode::kPinLocked, "pin-locked"},
    {ErrorCode::kPinFinalTry, "pin-final-try"},
    {ErrorCode::kMalformed, "malformed"},
    {ErrorCode::kTooCostly, "too-costly"},
    {ErrorCode::kUnsupported, "unsupported"},
    {ErrorCode::kNotFound, "not-found"},
    {ErrorCode::kAmbiguous, "ambiguous"},
    {ErrorCode::kUnreadable, "unreadable"},
    {ErrorCode::kTokenAbsent, "token-absent"},
    {ErrorCode::kTokenTrouble, "token-trouble"},
    {ErrorCode::kModuleTrouble, "module-trouble"},
    {ErrorCode::kBadUri, "bad-uri"},
    {ErrorCode::kBadSetting, "bad-setting"},
    {ErrorCode::kBadArgument, "bad-argument"},
    {ErrorCode::kTimeout, "timeout"},
    {ErrorCode::kHandshake, "handshake"},
    {ErrorCode::kUntrustedServer, "untrusted-server"},
    {ErrorCode::kNetwork, "network"},
    {ErrorCode::kInternal, "internal"},
};

std::string OneLine(const Error::Fields& fields) {
  std::string text = fields.uri.empty() ? fields.detail : fmt::format("{}: {}", fields.uri, fields.detail);
  if (!fields.call.empty() || !fields.native.name.empty()) {
    const char* space = !fields.call.empty() && !fields.native.name.empty() ? ": " : "";
    text += fmt::format(" ({}{}{})", fields.call, space, fields.native.name);
  }
  if (!fields.mend.empty()) text += fmt::format(". {}", fields.mend);
  return text;
}

}  // namespace

std::string_view Name(ErrorCode code) noexcept {
  for (const CodeName& row : kNames) {
    if (row.code == code) return row.name;
  }
  return "internal";
}

Error::Error(Fields fields) : fields_(std::move(fields)), what_(OneLine(fields_)) {}

Error Error::WithUri(std::string_view uri) const {
  if (!fields_.uri.empty()) return *this;
  Fields fields = fields_;
  fields.uri = uri;
  return Error(std::move(fields));
}

}  // namespace signet
