#include "awkward/admin_paths.h"

#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/provisioning.h"
#include "testing/test_key.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

namespace signet::testing {
namespace {

constexpr std::string_view kStored = "ec:P-256";

struct Change {
  MemoryModule& module;
  const std::size_t token;
  const Settings& settings;
  const std::string id = NextId();
  const MemoryTokenOptions before = module.Token(token);
  const std::size_t others = module.Stored(token).size();

  static std::string NextId() {
    static std::atomic<std::uint32_t> last{0};
    return fmt::format("{:08}", ++last);
  }
  std::vector<std::uint8_t> IdBytes() const { return {id.begin(), id.end()}; }
  PinToSend UserPin() const { return {.pin = Secret(before.pin)}; }
  PinToSend OfficerPin() const { return {.pin = Secret(before.so_pin)}; }
  // Fresh is a PIN that the token does not have.
  static Secret Fresh(const std::string& now) {
    return Secret(now.starts_with("new") ? fmt::format("nova{}", NextId()) : fmt::format("new{}", NextId()));
  }

  TokenPlace Place() const {
    for (TokenPlace& place : FindTokens(settings)) {
      if (place.serial == before.serial) return std::move(place);
    }
    throw Error({.code = ErrorCode::kTokenAbsent, .detail = "the token is absent"});
  }
  // Mine counts the objects with the ID of this change.
  std::size_t Mine() const {
    const auto stored = module.Stored(token);
    return static_cast<std::size_t>(std::ranges::count(stored, id, &MemoryStored::id));
  }
  // Kept: all objects that are not of this change are there still.
  bool Kept() const { return module.Stored(token).size() == others + Mine(); }
};

// Made checks a change that makes `count` objects.
template <class Work>
std::string Made(const Change& change, std::size_t count, Work work) {
  try {
    work();
  } catch (const Error& error) {
    const bool named = error.detail().find("left on the token") != std::string::npos;
    if (change.Mine() == 0 || named) throw;
    return fmt::format("{} objects are left behind, and not named: {}", change.Mine(), error.what());
  }
  if (change.Mine() == count) return {};
  return fmt::format("{} objects are made, not {}", change.Mine(), count);
}

std::string Keygen(const Change& change) {
  return Made(change, 2, [&] {
    GenerateKey(change.Place(), change.UserPin(), KeySpec::Parse(std::string(kStored)),
                {.id = change.IdBytes(), .label = "made"}, {});
  });
}

std::string ImportOne(const Change& change) {
  const TestIdentity& identity = IdentityFor(2, kStored);
  static const auto key = ReadPkcs8(identity.private_key);
  return Made(change, 3, [&] {
    Import(change.Place(), change.UserPin(),
           {.key = key.get(), .certificate = identity.certificate, .name = {change.IdBytes(), "imported"}});
  });
}

std::string Remove(const Change& change) {
  change.module.AddIdentity(change.token, IdentityFor(2, kStored), {.id = change.id, .label = "doomed"});
  try {
    std::string uri = "pkcs11:id=";
    for (const char c : change.id) uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    FoundObjects found(change.Place(), change.UserPin(), uri);
    if (found.matched().size() != 3)
      return fmt::format("{} objects are found, not 3", found.matched().size());
    found.Remove();
  } catch (const Error& error) {
    const std::string told = fmt::format("{} of 3 objects were removed", 3 - change.Mine());
    if (change.Mine() == 3 || error.detail().find(told) != std::string::npos) throw;
    return fmt::format("not \"{}\": {}", told, error.what());
  }
  return change.Mine() == 0 ? "" : "objects are left";
}

// NewPin checks a change of `pin`. Where it failed, the PIN may be the new one only if the error says that
// this is not known.
template <class Work>
std::string NewPin(const Change& change, std::string MemoryTokenOptions::*pin, Work work) {
  const Secret fresh = Change::Fresh(change.before.*pin);
  try {
    work(fresh);
  } catch (const Error& error) {
    const bool unsure = error.detail().find("it is not known") != std::string::npos ||
                        OutcomeOf(error.native().value) == signet::Outcome::kNotDone;
    if (unsure || change.module.Token(change.token).*pin == change.before.*pin) throw;
    return fmt::format("the PIN is another one: {}", error.what());
  }
  return change.module.Token(change.token).*pin == fresh.view() ? "" : "the PIN is not the new one";
}

std::string Init(const Change& change) {
  const Secret fresh = Change::Fresh(change.before.pin);
  const std::string label = change.before.label;
  Initialise(FindPlaceFor(change.settings, label, true), label, change.OfficerPin(), fresh.Clone());
  const MemoryTokenOptions now = change.module.Token(change.token);
  return now.pin == fresh.view() && now.label == label ? "" : "the token is not as it was to be";
}

std::string Dispatch(const Change& change, Path path) {
  switch (path) {
    case Path::kKeygen:
      return Keygen(change);
    case Path::kImport:
      return ImportOne(change);
    case Path::kRemove:
      return Remove(change);
    case Path::kSetPin:
      return NewPin(change, &MemoryTokenOptions::pin,
                    [&](const Secret& pin) { ChangePin(change.Place(), change.UserPin(), pin.Clone()); });
    case Path::kSetOfficerPin:
      return NewPin(change, &MemoryTokenOptions::so_pin, [&](const Secret& pin) {
        ChangeOfficerPin(change.Place(), change.OfficerPin(), pin.Clone());
      });
    case Path::kResetPin:
      return NewPin(change, &MemoryTokenOptions::pin,
                    [&](const Secret& pin) { ResetPin(change.Place(), change.OfficerPin(), pin.Clone()); });
    case Path::kInit:
      return Init(change);
    default:
      return "no such path";
  }
}

}  // namespace

std::string ChangeToken(MemoryModule& module, std::size_t token, Path path, const Settings& settings) {
  const Change change{.module = module, .token = token, .settings = settings};
  const auto wiped = [&] { return path == Path::kInit; };
  try {
    const std::string wrong = Dispatch(change, path);
    if (wrong.empty() && !wiped() && !change.Kept()) return "objects of others are lost";
    return wrong;
  } catch (const Error& error) {
    if (!wiped() && !change.Kept()) return fmt::format("objects of others are lost: {}", error.what());
    throw;
  }
}

}  // namespace signet::testing
