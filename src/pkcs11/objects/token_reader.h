#pragma once

#include "identity/stored_objects.h"
#include "pkcs11/objects/object_finder.h"
#include "pkcs11/objects/pairing.h"
#include "pkcs11/objects/uri.h"
#include "pkcs11/token/token.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace signet::inline pkcs11 {

// DecodedCertificate is what a certificate object holds, or why that cannot be read.
struct DecodedCertificate {
  std::optional<Certificate> certificate;
  std::optional<Error> error;
};

// TokenReader reads what a URI names on one token, and what belongs to it, with one session. Every object is
// read once, for all uses.
class TokenReader {
 public:
  using Objects = std::vector<const StoredObject*>;
  // For this number of objects it is cheaper to read the whole token than to search for each.
  static constexpr std::size_t kManyObjects = 8;

  TokenReader(Token::Lease& lease, const Pkcs11Uri& uri) : lease_(lease), uri_(uri) {}

  // ReadNamed reads the objects that the URI matches, of `wanted` kinds at least.
  void ReadNamed(Wanted wanted);
  // ReadAll reads all private keys, public keys and certificates of the token: a search for each class.
  void ReadAll();
  bool has_read_all() const noexcept { return complete_.size() == 3; }

  // named gives the objects of a class that the URI matches; matched leaves the URI's `type` aside.
  Objects named(CK_OBJECT_CLASS object_class);
  Objects matched(CK_OBJECT_CLASS object_class);
  // read gives all objects of a class that were read so far.
  Objects read(CK_OBJECT_CLASS object_class);

  // WithId gives all objects of a class with a CKA_ID, whether or not the URI matches them; none for an empty
  // ID. WithLabel does so by label.
  Objects WithId(const Bytes& id, CK_OBJECT_CLASS object_class);
  Objects WithLabel(const std::string& label, CK_OBJECT_CLASS object_class);
  // ReadRivals reads the private keys to which `found`, objects that bear the label of a private key, may
  // belong instead: those with the same label, and those with the CKA_ID of one of `found`.
  void ReadRivals(const std::string& label, const Objects& found);
  // Decoded decodes a certificate object of this reader, once.
  const DecodedCertificate& Decoded(const StoredObject& object);
  // Issuers gives the certificates of the token, and of `beside`, that may continue a chain from `leaf`.
  std::vector<Certificate> Issuers(const Certificate& leaf, const std::vector<Certificate>& beside);

  Token::Lease& lease() const noexcept { return lease_; }
  // handles is the number under which the handles of what was read are good.
  std::uint64_t handles() const noexcept { return lease_.handles(); }

 private:
  struct Entry {
    std::unique_ptr<const StoredObject> object;
    bool matched = false;
  };

  using Positions = std::vector<std::size_t>;  // in entries_

  Entry& Add(CK_OBJECT_HANDLE handle, std::optional<CK_OBJECT_CLASS> object_class, bool matched);
  void Read(const ObjectTemplate& wanted, bool matched);
  const StoredObject* Whole(Entry& entry);
  void ReadClass(CK_OBJECT_CLASS object_class);
  bool Complete(CK_OBJECT_CLASS object_class) const;
  bool Matches(const StoredObject& object) const;
  Objects With(const ObjectTemplate& wanted);
  template <class Predicate>
  Objects Collect(CK_OBJECT_CLASS object_class, Predicate wanted);
  Objects Indexed(CK_OBJECT_CLASS object_class, const ObjectTemplate& wanted);
  const std::vector<Certificate>& WithSubject(std::span<const std::uint8_t> subject);

  Token::Lease& lease_;
  const Pkcs11Uri& uri_;
  std::vector<Entry> entries_;
  std::unordered_map<CK_OBJECT_HANDLE, std::size_t> by_handle_;
  std::unordered_map<std::string, Positions> by_id_;
  std::unordered_map<std::string, Positions> by_label_;
  std::unordered_map<CK_OBJECT_HANDLE, DecodedCertificate> decoded_;
  std::vector<CK_OBJECT_CLASS> complete_;  // classes of which the whole token was read
  std::set<std::string> all_with_id_;      // IDs for which all classes were searched
  std::unordered_map<std::string, std::vector<Certificate>> by_subject_;
  bool subjects_made_ = false;
};

// CertificateOf reads a certificate object, whose value may be followed by a filler; throws Error kMalformed.
Certificate CertificateOf(const StoredObject& object, const Token& token);

// LoadFrom gives what the URI names on one token, unpaired. Private keys are adopted, so that they are ready
// to sign.
StoredObjects LoadFrom(const std::shared_ptr<Token>& token,
                       const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                       Wanted wanted, const std::vector<Certificate>& chain_file);

}  // namespace signet::inline pkcs11
