#include "pkcs11/objects/object_finder.h"

#include <array>

namespace signet {
namespace {

// Search ends the search at the token, also when something goes wrong in the middle.
class Search {
 public:
  Search(Token::Lease& lease, CK_ATTRIBUTE* wanted, CK_ULONG count) : lease_(lease) {
    CheckRv(lease.Call(SIGNET_CK(C_FindObjectsInit), kNoMechanism, wanted, count), "C_FindObjectsInit",
            lease.token().label());
  }
  ~Search() {
    if (lease_.Call(SIGNET_CK(C_FindObjectsFinal), kNoMechanism) != CKR_OK) lease_.Discard();
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

 private:
  Token::Lease& lease_;
};

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const void* value, std::size_t size) {
  return {type, const_cast<void*>(value), size};
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
  const Search search(lease, attributes.data(), count);
  std::array<CK_OBJECT_HANDLE, 256> some;
  for (;;) {
    CK_ULONG found = 0;
    const CK_RV rv = lease.Call(SIGNET_CK(C_FindObjects), kNoMechanism, some.data(),
                                static_cast<CK_ULONG>(some.size()), &found);
    CheckRv(rv, "C_FindObjects", lease.token().label());
    if (found > some.size()) throw RvError(CKR_GENERAL_ERROR, "C_FindObjects", lease.token().label());
    if (found == 0) break;
    handles.insert(handles.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(found));
  }
  return handles;
}

std::vector<StoredObject> FindObjects(Token::Lease& lease, const ObjectTemplate& wanted) {
  std::vector<StoredObject> objects;
  for (const CK_OBJECT_HANDLE handle : FindHandles(lease, wanted)) {
    objects.push_back(ReadAttributes(lease, handle, wanted.object_class));
  }
  return objects;
}

}  // namespace signet
