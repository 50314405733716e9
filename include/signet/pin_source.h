#pragma once

#include <signet/error.h>
#include <signet/export.h>
#include <signet/secret.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace signet {

// PinSource is the source of a PIN or password, with the same grammar in all places, like RFC 7512's
// pin-source: `file:PATH` (or a path with a slash, or the name of an existing file), `env:NAME`, `fd:N`,
// `credential:NAME` (systemd, $CREDENTIALS_DIRECTORY). It is cheap to copy. It is read at each use, so a
// changed PIN takes effect. Only a descriptor is read once, by Parse; if this fails, Read throws the
// error.
class SIGNET_EXPORT PinSource {
 public:
  PinSource() = default;  // no source: Read returns nothing
  // Parse reads the grammar above; throws Error kBadSetting, also for `|command`, which is not supported.
  static PinSource Parse(std::string_view text);
  // Value is the secret itself.
  static PinSource Value(Secret secret);
  // Names tells whether `text` begins like a source. If so, ParseOrValue parses it as a source, otherwise it
  // uses it as the PIN.
  static bool Names(std::string_view text) noexcept;
  static PinSource ParseOrValue(std::string_view text);

  // Read returns the secret (the first line of a file or pipe), or nothing without a source; throws Error
  // kUnreadable.
  std::optional<Secret> Read() const;
  // empty tells whether there is no source.
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
