#include "pkcs11/token/token_directory.h"

#include "process/refused_pin_ledger.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

// The proxy is p11-kit's own collection of all configured modules, which p11-kit itself refuses to load as a
// module.
bool IsProxy(const std::string& path) { return std::filesystem::path(path).filename() == "p11-kit-proxy.so"; }

bool MatchesLibrary(const Pkcs11Uri& uri, Module& module) {
  if (!uri.names_library()) return true;
  CK_INFO info{};
  CheckRv(module.Call(SIGNET_CK(C_GetInfo), {}, &info), "C_GetInfo", "");
  return uri.Matches(info);
}

bool MatchesSlot(const Pkcs11Uri& uri, Module& module, CK_SLOT_ID slot) {
  if (!uri.names_slot()) return true;
  CK_SLOT_INFO info{};
  CheckRv(module.Call(SIGNET_CK(C_GetSlotInfo), {}, slot, &info), "C_GetSlotInfo", "");
  return uri.Matches(info);
}

bool IsBlank(const CK_TOKEN_INFO& info) {
  return (info.flags & CKF_TOKEN_INITIALIZED) == 0 && TextOf(info.label).empty();
}

}  // namespace

const TokenDirectory::Modules& TokenDirectory::Configured(Opened& opened) {
  if (opened.configured.empty()) {
    opened.configured = Module::LoadConfigured(settings_.module_init_args, opened.log);
  }
  return opened.configured;
}

TokenDirectory::Modules TokenDirectory::Listed(Opened& opened, std::vector<Error>& problems) {
  Modules modules;
  const auto add = [&modules](const Modules& more) {
    modules.insert(modules.end(), more.begin(), more.end());
  };
  if (settings_.modules.empty()) add(Configured(opened));
  for (const std::string& path : settings_.modules) {
    const auto known =
        std::ranges::find_if(opened.listed, [&](const auto& module) { return module->IsAt(path); });
    try {
      if (IsProxy(path)) {
        add(Configured(opened));
      } else if (known != opened.listed.end()) {
        modules.push_back(*known);
      } else {
        opened.listed.push_back(Module::Load(path, settings_.module_init_args, opened.log));
        modules.push_back(opened.listed.back());
      }
    } catch (const Error& error) {
      problems.push_back(error);
    }
  }
  return modules;
}

TokenDirectory::Modules TokenDirectory::ModulesFor(const Pkcs11Uri& uri, std::vector<Error>& problems) {
  Opened& opened = opened_.Get();
  const Turns::Turn turn(opened.turns);
  if (opened.log == nullptr) opened.log = CallLog::FromSettings(settings_);
  const bool named = !uri.module_path().empty() || !uri.module_name().empty();
  const auto means_another = [&uri](const std::shared_ptr<Module>& module) {
    return (!uri.module_path().empty() && !module->IsAt(uri.module_path())) ||
           (!uri.module_name().empty() && !module->IsNamed(uri.module_name()));
  };
  Modules modules = Listed(opened, problems);
  if (!named) return modules;
  std::erase_if(modules, means_another);
  if (modules.empty()) {
    modules = Configured(opened);
    std::erase_if(modules, means_another);
  }
  if (modules.empty()) {
    problems.insert(
        problems.begin(),
        Error({.code = ErrorCode::kModuleTrouble,
               .detail = "the URI names a module that is configured neither in p11-kit nor in the settings",
               .uri = uri.shown(),
               .hint = "Add it to the settings (pkcs11-module-path) or to p11-kit's modules."}));
  }
  return modules;
}

std::shared_ptr<Token> TokenDirectory::Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID slot,
                                                TokenName name) {
  Opened& opened = opened_.Get();
  std::shared_ptr<Token> token;
  {
    const Lock lock(opened.mutex);
    const auto known = std::ranges::find_if(opened.tokens, [&](const auto& candidate) {
      const bool bound = candidate->name().slot.has_value();
      return &candidate->module() == module.get() && candidate->name().Fits(slot, name.info) &&
             (bound || !name.slot);
    });
    if (known == opened.tokens.end()) {
      opened.tokens.push_back(std::make_shared<Token>(module, slot, name, settings_, guard_));
      return opened.tokens.back();
    }
    token = *known;
  }
  token->Seen(slot, name.info);
  return token;
}

