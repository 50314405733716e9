#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/secret.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace signet {

// PinSource says where a PIN or password comes from. One grammar everywhere: `file:PATH` (or a path
// with a slash in it, or the name of a file that is there), `env:NAME`, `fd:N`, `credential:NAME` (systemd,
// $CREDENTIALS_DIRECTORY), as in RFC 7512's pin-source. It is cheap to copy and read again at each use, so
// that a rotated PIN is seen; a descriptor is read once, by Parse, and what kept it from being read is thrown
// by Read.
class SIGNET_EXPORT PinSource {
 public:
  PinSource() = default;  // no source: Read returns nothing
  // Parse reads the grammar above; throws Error kBadSetting, also for `|command`, which is refused.
  static PinSource Parse(std::string_view text);
  // Value is the secret itself.
  static PinSource Value(Secret secret);
  // Names tells whether `text` begins like a source. ParseOrValue takes it as one then, and as the PIN itself
  // otherwise.
  static bool Names(std::string_view text) noexcept;
  static PinSource ParseOrValue(std::string_view text);

  // Read gives the secret, of a file or pipe its first line, or nothing for no source; throws Error
  // kUnreadable.
  std::optional<Secret> Read() const;
  bool empty() const noexcept { return kind_ == Kind::kNone; }
  // is_value tells whether the source is the secret itself.
  bool is_value() const noexcept { return kind_ == Kind::kValue; }
  // description is for messages and never the secret: "file:/etc/pin", "value".
  std::string description() const;

 private:
  std::optional<Secret> ReadNow() const;

  enum class Kind { kNone, kValue, kFile, kEnvironment, kDescriptor, kCredential };
  Kind kind_ = Kind::kNone;
  std::string where_;
  std::shared_ptr<const Secret> value_;
  std::shared_ptr<const Error> failure_;  // of reading a descriptor
};

}  // namespace signet
