#include "pkcs11/module/module.h"

#include "pkcs11/module/rv.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

std::string Stem(const std::string& path) { return std::filesystem::path(path).stem().string(); }

// Padded replaces what follows the first NUL by blanks: some modules terminate the texts, which PKCS#11 pads.
template <std::size_t N>
void Pad(unsigned char (&text)[N]) {
  auto* const end = std::find(std::begin(text), std::end(text), '\0');
  std::fill(end, std::end(text), ' ');
}

}  // namespace

Module::Module(LoadedModule loaded, std::string path, const std::string& init_args,
               std::shared_ptr<CallLog> log)
    : name_(NameOf(loaded.get())),
      path_(FileOf(loaded.get())),
      log_(std::move(log)),
      holds_trust_(OptionOf(loaded.get(), "trust-policy") == "yes") {
  if (path_.empty()) path_ = std::move(path);
  if (name_.empty()) name_ = Stem(path_);
  view_ = ModuleView::Share(std::move(loaded), path_, init_args);
}

std::shared_ptr<Module> Module::Load(const std::string& path, const std::string& init_args,
                                     std::shared_ptr<CallLog> log) {
  return std::shared_ptr<Module>(new Module(LoadModule(path), path, init_args, std::move(log)));
}

std::vector<std::shared_ptr<Module>> Module::LoadConfigured(const std::string& init_args,
                                                            const std::shared_ptr<CallLog>& log) {
  std::vector<std::shared_ptr<Module>> modules;
  for (LoadedModule& loaded : LoadConfiguredModules())
    modules.push_back(std::shared_ptr<Module>(new Module(std::move(loaded), "", init_args, log)));
  return modules;
}

bool Module::IsAt(const std::string& path) const {
  std::error_code error;
  return path == path_ || std::filesystem::equivalent(path, path_, error);
}

bool Module::IsNamed(const std::string& name) const {
  std::string stem = Stem(path_);
  if (name == name_ || name == stem) return true;
  if (stem.starts_with("lib")) stem.erase(0, 3);
  return name == stem;
}

std::vector<CK_SLOT_ID> Module::SlotsWithToken() {
  const std::uint64_t seen = initialisation();
  std::vector<CK_SLOT_ID> slots = AskForSlots(true);
  if (slots.empty() && AskForSlots(false).empty() && Renew(seen)) slots = AskForSlots(true);
  return slots;
}

bool Module::Renew(std::uint64_t seen) {
  ModuleView::State& state = view_->state();
  if (state.initialisation.load() != seen) return true;  // Another thread did.
  return state.pause.Over() && view_->Reinitialise(seen, Caller());
}

bool Module::RenewAfter(const Error& error, std::uint64_t seen) {
  return StalenessOf(error) == Staleness::kModule ? view_->Reinitialise(seen, Caller()) : Renew(seen);
}

Error Module::Explained(const Error& error) {
  const Staleness staleness = StalenessOf(error);
  const bool may_be_module =
      staleness == Staleness::kModule || staleness == Staleness::kUnknown || staleness == Staleness::kPlace;
  if (!may_be_module || !view_->state().shared.load()) return error;
  Error::Fields fields = error.fields();
  fields.detail += fmt::format(
      "; the module {} cannot be initialised again, because another part of the program uses it too", name_);
  fields.hint = "Restart the program.";
  return Error(std::move(fields));
}

std::vector<CK_SLOT_ID> Module::AskForSlots(bool with_token) {
  const CK_BBOOL present = with_token ? CK_TRUE : CK_FALSE;
  std::vector<CK_SLOT_ID> slots(64);
  for (int attempt = 0; attempt < 4; ++attempt) {
    CK_ULONG count = slots.size();
    CK_RV rv = Call(SIGNET_CK(C_GetSlotList), {}, present, slots.data(), &count);
    if (rv == CKR_OK && count <= slots.size()) {
      slots.resize(count);
      return slots;
    }
    if (rv != CKR_BUFFER_TOO_SMALL) CheckRv(rv, "C_GetSlotList", "");
    // The number of readers may change: query it, and add a reserve.
    count = 0;
    rv = Call(SIGNET_CK(C_GetSlotList), {}, present, static_cast<CK_SLOT_ID*>(nullptr), &count);
    CheckRv(rv, "C_GetSlotList", "");
    slots.resize(std::min<CK_ULONG>(count, 65536) + 16);
  }
  throw RvError(CKR_BUFFER_TOO_SMALL, "C_GetSlotList", "");
}

CK_TOKEN_INFO Module::TokenInfo(CK_SLOT_ID slot) {
  CK_TOKEN_INFO info{};
  CheckRv(Call(SIGNET_CK(C_GetTokenInfo), {}, slot, &info), "C_GetTokenInfo", "");
  Pad(info.label);
  Pad(info.manufacturerID);
  Pad(info.model);
  Pad(info.serialNumber);
  return info;
}

}  // namespace signet::inline pkcs11
