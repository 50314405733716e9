#include "base/file.h"
#include <signet/error.h>
#include <signet/pin_source.h>

#include <charconv>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace signet {
namespace {

// ConsumePrefix strips `prefix` from `text` and tells whether it was there.
bool ConsumePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

const char* Environment(const std::string& name) {
  const char* value = secure_getenv(name.c_str());
  if (value != nullptr) return value;
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = fmt::format("the environment variable {} is not set", name),
               .hint = "Set it, or name another pin-source."});
}

[[noreturn]] void ThrowBadSource(std::string detail) {
  throw Error({.code = ErrorCode::kBadSetting,
               .detail = std::move(detail),
               .hint = "Use file:PATH, env:NAME, fd:N or credential:NAME."});
}

// IsRelativePath tells a path without `file:`, as other programs take it: a colon behind the first slash
// makes no kind (RFC 3986 section 4.2). What is neither a path by its slash nor the name of a file may be a
// PIN in the wrong place, and is not taken for one.
bool IsRelativePath(std::string_view text) {
  const auto mark = text.find_first_of(":/");
  if (text.starts_with('|')) return false;
  if (mark != std::string_view::npos) return text[mark] == '/';
  return !text.empty() && access(std::string(text).c_str(), F_OK) == 0;
}

}  // namespace

PinSource PinSource::Parse(std::string_view text) {
  PinSource source;
  if (text.starts_with("|")) {
    throw Error({.code = ErrorCode::kBadSetting,
                 .detail = "a pin-source that runs a command is not supported",
                 .hint = "Write the PIN to a file that only this user may read, and use file:PATH."});
  }
  if (IsRelativePath(text)) {
    source.kind_ = Kind::kFile;
  } else if (ConsumePrefix(text, "file:")) {
    ConsumePrefix(text, "//localhost") || (text.starts_with("///") && ConsumePrefix(text, "//"));
    source.kind_ = Kind::kFile;
  } else if (ConsumePrefix(text, "env:")) {
    source.kind_ = Kind::kEnvironment;
  } else if (ConsumePrefix(text, "fd:")) {
    source.kind_ = Kind::kDescriptor;
  } else if (ConsumePrefix(text, "credential:")) {
    source.kind_ = Kind::kCredential;
    if (text.find('/') != std::string_view::npos || text.starts_with("."))
      ThrowBadSource("a credential is a name, not a path");
  } else {
    ThrowBadSource("the type of the pin-source is unknown");
  }
  if (text.empty()) ThrowBadSource("the pin-source has no value");
  source.where_ = text;
  if (source.kind_ == Kind::kDescriptor) {
    int descriptor = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), descriptor);
    if (error != std::errc() || end != text.data() + text.size() || descriptor < 0) {
      ThrowBadSource("fd: requires the number of an open descriptor");
    }
    // Read now: the descriptor gives its bytes once, and may be closed later.
    try {
      source.value_ = std::make_shared<const Secret>(ReadPinDescriptor(descriptor));
    } catch (const Error& failure) {
      source.failure_ = std::make_shared<const Error>(failure);
    }
  }
  return source;
}

PinSource PinSource::Value(Secret secret) {
  PinSource source;
  source.kind_ = Kind::kValue;
  source.value_ = std::make_shared<const Secret>(std::move(secret));
  return source;
}

bool PinSource::Names(std::string_view text) noexcept {
  for (const std::string_view prefix : {"file:", "env:", "fd:", "credential:", "/", "|"}) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

PinSource PinSource::ParseOrValue(std::string_view text) {
  if (Names(text)) return Parse(text);
  return text.empty() ? PinSource() : Value(Secret(text));
}

std::optional<Secret> PinSource::Read() const {
  try {
    return ReadNow();
  } catch (const Error& error) {
    Error::Fields fields = error.fields();
    fields.detail = fmt::format("the pin-source {}: {}", description(), error.detail());
    throw Error(std::move(fields));
  }
}

std::optional<Secret> PinSource::ReadNow() const {
  switch (kind_) {
    case Kind::kNone:
      return std::nullopt;
    case Kind::kValue:
    case Kind::kDescriptor:
      if (failure_ != nullptr) throw Error(*failure_);
      return value_->Clone();
    case Kind::kFile:
      return ReadPinFile(where_);
    case Kind::kEnvironment:
      return Secret(Environment(where_));
    case Kind::kCredential:
      return ReadPinFile(fmt::format("{}/{}", Environment("CREDENTIALS_DIRECTORY"), where_));
  }
  return std::nullopt;
}

std::string PinSource::description() const {
  static constexpr std::string_view kPrefixes[] = {"none", "value", "file:", "env:", "fd:", "credential:"};
  return fmt::format("{}{}", kPrefixes[static_cast<std::size_t>(kind_)], where_);
}

}  // namespace signet
