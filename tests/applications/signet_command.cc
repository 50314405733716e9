#include "applications/signet_command.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {

testing::ProcessResult RunSignet(std::vector<std::string> arguments, testing::Environment environment) {
  std::vector<std::string> argv = {"setsid", "--wait", SIGNET_COMMAND};
  environment.emplace("COLUMNS", "10000");  // what is said, not where it is broken
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return testing::RunProgram(
      {.argv = std::move(argv),
       .environment = std::move(environment),
       .unset = {"OPENSSL_CONF", "PKCS11_PROVIDER_MODULE", "SIGNET_MODULE", "SIGNET_TOKEN_PIN", "NO_COLOR"},
       .timeout = std::chrono::seconds(60)});
}

nlohmann::json JsonOf(const testing::ProcessResult& result) {
  nlohmann::json document = nlohmann::json::parse(result.out, nullptr, false);
  if (document.is_discarded()) {
    ADD_FAILURE() << "no JSON document: " << result.out << "\n" << result.err;
    return nlohmann::json::object();
  }
  return document;
}

std::vector<std::string> MessagesOf(const nlohmann::json& report) {
  std::vector<std::string> messages;
  for (const auto& message : report.at("messages")) {
    messages.push_back(fmt::format("{} {} {}", message.at("direction") == "sent" ? "->" : "<-",
                                   message.at("message").get<std::string>(),
                                   message.at("record_type").get<int>()));
  }
  return messages;
}

}  // namespace signet
