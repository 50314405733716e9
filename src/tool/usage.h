#pragma once

#include <signet/error.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace signet::tool {

// UsageError says what is wrong with a command line that CLI11 refused with `refusal`, and what was probably
// meant: the nearest verb or option, or a word that precedes its verb.
Error UsageError(const CLI::App& app, const CLI::ParseError& refusal, std::span<char* const> arguments);

// RefuseOptionsAsValues has every option of `app` and of its verbs refuse a value that begins like an option:
// the value itself was left out.
void RefuseOptionsAsValues(CLI::App& app);
// kLongestTimeout is a day, in milliseconds.
inline constexpr std::uint64_t kLongestTimeout = 86'400'000;
// TakesNumber and TakesOneOf make an option reject invalid values with Signet's messages.
void TakesNumber(CLI::Option& option, std::uint64_t least, std::uint64_t most);
void TakesOneOf(CLI::Option& option, std::vector<std::string> choices);

// VerbOf gives the app of the verb that was asked for, or `app` where none was.
const CLI::App& VerbOf(const CLI::App& app);

// BadUsage is what a verb throws for words that do not fit together.
[[noreturn]] void ThrowBadUsage(std::string detail, std::string hint);

}  // namespace signet::tool
