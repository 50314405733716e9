#pragma once

#include <cstddef>
#include <string_view>

// Lines of PEM, for the provider and for signet.so, which looks for our labels before the provider is there:
// nothing here needs the C++ library when it runs.
namespace signet::provider {

// kPkcs11UriLabel is pkcs11-provider's, for pkcs11: URIs; kSignetUriLabel is for any of our schemes.
inline constexpr std::string_view kPkcs11UriLabel = "PKCS#11 PROVIDER URI";
inline constexpr std::string_view kSignetUriLabel = "SIGNET URI";
// kUriVersion is the first member of the SEQUENCE in such a block.
inline constexpr std::string_view kUriVersion = "PKCS#11 Provider URI v1.0";

constexpr bool IsUriLabel(std::string_view label) noexcept {
  return label == kPkcs11UriLabel || label == kSignetUriLabel;
}

// PemLabelOf gives the label of a line that opens a block; empty for any other line.
constexpr std::string_view PemLabelOf(std::string_view line) noexcept {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  while (!line.empty() && std::string_view(" \t\r\n").find(line.back()) != std::string_view::npos) {
    line.remove_suffix(1);
  }
  if (line.size() < kBegin.size() + kDashes.size()) return {};
  if (!line.starts_with(kBegin) || !line.ends_with(kDashes)) return {};
  line.remove_prefix(kBegin.size());
  line.remove_suffix(kDashes.size());
  return line;
}

constexpr bool EndsPemBlock(std::string_view line) noexcept { return line.starts_with("-----END "); }

}  // namespace signet::provider
