#include "pkcs11/module/hints.h"

#include "pkcs11/module/rv.h"
#include "pkcs11/module/token_name.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <unistd.h>

namespace signet {
namespace {

enum class ModuleKind { kSoftHsm, kCard, kTpm, kNss, kOpenCryptoki, kRemote, kOther };

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
     "Check that this user may read and write the token's files, and that SOFTHSM2_CONF is as it was."},
    {ModuleKind::kCard, kVague,
     "Check that the reader is plugged in and pcscd runs, and take the card out and put it back."},
    {ModuleKind::kTpm, kVague,
     "Check that this user may open the TPM (group tss) and that TPM2_PKCS11_STORE is where it was."},
    {ModuleKind::kTpm, CKR_PIN_LOCKED,
     "The TPM may be in its dictionary lockout: wait, or use tpm2_dictionarylockout --clear-lockout."},
    {ModuleKind::kTpm, CKR_PIN_INCORRECT,
     "Check the PIN; a few wrong ones put the TPM into its dictionary lockout (tpm2_dictionarylockout)."},
    {ModuleKind::kNss, kVague,
     "Check the directory of the NSS database in the module's arguments (configdir)."},
    {ModuleKind::kOpenCryptoki, kVague,
     "Check that pkcsslotd runs and that this user is in the group pkcs11."},
    {ModuleKind::kRemote, kVague,
     "Check that `p11-kit server` runs and P11_KIT_SERVER_ADDRESS names its socket."},
};

ModuleKind KindOf(Module& module, const CK_TOKEN_INFO& token) {
  const std::string maker = TextOf(token.manufacturerID);
  const auto fits = [&](const KindRow& row) {
    return module.path().find(row.part) != std::string::npos ||
           module.name().find(row.part) != std::string::npos || maker.find(row.part) != std::string::npos;
  };
  const auto* row = std::ranges::find_if(kKinds, fits);
  return row != std::end(kKinds) ? row->kind : ModuleKind::kOther;
}

bool IsVague(CK_RV rv) { return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED; }

// Debian's pcscd has its socket here.
bool PcscdIsDown() { return access("/run/pcscd/pcscd.comm", F_OK) != 0; }

}  // namespace

Error WithHint(const Error& error, Module& module, const CK_TOKEN_INFO& token) {
  if (error.code() == ErrorCode::kUnsupported) return error;  // its cause is known
  const CK_RV rv = RvOf(error);
  const ModuleKind kind = KindOf(module, token);
  const bool absent = error.code() == ErrorCode::kTokenAbsent;
  Error::Fields fields{.code = error.code(),
                       .detail = error.detail(),
                       .call = error.call(),
                       .native = error.native(),
                       .token = error.token(),
                       .uri = error.uri(),
                       .hint = error.hint()};
  if (kind == ModuleKind::kCard && (absent || IsVague(rv) || rv == CKR_DEVICE_ERROR) && PcscdIsDown()) {
    fields.hint = "Start pcscd, the service for card readers: its socket is not there.";
    return Error(std::move(fields));
  }
  const CK_RV asked = IsVague(rv) ? kVague : rv;
  const auto* row = std::ranges::find_if(
      kHints, [&](const HintRow& hint) { return hint.kind == kind && hint.rv == asked; });
  if (row == std::end(kHints)) return error;
  fields.hint = row->hint;
  return Error(std::move(fields));
}

}  // namespace signet
