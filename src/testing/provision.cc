// signet-testing-provision changes a token for the testing kit, in a process of its own: one JSON request on
// standard input, one JSON answer on standard output.
#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/admin/token_admin.h"
#include <signet/error.h>

#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

namespace signet::testing {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

Bytes Hex(const Json& text) {
  const std::string digits = text;
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

OpenSslPtr<EVP_PKEY> PrivateKeyOf(const Bytes& der) {
  const unsigned char* position = der.data();
  return OpenSslPtr<EVP_PKEY>(CheckOpenSsl(
      d2i_AutoPrivateKey_ex(nullptr, &position, static_cast<long>(der.size()), OwnContext(), nullptr),
      "d2i_AutoPrivateKey_ex"));
}

std::optional<CK_OBJECT_CLASS> ClassOf(const std::string& name) {
  if (name == "certificate") return CKO_CERTIFICATE;
  if (name == "public") return CKO_PUBLIC_KEY;
  if (name == "private") return CKO_PRIVATE_KEY;
  return std::nullopt;
}

Json Change(TokenAdmin& admin, const Json& request) {
  const Json& object = request.at("object");
  const ObjectName name{Hex(object.at("id")), object.at("label")};
  const KeyPolicy policy{object.at("public_object"), object.at("always_authenticate"),
                         object.at("extractable"), object.at("signs")};
  const std::string operation = request.at("operation");
  Json answer = Json::object();
  if (operation == "generate") {
    const PublicKey key = admin.Generate(KeySpec::Parse(request.at("key").get<std::string>()), name, policy);
    answer["spki"] = HexEncode(key.spki());
  } else if (operation == "remove") {
    answer["removed"] = admin.Remove(name, ClassOf(request.at("class")));
  } else {
    if (request.contains("private_key")) {
      admin.ImportKey(PrivateKeyOf(Hex(request["private_key"])).get(), name, policy);
    }
    if (request.contains("certificate")) {
      admin.ImportCertificate(Certificate::FromDer(Hex(request["certificate"])), name);
    }
  }
  return answer;
}

TokenPlace PlaceOf(const Settings& settings, const std::string& label) {
  for (TokenPlace& place : FindTokens(settings)) {
    if (place.label == label) return std::move(place);
  }
  throw Error({.code = ErrorCode::kTokenAbsent, .detail = "no token has the label " + label});
}

Json Answer(const Json& request) {
  Settings settings;
  settings.modules = {request.at("module")};
  const std::string label = request.at("label");
  Secret pin(request.at("pin").get<std::string>());
  if (request.at("operation") == "initialise") {
    Initialise(FindPlaceFor(settings, label, false), label,
               {.pin = Secret(request.at("so_pin").get<std::string>())}, std::move(pin));
    return Json::object();
  }
  TokenAdmin admin(PlaceOf(settings, label), {.pin = std::move(pin)});
  return Change(admin, request);
}

}  // namespace
}  // namespace signet::testing

int main() {
  try {
    const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    std::cout << signet::testing::Answer(nlohmann::json::parse(input)).dump() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
