#include "awkward/rules.h"

#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

// IsRefusal: CKR_PIN_LOCKED says nothing of the PIN that was sent, which may be right once it is unlocked.
bool IsRefusal(const MemoryCall& call) {
  return call.result == CKR_PIN_INCORRECT || call.result == CKR_PIN_INVALID ||
         call.result == CKR_PIN_LEN_RANGE;
}

}  // namespace

std::vector<std::string> BrokenRules(const std::vector<MemoryCall>& calls, bool empty_pins) {
  using Sent = std::tuple<std::uint64_t, std::string, std::string>;  // action, token, PIN
  std::vector<std::string> broken;
  std::set<Sent> failed;
  std::map<Sent, int> logins;
  std::set<std::pair<std::string, std::string>> refused;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const MemoryCall& call = calls[i];
    if (call.function != "C_Login" || call.result == CKR_CRYPTOKI_NOT_INITIALIZED) continue;
    if (call.token.empty()) continue;  // the session was gone: no token got it
    const auto say = [&](std::string_view what) {
      broken.push_back(fmt::format("call {}: PIN \"{}\" to token {} in action {}: {}", i, call.pin,
                                   call.token, call.action, what));
    };
    const Sent sent{call.action, call.token, call.pin};
    const bool wrong_on_purpose = call.pin.starts_with("wrong");
    if (!call.pin_right && !wrong_on_purpose && !call.pin.empty()) say("it is another token's");
    if (call.pin.empty() && !empty_pins) say("it is empty");
    if ((call.flags & CKF_USER_PIN_FINAL_TRY) != 0) say("it is the final try");
    if ((call.flags & CKF_USER_PIN_LOCKED) != 0) say("the PIN is locked");
    if (failed.contains(sent)) say("a C_Login with it failed before in this action");
    if (refused.contains({call.token, call.pin})) say("the token refused it before");
    if (IsRefusal(call)) refused.insert({call.token, call.pin});
    const bool user = call.user_type == CKU_USER;
    if (call.result != CKR_OK && call.result != CKR_USER_ALREADY_LOGGED_IN) failed.insert(sent);
    if (call.result == CKR_OK && user && ++logins[sent] > 3) say("the login was renewed more than twice");
  }
  return broken;
}

std::string Text(const std::vector<MemoryCall>& calls, std::size_t last) {
  std::string text;
  for (std::size_t i = calls.size() > last ? calls.size() - last : 0; i < calls.size(); ++i) {
    const MemoryCall& call = calls[i];
    text +=
        fmt::format("{:4} action {} {} session {} slot {} token {} = {:#x}{}{}{}\n", i, call.action,
                    call.function, call.session, call.slot, call.token, call.result,
                    call.injected ? " (injected)" : "", call.function == "C_Login" ? " PIN " + call.pin : "",
                    call.disturbance.empty() ? "" : " after " + call.disturbance);
  }
  return text;
}

}  // namespace signet::testing
