#pragma once

#include "pkcs11/admin/provisioning.h"
#include "tool/common_options.h"
#include "tool/output.h"
#include <signet/pin_prompt.h>

#include <optional>
#include <string>

namespace signet::tool {

// Add*Token* declare the verbs below `signet token`.
void AddTokenInit(CLI::App& token, CommonOptions& common);
void AddTokenSetPin(CLI::App& token, CommonOptions& common);
void AddTokenKeygen(CLI::App& token, CommonOptions& common);
void AddTokenImport(CLI::App& token, CommonOptions& common);
void AddTokenRemove(CLI::App& token, CommonOptions& common);

// TheToken gives the token with this label or serial number, or the only one where `wanted` is empty; throws
// Error kTokenAbsent or kAmbiguous, naming the candidates. `settings` are made once for each command, as a
// PIN source may be readable only once.
TokenPlace TheToken(const Settings& settings, const std::string& wanted);

// UserPin gives the PIN from --pin-source or the token-pin setting, else from the terminal; nothing if the
// reader asks for it. Throws Error kPinLocked, kPinFinalTry (for a PIN that nobody typed just now), kWrongPin
// for an empty PIN and kPinNeeded.
PinToSend UserPin(const Settings& settings, const TokenPlace& token);

// OfficerPin gives the security officer's PIN, from a source or the terminal.
PinToSend OfficerPin(const Settings& settings, const TokenPlace& token, const std::string& source);

// NewPin gives a PIN to be set, from a source or typed twice; nothing if the reader asks for it. `option`
// is what the error names.
std::optional<Secret> NewPin(const TokenPlace& token, const std::string& source, const std::string& question,
                             const std::string& option);

// IdOption reads hexadecimal digits, with or without ':' or '%' between; throws Error kBadArgument.
std::vector<std::uint8_t> IdOption(const std::string& text);

// PrintToken and PrintObject say what was done.
void PrintToken(const CommonOptions& common, const std::string& done, const TokenPlace& token);
void PrintObject(const CommonOptions& common, const std::string& done, const TokenPlace& token,
                 const ObjectName& name, const Json& more);

}  // namespace signet::tool
