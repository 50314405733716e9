#pragma once

#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "pkcs11/admin/key_spec.h"
#include <signet/certificate.h>
#include <signet/secret.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>

namespace signet {

// TokenAdmin changes the content of one token, through one read-write session of its own. For one thread.
// Every function throws Error kTokenTrouble naming the call and the CKR_ code, and leaves behind nothing half
// done: what it had made before the failure is destroyed again.
class TokenAdmin {
 public:
  // TokenAdmin opens the session; `functions` must be initialised and outlive it.
  TokenAdmin(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot);
  ~TokenAdmin();
  TokenAdmin(const TokenAdmin&) = delete;
  TokenAdmin& operator=(const TokenAdmin&) = delete;

  // Login sends the user's PIN, or lets the reader ask for it (nothing); throws kWrongPin, kPinLocked.
  void Login(const std::optional<Secret>& pin);

  // Generate makes a key pair in the token and returns its public key.
  PublicKey Generate(const KeySpec& spec, const ObjectName& name, const KeyPolicy& policy = {});
  // ImportKey puts an RSA, EC, Ed25519 or Ed448 private key into the token; throws kUnsupported for others.
  void ImportKey(EVP_PKEY* key, const ObjectName& name, const KeyPolicy& policy = {});
  void ImportCertificate(const Certificate& certificate, const ObjectName& name);
  // NameOf finds the public key object, or else the RSA private key, with this key in it.
  std::optional<ObjectName> NameOf(const PublicKey& key);
  // List gives what bears the name: its class and full name.
  struct Object {
    CK_OBJECT_CLASS object_class;
    ObjectName name;
  };
  std::vector<Object> List(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);
  // Count and Remove say how many objects of `object_class` (nothing: of any) bear the name. An empty name is
  // refused with kBadArgument.
  std::size_t Count(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);
  std::size_t Remove(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);

 private:
  std::vector<CK_OBJECT_HANDLE> Find(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);
  std::vector<CK_OBJECT_HANDLE> Matching(std::span<CK_ATTRIBUTE> attributes);
  CK_OBJECT_HANDLE Create(std::span<CK_ATTRIBUTE> attributes);
  void Destroy(CK_OBJECT_HANDLE object) noexcept;
  std::vector<std::uint8_t> Attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
  PublicKey ReadPublicKey(const KeySpec& spec, CK_OBJECT_HANDLE object);

  CK_FUNCTION_LIST* functions_;
  CK_SESSION_HANDLE session_ = 0;
};

// AdminModule is one PKCS#11 module, loaded and initialised through p11-kit while the object lives.
class AdminModule {
 public:
  // AdminModule throws Error kModuleTrouble where `path` is no PKCS#11 module.
  explicit AdminModule(const std::string& path);
  ~AdminModule();
  AdminModule(const AdminModule&) = delete;
  AdminModule& operator=(const AdminModule&) = delete;

  CK_FUNCTION_LIST* functions() const noexcept { return functions_; }
  // SlotOf finds the initialised token with this label; throws kNotFound or kAmbiguous.
  // An empty serial number fits every token.
  CK_SLOT_ID SlotOf(std::string_view label, std::string_view serial = {}) const;
  // Slots gives every slot with a token, initialised or not, and what the token says of itself.
  struct Slot {
    CK_SLOT_ID id = 0;
    CK_TOKEN_INFO info{};
    std::string label = {};
    std::string serial = {};
    std::string manufacturer = {};
    std::string model = {};
    bool initialised() const { return (info.flags & CKF_TOKEN_INITIALIZED) != 0; }
  };
  std::vector<Slot> Slots() const;

 private:
  CK_FUNCTION_LIST* functions_;
};

}  // namespace signet
