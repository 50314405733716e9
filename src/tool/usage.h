#pragma once

#include <signet/error.h>

#include <CLI/CLI.hpp>

namespace signet::tool {

// UsageError says what is wrong with a command line that CLI11 refused with `refusal`, and what was probably
// meant: the nearest verb or option.
Error UsageError(const CLI::App& app, const CLI::ParseError& refusal);

// VerbOf gives the app of the verb that was asked for, or `app` where none was.
const CLI::App& VerbOf(const CLI::App& app);

// BadUsage is what a verb throws for words that do not fit together.
[[noreturn]] void ThrowBadUsage(std::string detail, std::string hint);

}  // namespace signet::tool
