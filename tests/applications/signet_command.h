#pragma once

#include <signet/testing/process.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace signet {

// RunSignet runs the command of this build, without a terminal: it can ask for no PIN.
testing::ProcessResult RunSignet(std::vector<std::string> arguments, testing::Environment environment = {});

// JsonOf parses what a command wrote to stdout; fails the test where that is not one JSON document.
nlohmann::json JsonOf(const testing::ProcessResult& result);

// MessagesOf writes the messages of a handshake's report as "-> ClientHello 22".
std::vector<std::string> MessagesOf(const nlohmann::json& report);

}  // namespace signet
