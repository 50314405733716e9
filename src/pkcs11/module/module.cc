#include "pkcs11/module/module.h"

#include "pkcs11/module/rv.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace signet {
namespace {

using CString = std::unique_ptr<char, decltype(&std::free)>;

std::string Taken(char* text) {
  const CString owned(text, &std::free);
  return text != nullptr ? text : "";
}

std::string Stem(const std::string& path) { return std::filesystem::path(path).stem().string(); }

std::string LoadFailure() {
  const char* message = p11_kit_message();
  return message != nullptr ? message : "p11-kit does not say why";
}

// Padded replaces what follows the first NUL by blanks: some modules terminate the texts, which PKCS#11 pads.
template <std::size_t N>
void Pad(unsigned char (&text)[N]) {
  auto* const end = std::find(std::begin(text), std::end(text), '\0');
  std::fill(end, std::end(text), ' ');
}

}  // namespace

Module::Module(CK_FUNCTION_LIST* functions, std::string path, std::string init_args,
               std::shared_ptr<CallLog> log)
    : functions_(functions),
      name_(Taken(p11_kit_module_get_name(functions))),
      path_(Taken(p11_kit_module_get_filename(functions))),
      init_args_(std::move(init_args)),
      log_(std::move(log)),
      born_in_(ForkGeneration()) {
  if (path_.empty()) path_ = std::move(path);
  if (name_.empty()) name_ = Stem(path_);
  holds_trust_ = Taken(p11_kit_config_option(functions, "trust-policy")) == "yes";
}

std::shared_ptr<Module> Module::Load(const std::string& path, std::string init_args,
                                     std::shared_ptr<CallLog> log) {
  CK_FUNCTION_LIST* functions = p11_kit_module_load(path.c_str(), 0);
  if (functions == nullptr) {
    const bool missing = path.starts_with('/') && access(path.c_str(), F_OK) != 0;
    throw Error(
        {.code = ErrorCode::kModuleTrouble,
         .detail =
             missing ? fmt::format("there is no PKCS#11 module at {}", path)
                     : fmt::format("{} is not a PKCS#11 module that can be loaded: {}", path, LoadFailure()),
         .call = "p11_kit_module_load",
         .hint = "Name the token's PKCS#11 module, a shared library, or none for all that p11-kit knows."});
  }
  return std::shared_ptr<Module>(new Module(functions, path, std::move(init_args), std::move(log)));
}

// InitialisingTurn lets one thread at a time initialise. It is not passed on when that takes too long: two
// threads in C_Initialize would undo each other's. Those who wait are freed after the same time.
class Module::InitialisingTurn {
 public:
  explicit InitialisingTurn(State& state)
      : waiting_(std::in_place, CallWatch::Current(), "C_Initialize", "", state.lost_in_queue),
        turn_(state.turns, Turns::OnGiveUp::kKeep) {
    waiting_.reset();
  }

 private:
  std::optional<CallWatch::Call> waiting_;
  const Turns::Turn turn_;
};

std::vector<std::shared_ptr<Module>> Module::LoadConfigured(const std::string& init_args,
                                                            const std::shared_ptr<CallLog>& log) {
  const std::unique_ptr<CK_FUNCTION_LIST*, decltype(&std::free)> list(p11_kit_modules_load(nullptr, 0),
                                                                      &std::free);
  if (list == nullptr) {
    throw Error(
        {.code = ErrorCode::kModuleTrouble,
         .detail = fmt::format("the modules that p11-kit has configured cannot be loaded: {}", LoadFailure()),
         .call = "p11_kit_modules_load",
         .hint = "Check with `p11-kit list-modules`, or name the module."});
  }
  std::vector<std::shared_ptr<Module>> modules;
  for (CK_FUNCTION_LIST** functions = list.get(); *functions != nullptr; ++functions) {
    modules.push_back(std::shared_ptr<Module>(new Module(*functions, "", init_args, log)));
  }
  return modules;
}

