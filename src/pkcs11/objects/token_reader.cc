#include "pkcs11/objects/token_reader.h"

#include "pkcs11/objects/public_part.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

constexpr CK_OBJECT_CLASS kClasses[] = {CKO_PRIVATE_KEY, CKO_CERTIFICATE, CKO_PUBLIC_KEY};

bool Wants(Wanted wanted, CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return (wanted & kWantPrivateKeys) != 0;
    case CKO_PUBLIC_KEY:
      return (wanted & kWantPublicKeys) != 0;
    case CKO_CERTIFICATE:
      return (wanted & kWantCertificates) != 0;
    default:
      return false;
  }
}

}  // namespace

bool TokenReader::IsNamed(const StoredObject& object) const {
  if (uri_.object_class() && *uri_.object_class() != object.object_class) return false;
  if (uri_.id() && *uri_.id() != object.id()) return false;
  return !uri_.object() || *uri_.object() == object.label();
}

const StoredObject& TokenReader::Add(CK_OBJECT_HANDLE handle, std::optional<CK_OBJECT_CLASS> object_class,
                                     bool named) {
  const auto known =
      std::ranges::find_if(entries_, [=](const Entry& entry) { return entry.object->handle == handle; });
  if (known != entries_.end()) {
    known->named |= named;
    return *known->object;
  }
  auto object = std::make_unique<const StoredObject>(ReadAttributes(lease_, handle, object_class));
  named = named && IsNamed(*object);
  entries_.push_back({std::move(object), named});
  return *entries_.back().object;
}

void TokenReader::Read(const ObjectTemplate& wanted, bool named) {
  for (const CK_OBJECT_HANDLE handle : FindHandles(lease_, wanted)) Add(handle, wanted.object_class, named);
}

// One search by ID or label finds key, public key and certificate together. By ID the label is compared here,
// so that what belongs to the key but is called otherwise is known as well.
void TokenReader::ReadNamed(Wanted wanted) {
  ObjectTemplate by;
  if (uri_.id() && !uri_.id()->empty()) {
    by.id = uri_.id();
  } else if (uri_.object()) {
    by.label = uri_.object();
  }
  const bool one_class = !Wants(wanted, CKO_PRIVATE_KEY);
  if ((by.id || by.label) && !one_class) {
    if (by.id) searched_.push_back({*by.id, std::nullopt});
    Read(by, true);
    return;
  }
  for (const CK_OBJECT_CLASS object_class : kClasses) {
    if (!Wants(wanted, object_class)) continue;
    by.object_class = object_class;
    Read(by, true);
    if (by.id) searched_.push_back({*by.id, object_class});
    if (!by.id && !by.label) complete_.push_back(object_class);
  }
}

std::vector<const StoredObject*> TokenReader::named(CK_OBJECT_CLASS object_class) const {
  std::vector<const StoredObject*> objects;
  for (const Entry& entry : entries_) {
    if (entry.named && entry.object->object_class == object_class) objects.push_back(entry.object.get());
  }
  return objects;
}

bool TokenReader::HasSearched(const Bytes& id, CK_OBJECT_CLASS object_class) const {
  if (std::ranges::find(complete_, object_class) != complete_.end()) return true;
  return std::ranges::any_of(searched_, [&](const Searched& search) {
    return search.id == id && (!search.object_class || *search.object_class == object_class);
  });
}

std::vector<const StoredObject*> TokenReader::WithId(const Bytes& id, CK_OBJECT_CLASS object_class) {
  std::vector<const StoredObject*> objects;
  if (id.empty()) return objects;
  const auto collect = [&] {
    for (const Entry& entry : entries_) {
      if (entry.object->object_class == object_class && entry.object->id() == id)
        objects.push_back(entry.object.get());
    }
  };
  collect();
  if (!objects.empty() || HasSearched(id, object_class)) return objects;
  searched_.push_back({id, object_class});
  Read({.object_class = object_class, .id = id}, false);
  collect();
  return objects;
}

// Issuers searches by CKA_SUBJECT, one step of the chain after the other, so that it costs the same on a full
// token.
std::vector<Certificate> TokenReader::Issuers(const Certificate& leaf) {
  std::vector<Certificate> issuers;
  Certificate last = leaf;
  while (!last.self_issued() && issuers.size() < 16) {
    const Bytes subject(last.issuer_der().begin(), last.issuer_der().end());
    std::vector<Certificate> found;
    for (const StoredObject& object :
         FindObjects(lease_, {.object_class = CKO_CERTIFICATE, .subject = subject})) {
      try {
        found.push_back(CertificateOf(object, lease_.token()));
      } catch (const Error&) {
        continue;  // No issuer of anything; it is told of where it is itself asked for.
      }
    }
    std::erase_if(found,
                  [&](const Certificate& one) { return std::ranges::find(issuers, one) != issuers.end(); });
    if (found.empty()) break;
    last = found.front();
    issuers.insert(issuers.end(), found.begin(), found.end());
  }
  return issuers;
}

Certificate CertificateOf(const StoredObject& object, const Token& token) {
  try {
    return Certificate::FromDer(object.attributes.BytesOf(CKA_VALUE));
  } catch (const Error& error) {
    throw Error({.code = ErrorCode::kMalformed,
                 .detail = fmt::format("token {}: the certificate {} cannot be read: {}", token.label(),
                                       object.label(), error.detail()),
                 .call = error.call(),
                 .native = error.native(),
                 .token = token.label(),
                 .mend = "Store it on the token again."});
  }
}

}  // namespace signet
