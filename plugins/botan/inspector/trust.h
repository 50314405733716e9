#pragma once

#include "botan/inspector/channel.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <botan/certstor.h>
#include <botan/credentials_manager.h>

namespace signet::botan {

// MakeTrust gives a manager that trusts the certificates of a PEM file, or the system's where `file` is
// empty, and has nothing else; throws Error kUnreadable.
std::shared_ptr<Botan::Credentials_Manager> MakeTrust(const std::string& file);

// MakePolicy gives the policy for one protocol version, or both; throws Error kUnsupported for TLS 1.3 with
// Botan 2.
std::shared_ptr<const Botan::TLS::Policy> MakePolicy(std::optional<std::uint16_t> version);

}  // namespace signet::botan
