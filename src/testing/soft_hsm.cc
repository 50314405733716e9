#include "base/hex.h"
#include "base/percent_encoding.h"
#include "testing/kit_paths.h"
#include "testing/softhsm_template.h"
#include <signet/testing/soft_hsm.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using Json = nlohmann::json;

std::string Hex(std::string_view bytes) {
  return HexEncode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string Hex(std::span<const std::uint8_t> bytes) { return HexEncode(bytes); }

std::string Replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("the SoftHSM template lacks " + std::string(what));
  return text.replace(at, what.size(), with);
}

std::vector<std::uint8_t> FromHex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Provision has the helper program do one operation. The request goes through its standard input, as it holds
// PINs and keys.
Json Provision(const SoftHsm& hsm, Json request) {
  request["module"] = SoftHsm::module_path();
  // OPENSSL_CONF may activate a provider that loads SoftHSM before the helper is ready for it.
  const ProcessResult result = RunProgram({.argv = {KitProgram("signet-testing-provision")},
                                           .environment = hsm.environment(),
                                           .unset = {"OPENSSL_CONF"},
                                           .input = request.dump()});
  if (!result.ok()) {
    throw std::runtime_error("provisioning failed at " + request.at("operation").get<std::string>() + ": " +
                             result.err);
  }
  return Json::parse(result.out);
}

Json Request(std::string_view operation, const SoftHsm::Options& token) {
  return {{"operation", operation}, {"label", token.label}, {"pin", token.pin}, {"so_pin", token.so_pin}};
}

Json Request(std::string_view operation, const SoftHsm::Options& token,
             const SoftHsm::ObjectOptions& object) {
  Json request = Request(operation, token);
  request["object"] = {{"id", Hex(object.id)},
                       {"label", object.label},
                       {"public_object", object.public_object},
                       {"always_authenticate", object.always_authenticate},
                       {"extractable", object.extractable},
                       {"signs", object.signs}};
  return request;
}

}  // namespace

SoftHsm::SoftHsm(Options options) : directory_("signet-softhsm") {
  const std::string tokens = directory() + "/tokens";
  if (mkdir(tokens.c_str(), 0700) != 0) throw std::runtime_error("cannot make " + tokens);
  std::string config = Replaced(kSoftHsmTemplate, "@TOKEN_DIRECTORY@", tokens);
  config_path_ =
      directory_.Write("softhsm2.conf", Replaced(std::move(config), "@MECHANISMS@", options.mechanisms));
  AddToken(options);
}

std::string SoftHsm::module_path() {
  if (const char* path = std::getenv("SIGNET_TESTING_SOFTHSM")) return path;
  for (const char* path : {kSoftHsmModule, "/usr/lib/softhsm/libsofthsm2.so",
                           "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"}) {
    if (access(path, R_OK) == 0) return path;
  }
  throw std::runtime_error(
      "SoftHSM is not installed: apt-get install softhsm2, or set SIGNET_TESTING_SOFTHSM");
}

void SoftHsm::UseInThisProcess() const { setenv("SOFTHSM2_CONF", config_path_.c_str(), 1); }

void SoftHsm::AddToken(const Options& options) {
  Provision(*this, Request("initialise", options));
  tokens_.push_back(options);
}

const SoftHsm::Options& SoftHsm::Token(std::string_view label) const {
  if (label.empty()) return tokens_.front();
  const auto found = std::ranges::find(tokens_, label, &Options::label);
  if (found == tokens_.end()) throw std::runtime_error("no token " + std::string(label) + " was added");
  return *found;
}

std::vector<std::uint8_t> SoftHsm::Generate(std::string_view key, const ObjectOptions& options) {
  Json request = Request("generate", Token(options.token), options);
  request["key"] = key;
  return FromHex(Provision(*this, request).at("spki"));
}

void SoftHsm::Import(const TestIdentity& identity, const ObjectOptions& options) {
  Json request = Request("import", Token(options.token), options);
  request["private_key"] = Hex(identity.private_key);
  request["certificate"] = Hex(identity.certificate.der());
  Provision(*this, request);
}

void SoftHsm::ImportKey(const TestIdentity& identity, const ObjectOptions& options) {
  Json request = Request("import", Token(options.token), options);
  request["private_key"] = Hex(identity.private_key);
  Provision(*this, request);
}

void SoftHsm::ImportCertificate(const Certificate& certificate, const ObjectOptions& options) {
  Json request = Request("import", Token(options.token), options);
  request["certificate"] = Hex(certificate.der());
  Provision(*this, request);
}

std::size_t SoftHsm::Remove(const ObjectOptions& options, ObjectClass object_class) {
  static constexpr const char* kClasses[] = {"any", "certificate", "public", "private"};
  Json request = Request("remove", Token(options.token), options);
  request["class"] = kClasses[static_cast<std::size_t>(object_class)];
  return Provision(*this, request).at("removed");
}

std::string SoftHsm::TokenUri(bool with_pin, std::string_view token) const {
  const Options& wanted = Token(token);
  std::string uri = "pkcs11:token=" + PercentEncode(wanted.label);
  if (with_pin) uri += "?pin-value=" + PercentEncode(wanted.pin);
  return uri;
}

std::string SoftHsm::ObjectUri(std::string_view id, bool with_pin, std::string_view token) const {
  const Options& wanted = Token(token);
  std::string uri = "pkcs11:token=" + PercentEncode(wanted.label) + ";id=";
  for (const char byte : id) uri += "%" + Hex(std::string_view(&byte, 1));
  if (with_pin) uri += "?pin-value=" + PercentEncode(wanted.pin);
  return uri;
}

}  // namespace signet::testing
