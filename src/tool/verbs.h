#pragma once

#include "tool/common_options.h"

#include <CLI/CLI.hpp>

namespace signet::tool {

// Add*Verb declares one verb of the command with its options; parsing it sets CommonOptions::verb.
void AddDoctorVerb(CLI::App& app, CommonOptions& common);
void AddListVerb(CLI::App& app, CommonOptions& common);
void AddShowVerb(CLI::App& app, CommonOptions& common);
void AddHandshakeVerb(CLI::App& app, CommonOptions& common);
void AddServeVerb(CLI::App& app, CommonOptions& common);
void AddPemVerb(CLI::App& app, CommonOptions& common);
void AddTokenVerb(CLI::App& app, CommonOptions& common);

}  // namespace signet::tool
