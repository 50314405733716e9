#include "pkcs11/module/hints.h"

#include "pkcs11/module/rv.h"
#include "pkcs11/module/token_name.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace signet::inline pkcs11 {
namespace {

struct KindRow {
  std::string_view part;  // of the module's file name, its name at p11-kit, or the token's manufacturer
  ModuleKind kind;
};
constexpr KindRow kKinds[] = {
    {"softhsm", ModuleKind::kSoftHsm},
    {"SoftHSM", ModuleKind::kSoftHsm},
    {"opensc", ModuleKind::kCard},
    {"ykcs11", ModuleKind::kCard},
    {"tpm2", ModuleKind::kTpm},
    {"softokn", ModuleKind::kNss},
    {"opencryptoki", ModuleKind::kOpenCryptoki},
    {"p11-kit-client", ModuleKind::kRemote},
};

// The codes with which modules say that something failed, and not what.
constexpr CK_RV kVague = CKR_VENDOR_DEFINED;

struct HintRow {
  ModuleKind kind;
  CK_RV rv;
  const char* hint;
};
constexpr HintRow kHints[] = {
    {ModuleKind::kSoftHsm, kVague,
     "Check that this user may read and write the token's files, and that SOFTHSM2_CONF has not changed."},
    {ModuleKind::kCard, kVague,
     "Check that the reader is connected and pcscd is running, and reinsert the card."},
    {ModuleKind::kCard, CKR_PIN_LOCKED,
     "Unblock it with the PUK: `pkcs15-tool --unblock-pin`, or for a YubiKey `ykman piv access "
     "unblock-pin`."},
    {ModuleKind::kTpm, kVague,
     "Check that this user may open the TPM (group tss) and that TPM2_PKCS11_STORE has not changed."},
    {ModuleKind::kTpm, CKR_PIN_LOCKED,
     "Wait, or use tpm2_dictionarylockout --clear-lockout: the TPM may be in its dictionary lockout."},
    {ModuleKind::kTpm, CKR_PIN_INCORRECT,
     "Check the PIN; several wrong PINs put the TPM into its dictionary lockout (tpm2_dictionarylockout)."},
    {ModuleKind::kNss, kVague,
     "Check the directory of the NSS database in the module's arguments (configdir)."},
    {ModuleKind::kOpenCryptoki, kVague,
     "Check that pkcsslotd is running and that this user is in the group pkcs11."},
    {ModuleKind::kRemote, kVague,
     "Check that `p11-kit server` is running and P11_KIT_SERVER_ADDRESS names its socket."},
};

bool IsVague(CK_RV rv) { return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED; }

// AskedFor gives the code whose row answers the error. That a PIN is locked is known from flags, too.
CK_RV AskedFor(const Error& error) {
  if (error.code() == ErrorCode::kPinLocked) return CKR_PIN_LOCKED;
  return IsVague(RvOf(error)) ? kVague : RvOf(error);
}

// pcscd's socket is at PCSCLITE_CSOCK_NAME, or where Debian has it.
bool PcscdIsDown() {
  const char* const named = secure_getenv("PCSCLITE_CSOCK_NAME");
  return access(named != nullptr ? named : "/run/pcscd/pcscd.comm", F_OK) != 0;
}

}  // namespace

ModuleKind KindOfModule(std::string_view path, std::string_view name, std::string_view maker) noexcept {
  const auto fits = [&](const KindRow& row) {
    const auto has = [&](std::string_view text) { return text.find(row.part) != std::string_view::npos; };
    return has(path) || has(name) || has(maker);
  };
  const auto* row = std::ranges::find_if(kKinds, fits);
  return row != std::end(kKinds) ? row->kind : ModuleKind::kOther;
}

const char* HintFor(ModuleKind kind, const Error& error, bool pcscd_is_down) {
  if (error.code() == ErrorCode::kUnsupported) return nullptr;  // its cause is known
  const CK_RV rv = RvOf(error);
  const bool no_reader = error.code() == ErrorCode::kTokenAbsent || IsVague(rv) || rv == CKR_DEVICE_ERROR;
  if (kind == ModuleKind::kCard && no_reader && pcscd_is_down)
    return "Start pcscd, the service for card readers: its socket does not exist.";
  const CK_RV asked = AskedFor(error);
  // What is locked may be the security officer's PIN: such an error has a hint of its own.
  const bool knows_more = asked == CKR_PIN_LOCKED && error.hint() != RowOfRv(CKR_PIN_LOCKED).hint;
  const auto* row = std::ranges::find_if(
      kHints, [&](const HintRow& hint) { return hint.kind == kind && hint.rv == asked; });
  return row != std::end(kHints) && !knows_more ? row->hint : nullptr;
}

Error WithHint(const Error& error, Module& module, const CK_TOKEN_INFO& token) {
  const ModuleKind kind = KindOfModule(module.path(), module.name(), TextOf(token.manufacturerID));
  const char* const hint = HintFor(kind, error, PcscdIsDown());
  if (hint == nullptr) return error;
  Error::Fields fields = error.fields();
  fields.hint = hint;
  return Error(std::move(fields));
}

}  // namespace signet::inline pkcs11
