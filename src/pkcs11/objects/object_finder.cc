#include "pkcs11/objects/object_finder.h"

#include "pkcs11/module/rv.h"

#include <array>
#include <chrono>
#include <unordered_set>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

// A search that gives more objects, takes more calls or takes longer does not end.
constexpr std::size_t kMostObjects = 100'000;
constexpr int kMostCalls = 150'000;
constexpr std::chrono::seconds kLongest{30};

// Search ends the search at the token, also when something goes wrong in the middle.
class Search {
 public:
  Search(Token::Lease& lease, CK_ATTRIBUTE* wanted, CK_ULONG count) : lease_(lease) {
    CheckRv(lease.Call(SIGNET_CK(C_FindObjectsInit), kNoMechanism, wanted, count), "C_FindObjectsInit",
            lease.token().label());
  }
  ~Search() {
    if (lease_.Call(SIGNET_CK(C_FindObjectsFinal), kNoMechanism) != CKR_OK) lease_.ReplaceAtEnd();
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

 private:
  Token::Lease& lease_;
};

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const void* value, std::size_t size) {
  return {type, const_cast<void*>(value), size};
}

Error Endless(const std::string& token) {
  return Error(
      {.code = ErrorCode::kTokenTrouble,
       .detail = fmt::format("token {}: the module's search for objects does not end (more than {} objects, "
                             "{} calls or {} seconds)",
                             token, kMostObjects, kMostCalls, kLongest.count()),
       .call = "C_FindObjects",
       .token = token,
       .hint = "Contact the vendor of the module, or use another module."});
}

}  // namespace

std::vector<CK_OBJECT_HANDLE> FindHandles(Token::Lease& lease, const ObjectTemplate& wanted) {
  std::array<CK_ATTRIBUTE, 4> attributes;
  CK_ULONG count = 0;
  if (wanted.object_class) {
    attributes[count++] = Attribute(CKA_CLASS, &*wanted.object_class, sizeof(CK_OBJECT_CLASS));
  }
  if (wanted.id) attributes[count++] = Attribute(CKA_ID, wanted.id->data(), wanted.id->size());
  if (wanted.label) attributes[count++] = Attribute(CKA_LABEL, wanted.label->data(), wanted.label->size());
  if (wanted.subject)
    attributes[count++] = Attribute(CKA_SUBJECT, wanted.subject->data(), wanted.subject->size());

  std::vector<CK_OBJECT_HANDLE> handles;
  std::unordered_set<CK_OBJECT_HANDLE> seen;
  const auto until = std::chrono::steady_clock::now() + kLongest;
  const Search search(lease, attributes.data(), count);
  std::array<CK_OBJECT_HANDLE, 256> some;
  for (int calls = 0;
       calls < kMostCalls && handles.size() <= kMostObjects && std::chrono::steady_clock::now() < until;
       ++calls) {
    CK_ULONG found = 0;
    const CK_RV rv = lease.Call(SIGNET_CK(C_FindObjects), kNoMechanism, some.data(),
                                static_cast<CK_ULONG>(some.size()), &found);
    CheckRv(rv, "C_FindObjects", lease.token().label());
    if (found > some.size()) throw RvError(CKR_GENERAL_ERROR, "C_FindObjects", lease.token().label());
    // Only a call that gives none ends a search (PKCS#11 2.40, 5.7).
    if (found == 0) return handles;
    for (std::size_t i = 0; i < found; ++i) {
      if (seen.insert(some[i]).second) handles.push_back(some[i]);
    }
  }
  throw Endless(lease.token().label());
}

std::vector<StoredObject> FindObjects(Token::Lease& lease, const ObjectTemplate& wanted) {
  std::vector<StoredObject> objects;
  for (const CK_OBJECT_HANDLE handle : FindHandles(lease, wanted)) {
    objects.push_back(ReadAttributes(lease, handle, wanted.object_class));
  }
  return objects;
}

}  // namespace signet::inline pkcs11
