#include "libp11/token_setup.h"

#include "base/openssl_error.h"
#include "libp11/libp11_error.h"
#include "libp11/libp11_ptr.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace signet {
namespace {

// Terminated copies a PIN with a NUL behind it, as libp11 wants a C string; refuses one with a NUL inside.
Secret Terminated(const Secret& pin) {
  if (pin.view().find('\0') != std::string_view::npos) {
    throw Error({.code = ErrorCode::kWrongPin,
                 .detail = "a PIN cannot hold a zero byte",
                 .mend = "Choose another PIN."});
  }
  Secret copy = Secret::OfSize(pin.size() + 1);
  std::ranges::copy(pin.view(), copy.writable().begin());
  return copy;
}

}  // namespace

struct TokenSetup::State {
  Libp11Ptr<PKCS11_CTX> context{PKCS11_CTX_new()};
};

// Slots is one enumeration: PKCS11_update_slots of 0.4.12 crashes, so each look at the slots is a fresh one.
class TokenSetup::Slots {
 public:
  explicit Slots(PKCS11_CTX* context) : context_(context) {
    CheckLibp11(PKCS11_enumerate_slots(context_, &slots_, &count_), "PKCS11_enumerate_slots");
  }
  ~Slots() { PKCS11_release_all_slots(context_, slots_, count_); }
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  PKCS11_SLOT* Initialised(std::string_view label, std::string_view serial) const {
    return First([&](const PKCS11_TOKEN& token) {
      return token.initialized && label == token.label && (serial.empty() || serial == token.serialnr);
    });
  }
  PKCS11_SLOT* Blank() const {
    return First([](const PKCS11_TOKEN& token) { return !token.initialized; });
  }
  PKCS11_SLOT* ForInitialising(std::string_view label, bool overwrite) const;
  PKCS11_SLOT* Require(std::string_view label, std::string_view serial) const {
    if (PKCS11_SLOT* slot = Initialised(label, serial)) return slot;
    throw Error({.code = ErrorCode::kTokenAbsent,
                 .detail = fmt::format("no token bears the label \"{}\"", label),
                 .token = std::string(label),
                 .mend = "Insert the token, or check its label."});
  }

 private:
  template <class Fits>
  PKCS11_SLOT* First(Fits fits) const {
    for (unsigned i = 0; i < count_; ++i) {
      if (slots_[i].token != nullptr && fits(*slots_[i].token)) return &slots_[i];
    }
    return nullptr;
  }

  PKCS11_CTX* context_;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned count_ = 0;
};

TokenSetup::TokenSetup(const std::string& module_path) : state_(std::make_unique<State>()) {
  const OpenSslErrorMark mark;
  CheckOpenSsl(state_->context.get(), "PKCS11_CTX_new");
  if (PKCS11_CTX_load(state_->context.get(), module_path.c_str()) == 0) return;
  throw Error({.code = ErrorCode::kModuleTrouble,
               .detail = fmt::format("{} is no PKCS#11 module that can be loaded", module_path),
               .call = "PKCS11_CTX_load",
               .native = LastOpenSslError(),
               .mend = "Name the module's shared library with --module."});
}

TokenSetup::~TokenSetup() { PKCS11_CTX_unload(state_->context.get()); }

PKCS11_SLOT* TokenSetup::Slots::ForInitialising(std::string_view label, bool overwrite) const {
  // libp11 reads 32 bytes whatever the label's length, and CK_TOKEN_INFO has room for no more.
  if (label.empty() || label.size() > 32) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "a token's label has 1 to 32 bytes",
                 .mend = "Choose another label."});
  }
  PKCS11_SLOT* slot = Initialised(label, {});
  if (slot != nullptr && !overwrite) {
    throw Error({.code = ErrorCode::kAmbiguous,
                 .detail = fmt::format("a token with the label \"{}\" is there already", label),
                 .token = std::string(label),
                 .mend = "Choose another label, or wipe that token with --force."});
  }
  if (slot == nullptr) slot = Blank();
  if (slot != nullptr) return slot;
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = "there is no blank token",
               .mend = "Insert a blank token, or wipe one: --label of the token and --force."});
}

void TokenSetup::CheckCanInitialise(std::string_view label, bool overwrite) const {
  const OpenSslErrorMark mark;
  Slots(state_->context.get()).ForInitialising(label, overwrite);
}

std::string TokenSetup::Initialise(std::string_view label, const Secret& so_pin, const Secret& pin,
                                   bool overwrite) {
  const OpenSslErrorMark mark;
  const std::string padded = fmt::format("{:<32}", label);
  const Secret so_text = Terminated(so_pin);
  {
    const Slots slots(state_->context.get());
    PKCS11_SLOT* slot = slots.ForInitialising(label, overwrite);
    CheckLibp11(PKCS11_init_token(slot->token, so_text.view().data(), padded.c_str()), "C_InitToken");
  }
  ResetPin(label, {}, so_pin, pin);
  return Slots(state_->context.get()).Require(label, {})->token->serialnr;
}

void TokenSetup::ResetPin(std::string_view label, std::string_view serial, const Secret& so_pin,
                          const Secret& pin) {
  const OpenSslErrorMark mark;
  const Secret so_text = Terminated(so_pin);
  const Secret text = Terminated(pin);
  // A token may have moved to another slot when it was initialised.
  const Slots slots(state_->context.get());
  PKCS11_SLOT* slot = slots.Require(label, serial);
  CheckLibp11(PKCS11_open_session(slot, 1), "C_OpenSession");
  CheckLibp11(PKCS11_login(slot, 1, so_text.view().data()), "C_Login");
  CheckLibp11(PKCS11_init_pin(slot->token, text.view().data()), "C_InitPIN");
}

void TokenSetup::ChangePin(std::string_view label, std::string_view serial, const Secret& old_pin,
                           const Secret& new_pin, bool security_officer) {
  const OpenSslErrorMark mark;
  const Secret old_text = Terminated(old_pin);
  const Secret new_text = Terminated(new_pin);
  const Slots slots(state_->context.get());
  PKCS11_SLOT* slot = slots.Require(label, serial);
  CheckLibp11(PKCS11_open_session(slot, 1), "C_OpenSession");
  CheckLibp11(PKCS11_login(slot, security_officer ? 1 : 0, old_text.view().data()), "C_Login");
  CheckLibp11(PKCS11_change_pin(slot, old_text.view().data(), new_text.view().data()), "C_SetPIN");
}

void TokenSetup::StoreRsa(std::string_view label, std::string_view serial, const Secret& pin, EVP_PKEY* key,
                          const Certificate* certificate, const ObjectName& name) {
  const OpenSslErrorMark mark;
  const Secret text = Terminated(pin);
  const Slots slots(state_->context.get());
  PKCS11_SLOT* slot = slots.Require(label, serial);
  CheckLibp11(PKCS11_open_session(slot, 1), "C_OpenSession");
  CheckLibp11(PKCS11_login(slot, 0, text.view().data()), "C_Login");
  // libp11 takes both as pointers to what it could change, and does not.
  ObjectName names = name;
  const auto id = names.id.data();
  const auto size = names.id.size();
  CheckLibp11(PKCS11_store_private_key(slot->token, key, names.label.data(), id, size), "C_CreateObject");
  CheckLibp11(PKCS11_store_public_key(slot->token, key, names.label.data(), id, size), "C_CreateObject");
  if (certificate == nullptr) return;
  CheckLibp11(
      PKCS11_store_certificate(slot->token, certificate->native(), names.label.data(), id, size, nullptr),
      "C_CreateObject");
}

}  // namespace signet
