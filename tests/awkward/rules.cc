#include "awkward/rules.h"

#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

// IsRefusal: CKR_PIN_LOCKED says nothing of the PIN that was sent, which may be right once it is unlocked.
// What else C_SetPIN refuses is the new PIN.
bool IsRefusal(const MemoryCall& call) {
  if (call.result == CKR_PIN_INCORRECT) return true;
  return call.function != "C_SetPIN" && (call.result == CKR_PIN_INVALID || call.result == CKR_PIN_LEN_RANGE);
}

// CarriesPin: of a call whose session was gone no token got the PIN.
bool CarriesPin(const MemoryCall& call) {
  const bool may =
      call.function == "C_Login" || call.function == "C_SetPIN" || call.function == "C_InitToken";
  return may && call.result != CKR_CRYPTOKI_NOT_INITIALIZED && !call.token.empty();
}

using Sent = std::tuple<std::uint64_t, std::string, bool, std::string>;  // action, token, officer's, PIN
using Known = std::tuple<std::string, bool, std::string>;

// Judge is what is known of the PINs that went out so far.
struct Judge {
  const RuleOptions& options;
  std::map<Sent, unsigned long> failed = {};
  std::map<Sent, int> logins = {};
  std::set<Known> refused = {};

  std::vector<std::string_view> Of(const MemoryCall& call) {
    std::vector<std::string_view> broken;
    const bool officer = call.user_type == CKU_SO;
    const Sent sent{call.action, call.token, officer, call.pin};
    const Known known{call.token, officer, call.pin};
    // What changes at the call itself nobody can know: who is logged in, and with it whose PIN C_SetPIN takes
    // it for, and what is in the slot that C_InitToken names.
    const bool named_by_less = call.function == "C_SetPIN" || call.function == "C_InitToken";
    const bool unforeseen = named_by_less && !call.disturbance.empty();
    if (!call.pin_right && !unforeseen && !call.pin.starts_with("wrong") && !call.pin.empty())
      broken.push_back("it is another token's");
    if (call.pin.empty() && !options.empty_pins) broken.push_back("it is empty");
    if ((call.flags & (officer ? CKF_SO_PIN_FINAL_TRY : CKF_USER_PIN_FINAL_TRY)) != 0)
      broken.push_back("it is the final try");
    if ((call.flags & (officer ? CKF_SO_PIN_LOCKED : CKF_USER_PIN_LOCKED)) != 0)
      broken.push_back("the PIN is locked");
    const auto before = failed.find(sent);
    const bool expired =
        before != failed.end() && before->second == CKR_PIN_EXPIRED && call.function == "C_SetPIN";
    if (before != failed.end() && !expired) broken.push_back("a call with it failed before in this action");
    if (refused.contains(known)) broken.push_back("the token refused it before");
    if (IsRefusal(call)) refused.insert(known);
    if (call.result != CKR_OK && call.result != CKR_USER_ALREADY_LOGGED_IN) failed[sent] = call.result;
    const bool logs_in = call.function == "C_Login" && call.user_type != CKU_CONTEXT_SPECIFIC;
    if (logs_in && call.result == CKR_OK && ++logins[sent] > options.most_logins)
      broken.push_back("the login was renewed more than twice");
    return broken;
  }
};

}  // namespace

std::vector<std::string> BrokenRules(const std::vector<MemoryCall>& calls, const RuleOptions& options) {
  std::vector<std::string> broken;
  Judge judge{.options = options};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const MemoryCall& call = calls[i];
    if (!CarriesPin(call)) continue;
    for (const std::string_view what : judge.Of(call)) {
      broken.push_back(fmt::format("call {}: {} with PIN \"{}\" to token {} in action {}: {}", i,
                                   call.function, call.pin, call.token, call.action, what));
    }
  }
  return broken;
}

std::string Text(const std::vector<MemoryCall>& calls, std::size_t last) {
  std::string text;
  for (std::size_t i = calls.size() > last ? calls.size() - last : 0; i < calls.size(); ++i) {
    const MemoryCall& call = calls[i];
    text += fmt::format("{:4} action {} {} session {} slot {} token {} = {:#x}{}{}{}\n", i, call.action,
                        call.function, call.session, call.slot, call.token, call.result,
                        call.injected ? " (injected)" : "", call.pin.empty() ? "" : " PIN " + call.pin,
                        call.disturbance.empty() ? "" : " after " + call.disturbance);
  }
  return text;
}

}  // namespace signet::testing
