#include "testing/kit_paths.h"
#include "testing/memory_token/control.h"
#include "testing/memory_token/key_material.h"
#include "testing/memory_token/permitted_codes.h"
#include "testing/module/functions.h"
#include "testing/test_key.h"
#include <signet/testing/memory_token.h>

#include <filesystem>
#include <stdexcept>

#include <dlfcn.h>

namespace signet::testing {
namespace {

std::string Text(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string Yes(bool yes) { return std::string(1, yes ? '\x01' : '\0'); }

MemoryAttributes Changed(MemoryAttributes attributes, const MemoryChanges& changes) {
  for (const auto& [type, value] : changes) {
    if (value) {
      attributes[type] = *value;
    } else {
      attributes.erase(type);
    }
  }
  return attributes;
}

std::string Percent(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

}  // namespace

// Library is the module's control, for as long as the process; the dynamic linker keeps the file mapped.
class MemoryModule::Library {
 public:
  explicit Library(const std::string& path) {
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw std::runtime_error(dlerror());
    void* const symbol = dlsym(handle, kMemoryControlSymbol);
    if (symbol == nullptr) throw std::runtime_error(dlerror());
    control_ = reinterpret_cast<MemoryControlFunction>(symbol)();
  }
  MemoryControl* operator->() const { return control_; }

 private:
  MemoryControl* control_;
};

MemoryModule::MemoryModule()
    : directory_("signet-memory"), path_(directory_.path() + "/signet-testing-memory.so") {
  std::filesystem::copy_file(KitProgram("signet-testing-memory.so"), path_);
  library_ = std::make_unique<Library>(path_);
}

MemoryModule::~MemoryModule() = default;

void MemoryModule::Clear() { (*library_)->Clear(); }
std::size_t MemoryModule::AddSlot() { return (*library_)->AddSlot(); }
std::size_t MemoryModule::MakeToken(const MemoryTokenOptions& options) {
  return (*library_)->MakeToken(options);
}

std::size_t MemoryModule::AddToken(const MemoryTokenOptions& options) {
  const std::size_t token = MakeToken(options);
  Insert(token, AddSlot());
  return token;
}

void MemoryModule::AddIdentity(std::size_t token, const TestIdentity& identity,
                               const MemoryObjectOptions& options) {
  const MemoryAttributes named = {{CKA_TOKEN, Yes(true)}, {CKA_ID, options.id}, {CKA_LABEL, options.label}};
  MemoryAttributes of_key;
  if (!identity.private_key.empty()) {
    of_key = PublicAttributes(ReadPkcs8(identity.private_key).get());
    of_key.insert(named.begin(), named.end());
  }
  if (options.key) {
    MemoryAttributes key = of_key;
    key.erase(CKA_EC_POINT);
    key.erase(CKA_MODULUS_BITS);
    key[CKA_CLASS] = BytesOf(CK_OBJECT_CLASS{CKO_PRIVATE_KEY});
    key[CKA_PRIVATE] = Yes(options.private_key_hidden);
    key[CKA_ALWAYS_AUTHENTICATE] = Yes(options.always_authenticate);
    for (const unsigned long may : {CKA_SENSITIVE, CKA_SIGN, CKA_DECRYPT, CKA_DERIVE}) key[may] = Yes(true);
    key[CKA_EXTRACTABLE] = Yes(false);
    (*library_)->AddObject(token, Changed(std::move(key), options.key_changes), Text(identity.private_key));
  }
  if (options.public_key) {
    MemoryAttributes key = of_key;
    key[CKA_CLASS] = BytesOf(CK_OBJECT_CLASS{CKO_PUBLIC_KEY});
    key[CKA_PRIVATE] = Yes(false);
    for (const unsigned long may : {CKA_VERIFY, CKA_ENCRYPT, CKA_DERIVE}) key[may] = Yes(true);
    (*library_)->AddObject(token, Changed(std::move(key), options.public_key_changes), {});
  }
  if (options.certificate) {
    MemoryAttributes certificate = named;
    certificate[CKA_CLASS] = BytesOf(CK_OBJECT_CLASS{CKO_CERTIFICATE});
    certificate[CKA_CERTIFICATE_TYPE] = BytesOf(CK_CERTIFICATE_TYPE{CKC_X_509});
    certificate[CKA_PRIVATE] = Yes(false);
    certificate[CKA_VALUE] = Text(identity.certificate.der());
    certificate[CKA_SUBJECT] = Text(identity.certificate.subject_der());
    certificate[CKA_ISSUER] = Text(identity.certificate.issuer_der());
    (*library_)->AddObject(token, Changed(std::move(certificate), options.certificate_changes), {});
  }
}

MemoryTokenOptions MemoryModule::Token(std::size_t token) const { return (*library_)->Options(token); }

std::vector<MemoryStored> MemoryModule::Stored(std::size_t token) const { return (*library_)->Stored(token); }

std::string MemoryModule::TokenUri(std::size_t token, bool with_pin) const {
  const MemoryTokenOptions options = (*library_)->Options(token);
  return "pkcs11:token=" + Percent(options.label) + ";serial=" + Percent(options.serial) +
         (with_pin ? "?pin-value=" + Percent(options.pin) : "");
}

std::string MemoryModule::ObjectUri(std::size_t token, std::string_view id, bool with_pin) const {
  const MemoryTokenOptions options = (*library_)->Options(token);
  return TokenUri(token) + ";id=" + Percent(id) + (with_pin ? "?pin-value=" + Percent(options.pin) : "");
}

void MemoryModule::Insert(std::size_t token, std::size_t slot) { (*library_)->Insert(token, slot); }
void MemoryModule::Remove(std::size_t token) { (*library_)->Remove(token); }
void MemoryModule::Swap(std::size_t slot, std::size_t other) { (*library_)->Swap(slot, other); }
void MemoryModule::LogOut(std::size_t token) { (*library_)->LogOut(token); }
void MemoryModule::DropSessions() { (*library_)->DropSessions(); }
void MemoryModule::LoseService(unsigned long code) { (*library_)->LoseService(code); }
void MemoryModule::FinaliseByOthers() { (*library_)->FinaliseByOthers(); }
void MemoryModule::SetFlags(std::size_t token, unsigned long flags) { (*library_)->SetFlags(token, flags); }
void MemoryModule::SetPin(std::size_t token, const std::string& pin) { (*library_)->SetPin(token, pin); }
void MemoryModule::SetTries(std::size_t token, int tries) { (*library_)->SetTries(token, tries); }

void MemoryModule::Set(const MemoryBehaviour& behaviour) {
  for (const ModuleFault& fault : behaviour.faults) {
    if (fault.function != "*" && !FunctionOf(fault.function))
      throw std::runtime_error("PKCS#11 has no " + fault.function);
  }
  (*library_)->Set(behaviour);
}
void MemoryModule::Disturb(const Disturbances& disturbances) { (*library_)->Disturb(disturbances); }
void MemoryModule::Calm() { (*library_)->Disturb({.per_mille = 0}); }
std::uint64_t MemoryModule::disturbed() const { return (*library_)->disturbed(); }

bool MemoryModule::unsettled() const { return (*library_)->unsettled(); }

std::vector<unsigned long> MemoryModule::PermittedCodes(std::string_view function) {
  const auto number = FunctionOf(function);
  if (!number) throw std::runtime_error("PKCS#11 has no " + std::string(function));
  const auto codes = PermittedCodesOf(*number);
  return {codes.begin(), codes.end()};
}
std::vector<unsigned long> MemoryModule::AllCodes() {
  const auto codes = AllCodesOfStandard();
  return {codes.begin(), codes.end()};
}

void MemoryModule::BeginAction(std::uint64_t action) { (*library_)->BeginAction(action); }
MemoryCauses MemoryModule::Causes() const { return (*library_)->Causes(); }
void MemoryModule::Record(bool on) { (*library_)->Record(on); }
std::vector<MemoryCall> MemoryModule::Calls() const { return (*library_)->Calls(); }

std::uint64_t MemoryModule::Count(std::string_view function) const {
  if (function != "*") return (*library_)->Count(FunctionOf(function).value());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kFunctionCount; ++i) sum += (*library_)->Count(i);
  return sum;
}
void MemoryModule::ResetCalls() { (*library_)->ResetCalls(); }

}  // namespace signet::testing
