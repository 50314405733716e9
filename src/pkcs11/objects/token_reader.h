#pragma once

#include "identity/stored_objects.h"
#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/object_finder.h"
#include "pkcs11/objects/uri.h"
#include "pkcs11/token/token.h"
#include <signet/certificate.h>

#include <memory>
#include <vector>

namespace signet {

// TokenReader reads what a URI names on one token, and what belongs to it, with one session in one epoch.
// Every object is read once, whatever it is needed for.
class TokenReader {
 public:
  TokenReader(Token::Lease& lease, const Pkcs11Uri& uri) : lease_(lease), uri_(uri) {}

  // ReadNamed reads the objects that the URI matches, of `wanted` kinds at least.
  void ReadNamed(Wanted wanted);
  // named gives the objects of a class that the URI matches.
  std::vector<const StoredObject*> named(CK_OBJECT_CLASS object_class) const;

  // WithId gives all objects of a class with a CKA_ID, whether or not the URI matches them; none for an empty
  // ID.
  std::vector<const StoredObject*> WithId(const Bytes& id, CK_OBJECT_CLASS object_class);
  // Issuers gives the token's certificates that may continue a chain from `leaf`.
  std::vector<Certificate> Issuers(const Certificate& leaf);

  Token::Lease& lease() const noexcept { return lease_; }
  // handles is the number under which the handles of what was read are good.
  std::uint64_t handles() const noexcept { return lease_.handles(); }

 private:
  struct Entry {
    std::unique_ptr<const StoredObject> object;
    bool named;
  };
  enum class Known { kNothing, kEverything };
  struct Searched {
    Bytes id;
    std::optional<CK_OBJECT_CLASS> object_class;  // none: all classes
  };

  const StoredObject& Add(CK_OBJECT_HANDLE handle, std::optional<CK_OBJECT_CLASS> object_class, bool named);
  void Read(const ObjectTemplate& wanted, bool named);
  bool HasSearched(const Bytes& id, CK_OBJECT_CLASS object_class) const;
  bool IsNamed(const StoredObject& object) const;

  Token::Lease& lease_;
  const Pkcs11Uri& uri_;
  std::vector<Entry> entries_;
  std::vector<Searched> searched_;
  std::vector<CK_OBJECT_CLASS>
      complete_;  // classes of which the whole token was read, as the URI names no object
};

// CertificateOf reads a certificate object; throws Error kMalformed.
Certificate CertificateOf(const StoredObject& object, const Token& token);

// LoadFrom gives what the URI names on one token, unpaired. Private keys are adopted, so that they are ready
// to sign.
StoredObjects LoadFrom(const std::shared_ptr<Token>& token,
                       const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                       Wanted wanted, const std::vector<Certificate>& chain_file);

}  // namespace signet
