#include "testing/module/behaviour_text.h"

#include <charconv>
#include <stdexcept>
#include <type_traits>

namespace signet::testing {
namespace {

std::uint64_t Number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("no number: " + std::string(text));
  }
  return number;
}

// Cut takes the part before the next `separator` off `text`.
std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

// Value gives one member as text, FromValue the reverse.
std::string Value(const std::string& value) { return value; }
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) std::string Value(T value) {
  return std::to_string(static_cast<std::uint64_t>(value));
}
std::string Value(const std::vector<unsigned long>& values) {
  std::string text;
  for (const unsigned long value : values) text += std::to_string(value) + " ";
  return text;
}
std::string Value(const std::map<std::string, std::uint64_t>& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + ":" + std::to_string(value) + " ";
  return text;
}
std::string Value(const std::vector<ModuleFault>& faults) {
  std::string text;
  for (const ModuleFault& fault : faults) {
    text += fault.function;
    for (const std::uint64_t number :
         {std::uint64_t{fault.result}, fault.nth, fault.times, std::uint64_t{fault.after}}) {
      text += ":" + std::to_string(number);
    }
    text += " ";
  }
  return text;
}

void FromValue(std::string_view text, std::string& value) { value = text; }
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) void FromValue(std::string_view text, T& value) {
  value = static_cast<T>(Number(text));
}
void FromValue(std::string_view text, std::vector<unsigned long>& values) {
  while (!text.empty()) values.push_back(Number(Cut(text, ' ')));
}
void FromValue(std::string_view text, std::map<std::string, std::uint64_t>& values) {
  while (!text.empty()) {
    std::string_view entry = Cut(text, ' ');
    const std::string name(Cut(entry, ':'));
    values[name] = Number(entry);
  }
}
void FromValue(std::string_view text, std::vector<ModuleFault>& faults) {
  while (!text.empty()) {
    std::string_view entry = Cut(text, ' ');
    ModuleFault fault;
    fault.function = Cut(entry, ':');
    fault.result = Number(Cut(entry, ':'));
    fault.nth = Number(Cut(entry, ':'));
    fault.times = Number(Cut(entry, ':'));
    fault.after = Number(Cut(entry, ':')) != 0;
    faults.push_back(fault);
  }
}

// ForEachMember is the one list of names; both directions go through it.
template <class File, class Visit>
void ForEachMember(File& file, Visit visit) {
  auto& b = file.behaviour;
  visit("module", file.module);
  visit("softhsm_config", file.softhsm_config);
  visit("shared", file.shared);
  visit("drops", file.drops);
  visit("logouts", file.logouts);
  visit("delay_us", b.delay_us);
  visit("delays_us", b.delays_us);
  visit("gather", b.gather);
  visit("faults", b.faults);
  visit("token_flags_set", b.token_flags_set);
  visit("token_flags_clear", b.token_flags_clear);
  visit("pin_tries", b.pin_tries);
  visit("reader_pin", b.reader_pin);
  visit("removed", b.removed);
  visit("max_sessions", b.max_sessions);
  visit("hide_session_limit", b.hide_session_limit);
  visit("unavailable_information", b.unavailable_information);
  visit("label", b.label);
  visit("serial", b.serial);
  visit("cant_lock", b.cant_lock);
  visit("init_args", b.init_args);
  visit("strict_fork", b.strict_fork);
  visit("always_authenticate", b.always_authenticate);
  visit("context_pin", b.context_pin);
  visit("hidden_mechanisms", b.hidden_mechanisms);
  visit("refused_mechanisms", b.refused_mechanisms);
  visit("allowed_mechanisms", b.allowed_mechanisms);
  visit("ecdsa_hashes", b.ecdsa_hashes);
  visit("signature_length", b.signature_length);
  visit("corrupt_signature", b.corrupt_signature);
  visit("failing_attributes", b.failing_attributes);
  visit("single_attributes", b.single_attributes);
  visit("hide_public_keys", b.hide_public_keys);
  visit("hide_certificates", b.hide_certificates);
  visit("hide_before_login", b.hide_before_login);
  visit("find_at_most", b.find_at_most);
  visit("handle_shift", b.handle_shift);
}

}  // namespace

std::string WriteText(const BehaviourFile& file) {
  std::string text;
  ForEachMember(file, [&](const char* name, const auto& member) {
    text += std::string(name) + "=" + Value(member) + "\n";
  });
  return text;
}

BehaviourFile ReadText(std::string_view text) {
  BehaviourFile file;
  while (!text.empty()) {
    std::string_view line = Cut(text, '\n');
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view name = Cut(line, '=');
    bool known = false;
    ForEachMember(file, [&](const char* each, auto& member) {
      if (name != each) return;
      FromValue(line, member);
      known = true;
    });
    if (!known) throw std::runtime_error("the wrapping module knows no " + std::string(name));
  }
  return file;
}

}  // namespace signet::testing
