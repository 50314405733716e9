#include "tool/token_common.h"

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct KeygenOptions {
  std::string token;
  std::string type = "ec:P-256";
  std::string id;
  std::string label;
  bool always_authenticate = false;
};

std::string PemOf(const PublicKey& key) {
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  const auto spki = key.spki();
  std::string text(4 * ((spki.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), spki.data(),
                                   static_cast<int>(spki.size()));
  text.resize(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < text.size(); i += 64) pem += text.substr(i, 64) + "\n";
  return pem + "-----END PUBLIC KEY-----\n";
}

int Keygen(const CommonOptions& common, const KeygenOptions& options) {
  // What was typed wrongly is said before anybody is asked for a PIN.
  const KeySpec spec = KeySpec::Parse(options.type);
  ObjectName name{IdOption(options.id), options.label};
  if (name.id.empty()) name.id = NewId();
  const Settings& settings = common.settings();
  const TokenPlace token = TheToken(settings, options.token);
  const PublicKey key = GenerateKey(token, UserPin(settings, token), spec, name,
                                    {.always_authenticate = options.always_authenticate});
  PrintObject(common, fmt::format("The token {} has a new key: {}.", token.label, Description(key)), token,
              name, {{"key", Description(key)}, {"public_key", PemOf(key)}});
  return kDone;
}

}  // namespace

void AddTokenKeygen(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<KeygenOptions>();
  CLI::App* verb = token.add_subcommand("keygen", "Generate a key on a token");
  verb->add_option("--token", options->token, "The token's label or serial number");
  verb->add_option("--type", options->type, "rsa:2048, ec:P-256 (or another curve), ed25519 or ed448")
      ->capture_default_str();
  verb->add_option("--id", options->id, "The key's ID in hexadecimal (default: random)");
  verb->add_option("--label", options->label, "The key's label");
  verb->add_flag("--always-authenticate", options->always_authenticate,
                 "Require the PIN for every signature");
  verb->footer("signet token keygen --token demo --type ec:P-256 --id 01 --label bob --pin-source file:pin");
  verb->callback(
      [&common, options] { common.verb = [&common, options] { return Keygen(common, *options); }; });
}

}  // namespace signet::tool
