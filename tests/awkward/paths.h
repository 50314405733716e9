#pragma once

#include "pkcs11/pkcs11_source.h"
#include <signet/testing/memory_token.h>

#include <memory>
#include <string>
#include <vector>

namespace signet::testing {

// Path is one way to use a token: with a source, with keys that it gave, through OpenSSL's store and
// provider, listed by the names of its library and slot too, or by changing it.
enum class Path {
  kList,
  kOpen,
  kLoad,
  kSign,
  kDecrypt,
  kDerive,
  kStore,
  kNamed,
  kKeygen,
  kImport,
  kRemove,
  kSetPin,
  kSetOfficerPin,
  kResetPin,
  kInit,
};
inline constexpr Path kPaths[] = {Path::kList, Path::kOpen,    Path::kLoad,
                                  Path::kSign, Path::kDecrypt, Path::kDerive};
inline constexpr Path kAdminPaths[] = {Path::kKeygen,        Path::kImport,   Path::kRemove, Path::kSetPin,
                                       Path::kSetOfficerPin, Path::kResetPin, Path::kInit};
std::string_view NameOf(Path path);
// UsesKeys: it needs keys that were taken before. ChangesToken: it is one of kAdminPaths.
constexpr bool UsesKeys(Path path) { return path >= Path::kSign && path <= Path::kDerive; }
constexpr bool ChangesToken(Path path) { return path >= Path::kKeygen; }

// Outcome is what an action came to.
struct Outcome {
  bool worked = false;
  bool wrong = false;  // an answer that is not true: another key's signature, an identity lost or doubled
  std::string error;   // of the Error that it threw, or what is not true
  std::string call;    // of the Error
  unsigned long native = 0;
  bool module_said_it = false;  // the Error carries a CKR_ code
  ErrorCode code = ErrorCode::kInternal;
  MemoryCauses causes = {};  // of an Error
};

// KeysForTests are made once in a process: "rsa:2048", "ec:P-256", "ed25519" for each of `kPeople` people.
inline constexpr std::size_t kPeople = 3;
const TestIdentity& IdentityFor(std::size_t person, std::string_view key);
inline constexpr std::string_view kKeyKinds[] = {"rsa:2048", "ec:P-256", "ed25519"};

// Fill puts one identity of each kind, with IDs 01, 02 and 03, into the token.
void Fill(MemoryModule& module, std::size_t token, std::size_t person,
          const MemoryObjectOptions& options = {});

class StorePath;

// User is a program at work, each of whose actions has a number of its own in the record: a source, and the
// keys that it holds of one token.
class User {
 public:
  User(MemoryModule& module, std::size_t token, std::size_t person, const Settings& more = {});
  ~User();
  // TakeKeys loads the three keys that later actions use.
  Outcome TakeKeys();
  Outcome Do(Path path);
  bool has_keys() const { return keys_.size() == std::size(kKeyKinds); }
  // uri is the token's, with its PIN.
  const std::string& uri() const { return uri_; }

 private:
  Outcome Guarded(const std::function<std::string()>& work) const;
  std::string List(const std::string& uri);
  std::string Open();
  std::string Load();
  std::string Sign();
  std::string Decrypt();
  std::string Derive();
  std::string LoadFromStore();
  std::string UriOf(std::size_t kind) const;
  const TestIdentity& Of(std::size_t kind) const { return IdentityFor(person_, kKeyKinds[kind]); }

  MemoryModule& module_;
  const std::size_t token_;
  const std::size_t person_;
  std::string uri_;
  Settings settings_;
  std::shared_ptr<Pkcs11Source> source_;
  std::unique_ptr<StorePath> store_;
  std::vector<std::shared_ptr<PrivateKey>> keys_;
  std::size_t round_ = 0;
};

}  // namespace signet::testing
