#include "pkcs11/module/module_view.h"

#include "pkcs11/module/rv.h"
#include "process/call_watch.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <pthread.h>

namespace signet::inline pkcs11 {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kMoment{500};

Error Failed(const ModuleView::Caller& caller, CK_RV rv) {
  return Error({.code = ErrorCode::kModuleTrouble,
                .detail = fmt::format("the PKCS#11 module {} cannot be initialised: {}", caller.name,
                                      RowOfRv(rv).detail),
                .call = "C_Initialize",
                .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
                .hint = "Check the module's configuration and that this user may read its files."});
}

// Registry knows the views that live. A forked child finds its parent's, with what it inherited: no thread is
// inside while the process forks.
class Registry {
 public:
  static Registry& OfProcess() {
    static const int registered = pthread_atfork(&Hold, &LetGo, &LetGo);
    (void)registered;
    return Made();
  }

  // Enter gives the view that has this key, or takes `fresh` for it.
  std::shared_ptr<ModuleView> Enter(const std::string& key, const std::shared_ptr<ModuleView>& fresh) {
    const Lock lock(mutex_);
    std::erase_if(views_, [](const auto& known) { return known.second.expired(); });
    for (const auto& [name, view] : views_) {
      if (name != key) continue;
      if (auto living = view.lock()) return living;
    }
    views_.emplace_back(key, fresh);
    return fresh;
  }

 private:
  // Made is never destroyed: views may outlive objects with static storage.
  static Registry& Made() {
    static auto& made = *new Registry;
    return made;
  }
  static void Hold() SIGNET_THREAD_ANNOTATION(no_thread_safety_analysis) { Made().mutex_.lock(); }
  static void LetGo() SIGNET_THREAD_ANNOTATION(no_thread_safety_analysis) { Made().mutex_.unlock(); }

  Mutex mutex_;
  std::vector<std::pair<std::string, std::weak_ptr<ModuleView>>> views_ SIGNET_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<ModuleView> ModuleView::Share(LoadedModule fresh, const std::string& path,
                                              const std::string& init_args) {
  auto own = std::make_shared<ModuleView>(std::move(fresh), path, init_args);
  if (path.empty()) return own;
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return Registry::OfProcess().Enter((error ? path : canonical.string()) + '\n' + init_args, own);
}

ModuleView::ModuleView(LoadedModule functions, std::string path, std::string init_args)
    : functions_(std::move(functions)),
      path_(std::move(path)),
      init_args_(std::move(init_args)),
      born_in_(ForkGeneration()) {}

ModuleView::~ModuleView() {
  // Finalises, unless the process is exiting and has done so: a worker may come here meanwhile.
  State* const state = state_.IfMade();
  if (state != nullptr) state->exit_handler.reset();
  // At exit the module may be half gone; a child leaves its parent's alone.
  if (!ProcessIsExiting() && (state != nullptr || born_in_ == ForkGeneration())) return;
  [[maybe_unused]] auto* const left_alone = functions_.release();
}

// InitialisingTurn lets one thread at a time initialise. It is not passed on when that takes too long: two
// threads in C_Initialize would undo each other's. Those who wait are freed after the same time.
class ModuleView::InitialisingTurn {
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

void ModuleView::MakeReady(State& state, const Caller& caller) {
  const InitialisingTurn turn(state);
  if (!state.ready.load(std::memory_order_acquire)) Initialise(state, caller);
}

bool ModuleView::Reinitialise(std::uint64_t seen, const Caller& caller) {
  State& state = state_.Get();
  const InitialisingTurn turn(state);
  if (state.initialisation.load() != seen || !state.ready.load()) return true;
  // Calls that failed during another caller's attempt only need another try.
  if (Clock::now() - state.tried_in_vain < kMoment) return true;
  state.finalised = false;
  state.exit_handler.reset();  // finalises
  const bool answers = Ask(state) == CKR_OK;
  if (!state.finalised && answers) {
    FinaliseAtExit(state);
    state.tried_in_vain = Clock::now();
    state.ready.store(true, std::memory_order_release);
    return false;
  }
  Initialise(state, caller);
  // A module that was finalised, and answers, has another user. So has one that was not initialised by
  // the last call, as p11-kit counts its views, and says that it is.
  const bool revived = Ask(state) != CKR_CRYPTOKI_NOT_INITIALIZED || Revive() == CKR_OK;
  state.shared = answers || !revived;
  return true;
}

// Revive initialises a module that was finalised behind p11-kit's back, while p11-kit counts another view
// that is in use.
CK_RV ModuleView::Revive() const {
  const LoadedModule whole = LoadUncounted(path_);
  if (whole == nullptr) return CKR_GENERAL_ERROR;
  std::string reserved = init_args_;
  if (reserved.empty()) reserved = OptionOf(functions_.get(), "x-init-reserved");
  CK_C_INITIALIZE_ARGS args{};
  args.flags = CKF_OS_LOCKING_OK;
  if (!reserved.empty()) args.pReserved = reserved.data();
  return whole->C_Initialize(&args);
}

// Ask makes the cheapest of calls.
CK_RV ModuleView::Ask(State& state) const {
  const CallWatch::Call watched(CallWatch::Current(), "C_GetInfo", "", state.lost_in_queue);
  CK_INFO info{};
  return functions_->C_GetInfo(&info);
}

// Initialise serves all, also where it came back so late that its caller was freed.
void ModuleView::Initialise(State& state, const Caller& caller) {
  if (ProcessIsExiting()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Initialize", "");
  const CallWatch* const watch = CallWatch::Current();
  if (watch != nullptr && watch->given_up()) throw Failed(caller, CKR_FUNCTION_CANCELED);
  const CK_RV rv = CallInitialise(state, caller);
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) throw Failed(caller, rv);
  FinaliseAtExit(state);
  state.initialisation.fetch_add(1);
  state.ready.store(true, std::memory_order_release);
}

void ModuleView::FinaliseAtExit(State& state) {
  // Registered now, so that we finalise before the exit handlers of the module's libraries run.
  ExitHandler::RunBefore(path_);
  state.exit_handler = std::make_unique<ExitHandler>([this, &state] { Finalise(state); });
}

CK_RV ModuleView::CallInitialise(State& state, const Caller& caller) {
  const CallWatch::Call watched(CallWatch::Current(), "C_Initialize", "", state.lost_in_queue);
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
  if (caller.log != nullptr)
    caller.log->Write(caller.name, "C_Initialize", {}, rv, std::chrono::steady_clock::now() - before);
  return rv;
}

CK_RV ModuleView::CallFinalise(State& state) noexcept {
  const CallWatch::Call watched(CallWatch::Current(), "C_Finalize", "", state.lost_in_queue);
  return functions_->C_Finalize(nullptr);
}

// Finalise waits a moment for calls that other threads are in: to finalise under them could crash. Those that
// are known to hang it does not wait for.
void ModuleView::Finalise(State& state) noexcept {
  state.ready.store(false);
  for (int i = 0; i < 200 && state.in_flight.load() > state.lost.load(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (state.in_flight.load() != 0) return;
  CallFinalise(state);
  state.finalised = true;
}

}  // namespace signet::inline pkcs11
