#include "diagnosis/explanation.h"
#include "pkcs11/module/module_status.h"
#include "tool/doctor_checks.h"

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct PinRow {
  bool TokenStatus::*flag;
  Verdict verdict;
  std::string_view detail;
  std::string_view hint;
};

// The worst first: one line for each token.
constexpr PinRow kPinStates[] = {
    {&TokenStatus::pin_locked, Verdict::kBad, "its PIN is locked",
     "Unlock it with the card's PUK or its security officer's PIN."},
    {&TokenStatus::pin_final_try, Verdict::kBad, "one more wrong PIN locks it, so Signet sends no PIN",
     "Log in once with the tool that came with the card, or set allow-final-try = true if you are sure of "
     "the PIN."},
    {&TokenStatus::pin_count_low, Verdict::kNote, "a wrong PIN was entered since the last correct one",
     "Check the source of the PIN; the next correct PIN resets the counter."},
};

std::string NameOf(const TokenStatus& token) {
  if (!token.label.empty()) return token.label;
  return token.serial.empty() ? "without a name" : token.serial;
}

Finding PinFinding(const TokenStatus& token) {
  const std::string what = fmt::format("token {}", NameOf(token));
  if (!token.initialised) {
    return {Verdict::kNote, what, "it is not initialised",
            "Initialise it with `signet token init`, or leave it."};
  }
  for (const PinRow& row : kPinStates) {
    if (token.*row.flag) return {row.verdict, what, std::string(row.detail), std::string(row.hint)};
  }
  if (token.needs_login && !token.pin_set) {
    return {Verdict::kBad, what, "it requires a login and has no user PIN yet",
            "Set one with `signet token set-pin`."};
  }
  const std::string serial = token.serial.empty() ? "" : fmt::format(" (serial number {})", token.serial);
  if (token.reader_asks) {
    return {Verdict::kOk, what, fmt::format("ready{}; the reader asks for the PIN on its PIN pad", serial)};
  }
  return {Verdict::kOk, what,
          fmt::format("ready{}; {}", serial, token.needs_login ? "requires its PIN" : "requires no PIN")};
}

}  // namespace

Findings CheckModules(const Settings& settings) {
  Findings findings;
  std::size_t tokens = 0;
  for (const ModuleStatus& module : StatusOfModules(settings)) {
    if (module.holds_trust) continue;
    const std::string what = fmt::format("module {}", module.name);
    if (module.trouble) {
      const Explanation why = Explain(*module.trouble);
      findings.push_back({Verdict::kBad, what, why.cause, why.hint});
      continue;
    }
    findings.push_back(
        {Verdict::kOk, what,
         fmt::format("works, with {} token{}{}", module.tokens.size(), module.tokens.size() == 1 ? "" : "s",
                     module.path.empty() ? "" : fmt::format(" ({})", module.path))});
    for (const TokenStatus& token : module.tokens) findings.push_back(PinFinding(token));
    tokens += module.tokens.size();
  }
  if (tokens == 0) {
    findings.push_back({Verdict::kNote, "tokens", "there is no token",
                        "Insert the token, or give its module with --module; PKCS#12 files need no token."});
  }
  return findings;
}

}  // namespace signet::tool
