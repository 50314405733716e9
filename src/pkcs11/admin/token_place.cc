#include "pkcs11/admin/token_place.h"

#include "base/percent_encoding.h"
#include "pkcs11/admin/token_handle.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/objects/uri.h"
#include <signet/error.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Modules = std::vector<std::shared_ptr<Module>>;

constexpr std::size_t kLabelSize = sizeof(CK_TOKEN_INFO::label);

Modules Open(const Settings& settings) {
  const auto log = CallLog::FromSettings(settings);
  Modules modules;
  const auto add_configured = [&] {
    for (auto& module : Module::LoadConfigured(settings.module_init_args, log)) {
      if (!module->holds_trust()) modules.push_back(std::move(module));
    }
  };
  if (settings.modules.empty()) add_configured();
  for (const std::string& path : settings.modules) {
    // p11-kit does not load its own proxy, which means all configured modules.
    if (std::filesystem::path(path).filename() == "p11-kit-proxy.so") {
      add_configured();
    } else {
      modules.push_back(Module::Load(path, settings.module_init_args, log));
    }
  }
  return modules;
}

// Twins counts the places that show the same texts as this one, itself among them.
std::ptrdiff_t Twins(const std::vector<TokenPlace>& places, const TokenPlace& place) {
  return std::ranges::count_if(places, [&](const TokenPlace& other) {
    return SameToken(other.handle->name.info, place.handle->name.info);
  });
}

// TellTwinsApart ties tokens that show the same texts to their slots.
void TellTwinsApart(std::vector<TokenPlace>& places) {
  for (TokenPlace& place : places) {
    if (Twins(places, place) == 1) continue;
    auto handle = std::make_shared<TokenHandle>(*place.handle);
    handle->name.slot = handle->slot;
    place.handle = std::move(handle);
  }
}

// PlacesOnce gives what is in the module's slots. One slot that cannot be read, as its token was just pulled
// out, does not hide the others.
std::vector<TokenPlace> PlacesOnce(const TokenHandle& like) {
  std::vector<TokenPlace> places;
  std::optional<Error> unknown;
  for (const CK_SLOT_ID slot : like.module->SlotsWithToken()) {
    try {
      TokenHandle handle = like;
      handle.slot = slot;
      places.push_back(PlaceIn(std::move(handle)));
    } catch (const Error& error) {
      if (StalenessOf(error) == Staleness::kModule) throw;
      if (StalenessOf(error) == Staleness::kUnknown) unknown = error;
    }
  }
  if (places.empty() && unknown) throw *std::move(unknown);
  return places;
}

std::vector<TokenPlace> PlacesApart(const TokenHandle& like) {
  std::vector<TokenPlace> places = PlacesOnce(like);
  // A token that was moved while the slots were read was seen in two; real twins are still there.
  const auto is_twin = [&](const TokenPlace& place) { return Twins(places, place) > 1; };
  if (std::ranges::any_of(places, is_twin)) places = PlacesOnce(like);
  TellTwinsApart(places);
  return places;
}

std::vector<TokenPlace> PlacesOf(const TokenHandle& like) {
  return like.guard->Run([like] { return like.module->Retry([&] { return PlacesApart(like); }); });
}

std::vector<TokenPlace> AllPlaces(const Settings& settings) {
  std::vector<TokenPlace> all;
  const auto guard = std::make_shared<CallGuard>(settings.call_timeout);
  for (const auto& module : Open(settings)) {
    try {
      std::ranges::move(PlacesOf({.module = module, .name = {}, .settings = settings, .guard = guard}),
                        std::back_inserter(all));
    } catch (const Error&) {
      if (!settings.modules.empty()) throw;
    }
  }
  return all;
}

const TokenPlace& OneToOverwrite(const std::vector<TokenPlace>& there, std::string_view label) {
  if (there.size() == 1) return there.front();
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("{} tokens have the label \"{}\"", there.size(), label),
               .token = std::string(label),
               .hint = "Remove the other tokens, or give the module with --module."});
}

const TokenPlace& OneBlank(const std::vector<TokenPlace>& blank) {
  if (blank.empty()) {
    throw Error({.code = ErrorCode::kTokenAbsent,
                 .detail = "there is no blank token",
                 .hint = "Insert a blank token, name the module with --module, or erase a token with its "
                         "--label and --force."});
  }
  const Module* const module = blank.front().handle->module.get();
  if (std::ranges::all_of(blank, [&](const auto& place) { return place.handle->module.get() == module; })) {
    return blank.front();
  }
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = "more than one module has a blank token",
               .hint = "Name one with --module."});
}

}  // namespace

std::shared_ptr<Token> OpenToken(const TokenHandle& handle) {
  return std::make_shared<Token>(handle.module, handle.slot, handle.name, handle.settings, handle.guard,
                                 true);
}

TokenPlace PlaceIn(TokenHandle like) {
  like.name = {.info = like.module->TokenInfo(like.slot)};
  auto handle = std::make_shared<TokenHandle>(std::move(like));
  const CK_TOKEN_INFO& info = handle->name.info;
  const auto says = [&](CK_FLAGS flag) { return (info.flags & flag) != 0; };
  return {.label = TextOf(info.label),
          .serial = TextOf(info.serialNumber),
          .initialised = says(CKF_TOKEN_INITIALIZED),
          .reader_asks = says(CKF_PROTECTED_AUTHENTICATION_PATH),
          .count_low = says(CKF_USER_PIN_COUNT_LOW),
          .final_try = says(CKF_USER_PIN_FINAL_TRY),
          .locked = says(CKF_USER_PIN_LOCKED),
          .officer_final_try = says(CKF_SO_PIN_FINAL_TRY),
          .handle = std::move(handle)};
}

std::vector<TokenPlace> FindTokens(const Settings& settings) {
  std::vector<TokenPlace> places = AllPlaces(settings);
  std::erase_if(places, [](const TokenPlace& place) { return !place.initialised; });
  return places;
}

TokenPlace FindPlaceFor(const Settings& settings, std::string_view label, bool overwrite) {
  if (label.empty() || label.size() > kLabelSize) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = fmt::format("a token's label has 1 to {} bytes", kLabelSize),
                 .hint = "Choose another label."});
  }
  std::vector<TokenPlace> there;
  std::vector<TokenPlace> blank;
  for (TokenPlace& place : AllPlaces(settings)) {
    if (!place.initialised) {
      blank.push_back(std::move(place));
    } else if (place.label == label) {
      there.push_back(std::move(place));
    }
  }
  if (there.empty()) return OneBlank(blank);
  if (overwrite) return OneToOverwrite(there, label);
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("there is already a token with the label \"{}\"", label),
               .token = std::string(label),
               .hint = "Choose another label, or erase that token with --force."});
}

bool FitsUri(const TokenPlace& token, std::string_view uri) {
  const Pkcs11Uri parsed = Pkcs11Uri::Parse(uri);
  return parsed.names_token() && parsed.Matches(token.handle->name.info, token.handle->slot);
}

std::string UriOf(const TokenPlace& token, const ObjectName* object) {
  std::string uri = fmt::format("pkcs11:token={}", PercentEncode(token.label));
  if (!token.serial.empty()) uri += fmt::format(";serial={}", PercentEncode(token.serial));
  if (object == nullptr) return uri;
  if (!object->id.empty()) {
    uri += ";id=";
    for (const std::uint8_t byte : object->id) uri += fmt::format("%{:02X}", byte);
  }
  if (!object->label.empty()) uri += fmt::format(";object={}", PercentEncode(object->label));
  return uri;
}

}  // namespace signet::inline pkcs11