Module::~Module() {
  // At exit the module was finalised by the exit handler and may be half gone; a child leaves its parent's
  // alone.
  if (ProcessIsExiting()) return;
  State* state = state_.IfMade();
  if (state != nullptr) state->exit_handler.reset();
  if (state != nullptr || born_in_ == ForkGeneration()) p11_kit_module_release(functions_);
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

void Module::EnsureReady() {
  State& state = state_.Get();
  if (state.ready.load(std::memory_order_acquire)) [[likely]]
    return;
  const InitialisingTurn turn(state);
  if (!state.ready.load(std::memory_order_acquire)) Initialise(state);
}

void Module::Reinitialise(std::uint64_t seen) {
  State& state = state_.Get();
  const InitialisingTurn turn(state);
  if (state.initialisation.load() != seen || !state.ready.load()) return;
  state.exit_handler.reset();  // finalises
  Initialise(state);
  Revive();
}

// Revive initialises a module that others finalised while several views of it are in use: p11-kit, which
// counts them, calls C_Initialize for the first alone.
void Module::Revive() {
  CK_INFO info{};
  if (functions_->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED) return;
  CK_FUNCTION_LIST* const whole = p11_kit_module_load(path_.c_str(), P11_KIT_MODULE_UNMANAGED);
  if (whole == nullptr) return;
  std::string reserved = init_args_;
  if (reserved.empty()) reserved = Taken(p11_kit_config_option(functions_, "x-init-reserved"));
  CK_C_INITIALIZE_ARGS args{};
  args.flags = CKF_OS_LOCKING_OK;
  if (!reserved.empty()) args.pReserved = reserved.data();
  // What it answers, the next call shows.
  whole->C_Initialize(&args);
  p11_kit_module_release(whole);
}

// Initialise serves all, also where it came back so late that its caller was freed.
void Module::Initialise(State& state) {
  if (ProcessIsExiting()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Initialize", "");
  const CallWatch* const watch = CallWatch::Current();
  if (watch != nullptr && watch->given_up()) throw Explained(CKR_FUNCTION_CANCELED);
  const CK_RV rv = CallInitialise(state);
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) throw Explained(rv);
  // Named now, so that we finalise before the exit handlers of whatever the module brought with it run.
  ExitHandler::RunBefore(path_);
  state.exit_handler = std::make_unique<ExitHandler>([this, &state] { Finalise(state); });
  state.initialisation.fetch_add(1);
  state.ready.store(true, std::memory_order_release);
}

CK_RV Module::CallInitialise(State& state) {
  const CallWatch::Call watched(CallWatch::Current(), "C_Initialize", "", state.lost);
  const auto before = std::chrono::steady_clock::now();
  CK_C_INITIALIZE_ARGS args{};
  args.flags = CKF_OS_LOCKING_OK;
  if (!init_args_.empty()) args.pReserved = const_cast<char*>(init_args_.c_str());
  // Without arguments of our own p11-kit passes those that the module's configuration file gives.
  CK_RV rv = functions_->C_Initialize(init_args_.empty() ? nullptr : &args);
  if (rv == CKR_CANT_LOCK) {
    args.flags = 0;
    rv = functions_->C_Initialize(&args);
    state.serialised = rv == CKR_OK;
  }
  if (log_ != nullptr) log_->Write(name_, "C_Initialize", {}, rv, std::chrono::steady_clock::now() - before);
  return rv;
}

// Finalise waits a moment for calls that other threads are in: to finalise under them could crash. Those that
// are known to hang it does not wait for.
void Module::Finalise(State& state) noexcept {
  state.ready.store(false);
  for (int i = 0; i < 200 && state.in_flight.load() > state.lost.load(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (state.in_flight.load() == 0) functions_->C_Finalize(nullptr);
}

Error Module::Explained(CK_RV rv) const {
  return Error(
      {.code = ErrorCode::kModuleTrouble,
       .detail = fmt::format("the PKCS#11 module {} cannot be initialised: {}", name_, RowOfRv(rv).detail),
       .call = "C_Initialize",
       .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
       .hint = "Check the module's own configuration and that this user may read its files."});
}

std::vector<CK_SLOT_ID> Module::SlotsWithToken() {
  const std::uint64_t seen = initialisation();
  std::vector<CK_SLOT_ID> slots = AskForSlots(true);
  if (slots.empty() && AskForSlots(false).empty() && Renew(seen)) slots = AskForSlots(true);
  return slots;
}

bool Module::Renew(std::uint64_t seen) {
  State& state = state_.Get();
  if (state.initialisation.load() != seen) return true;  // Another thread did.
  if (!state.pause.Over()) return false;
  Reinitialise(seen);
  return true;
}

bool Module::RenewAfter(const Error& error, std::uint64_t seen) {
  if (StalenessOf(error) != Staleness::kModule) return Renew(seen);
  Reinitialise(seen);
  return true;
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
    // Readers come and go: ask how many there are now, and leave room.
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

}  // namespace signet
