#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace signet::tool {

// UseOwnHelp has `app` and the verbs that are added to it later print help in our own layout, which is the
// same with every version of CLI11, wrapped to the terminal's width. An app's footer holds its examples, one
// a line.
void UseOwnHelp(CLI::App& app);

// HelpText gives the help of `app`, `width` columns wide.
std::string HelpText(const CLI::App& app, std::size_t width);

// CommandOf gives the words that lead to `app`: "signet token init".
std::string CommandOf(const CLI::App& app);

}  // namespace signet::tool
