#pragma once

#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/key_attributes.h"
#include "pkcs11/admin/key_spec.h"
#include "pkcs11/admin/token_place.h"
#include "pkcs11/objects/attributes.h"
#include "pkcs11/objects/object_finder.h"
#include "pkcs11/token/token.h"
#include <signet/certificate.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// TokenAdmin changes the content of one token as its user: it is the one way in which objects are created.
// It logs in when it first needs to. Every function throws Error. For one thread.
class TokenAdmin {
 public:
  TokenAdmin(const TokenPlace& place, const PinToSend& pin);
  TokenAdmin(const TokenAdmin&) = delete;
  TokenAdmin& operator=(const TokenAdmin&) = delete;

  // AllOrNothing calls `work`. When it throws an Error, what TokenAdmin created in it is removed, and the
  // Error thrown on; where something could not be removed, its detail names that.
  void AllOrNothing(const std::function<void()>& work);

  // Generate makes a key pair in the token and returns its public key.
  PublicKey Generate(const KeySpec& spec, const ObjectName& name, const KeyPolicy& policy = {});
  // ImportKey puts an RSA, EC, Ed25519 or Ed448 private key into the token; throws kUnsupported for others.
  void ImportKey(EVP_PKEY* key, const ObjectName& name, const KeyPolicy& policy = {});
  // ImportCertificate writes all attributes of PKCS#11 2.40, 4.6.3; CKA_CERTIFICATE_CATEGORY only where the
  // token takes it.
  void ImportCertificate(const Certificate& certificate, const ObjectName& name);

  // NameOf gives the name of the key object, public or private, that has this key.
  std::optional<ObjectName> NameOf(const PublicKey& key);
  // List gives the objects of `object_class` (nothing: of any) that have the name. An empty name is refused
  // with kBadArgument.
  std::vector<StoredObject> List(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);
  // Remove destroys what List gives and says how many objects that were.
  std::size_t Remove(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class);
  // RemoveCertificate destroys the certificate objects with this name and DER.
  void RemoveCertificate(const ObjectName& name, const Bytes& der);

 private:
  // Made is how an object is found again whose creation may have happened.
  struct Made {
    CK_OBJECT_CLASS object_class = CKO_DATA;
    ObjectName name;
    Bytes certificate = {};  // its DER; empty for a key
    std::size_t before = 0;  // how many were there already
  };

  // Core is what work on the token owns.
  struct Core {
    Core(std::shared_ptr<Token> opened, Credentials given)
        : token(std::move(opened)), credentials(std::move(given)) {}
    const std::shared_ptr<Token> token;
    const Credentials credentials;
    LoginFailure logins = {};
  };
  // InSession calls `work(Lease&)` as Token::Use does, under the token's guard: `work` owns what it touches.
  template <class Work>
  auto InSession(Work work) {
    return core_->token->guard().Run([core = core_, work = std::move(work)]() mutable {
      const Access access{
          .credentials = &core->credentials, .login_first = true, .exclusive = true, .logins = &core->logins};
      return core->token->Use(access, work);
    });
  }
  const std::string& label() const noexcept { return core_->token->label(); }
  // Change makes one call that creates `made`. What it returned is compared with what is there: a call that
  // is said to have failed may have been done. It is repeated once, where nothing is there and something was
  // renewed. False if the call is still in progress.
  bool Change(std::vector<Made> made, const char* name, const std::function<CK_RV(Token::Lease&)>& call);
  void Create(std::shared_ptr<const Template> parts, const Made& made);
  bool IsThere(const Made& made);
  std::optional<std::size_t> HowManyAreThere(const std::vector<Made>& made);
  std::optional<std::size_t> LeftOf(const ObjectTemplate& wanted);
  std::string Undo(const Made& made);
  static std::vector<CK_OBJECT_HANDLE> Search(Token::Lease& lease, const Made& made);
  static std::string InWords(const Made& made);

  const std::shared_ptr<Core> core_;
  std::vector<Made> made_;
};

// KindOf names a class in words: "private key".
const char* KindOf(CK_OBJECT_CLASS object_class);

}  // namespace signet::inline pkcs11