TokenDirectory::Found TokenDirectory::SearchOnce(const std::shared_ptr<Module>& module,
                                                 const Pkcs11Uri& uri) {
  Found found;
  if (!MatchesLibrary(uri, *module)) return found;
  struct Seen {
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
  };
  std::vector<Seen> seen;
  std::optional<Error> unknown;
  const auto guarded = [&](auto work) {
    try {
      work();
    } catch (const Error& error) {
      if (StalenessOf(error) == Staleness::kModule) throw;
      // A token that was pulled out a moment ago is just not there.
      if (error.code() == ErrorCode::kTokenAbsent) return;
      if (StalenessOf(error) == Staleness::kUnknown) unknown = error;
      found.problems.push_back(error);
    }
  };
  for (const CK_SLOT_ID slot : module->SlotsWithToken()) {
    guarded([&] { seen.push_back({slot, module->TokenInfo(slot)}); });
  }
  const auto is_twin = [&seen](const Seen& one) {
    return std::ranges::count_if(seen, [&](const Seen& other) { return SameToken(one.info, other.info); }) >
           1;
  };
  // A token that was moved while the slots were read was seen in two; real twins are still there.
  std::vector<Seen> again = seen;
  for (Seen& one : again) {
    if (!IsBlank(one.info) && is_twin(one)) guarded([&] { one.info = module->TokenInfo(one.slot); });
  }
  seen = std::move(again);
  for (const Seen& one : seen) {
    if (IsBlank(one.info) || !uri.Matches(one.info, one.slot)) continue;
    const bool twin = is_twin(one);
    guarded([&] {
      if (!MatchesSlot(uri, *module, one.slot)) return;
      TokenName name{.info = one.info};
      if (twin) name.slot = one.slot;
      found.tokens.push_back(Remember(module, one.slot, name));
    });
  }
  // What is looked for may be in the slot that fails without saying why.
  if (found.tokens.empty() && unknown) throw *std::move(unknown);
  return found;
}

TokenDirectory::Found TokenDirectory::Search(const std::shared_ptr<Module>& module, const Pkcs11Uri& uri) {
  return module->Retry([&] { return SearchOnce(module, uri); });
}

TokenDirectory::Found TokenDirectory::Find(const Pkcs11Uri& uri, bool again) {
  RefusedPinLedger::Prepare();
  Found found;
  const bool named_module = !uri.module_path().empty() || !uri.module_name().empty();
  if (!again && uri.names_token() && !uri.names_slot() && !uri.names_library() && !named_module) {
    Opened& opened = opened_.Get();
    const Lock lock(opened.mutex);
    for (const auto& token : opened.tokens) {
      if (uri.Matches(token->info(), token->slot())) found.tokens.push_back(token);
    }
    found.remembered = !found.tokens.empty();
    if (found.remembered) return found;
  }
  for (const auto& module : ModulesFor(uri, found.problems)) {
    // Trust anchors are no identities: look at them only for those who name them.
    if (module->holds_trust() && !uri.names_token() && !named_module) continue;
    try {
      const Found more =
          guard_->Run([self = shared_from_this(), module, uri] { return self->Search(module, uri); });
      found.problems.insert(found.problems.end(), more.problems.begin(), more.problems.end());
      for (const auto& token : more.tokens) {
        // A token that several modules show is one token; two slots of one module are two.
        const auto same = [&token](const auto& other) {
          return &other->module() != &token->module() && SameToken(other->info(), token->info());
        };
        if (std::ranges::none_of(found.tokens, same)) found.tokens.push_back(token);
      }
    } catch (const Error& error) {
      found.problems.push_back(error);
    }
  }
  return found;
}

}  // namespace signet::inline pkcs11
