#include "pkcs11/objects/token_reader.h"

#include "pkcs11/objects/der.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

constexpr CK_OBJECT_CLASS kClasses[] = {CKO_PRIVATE_KEY, CKO_CERTIFICATE, CKO_PUBLIC_KEY};
// Issuers that may be on a path to a root; a token that claims more is not followed further.
constexpr std::size_t kMostIssuers = 64;

std::string TextOf(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

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

bool TokenReader::Matches(const StoredObject& object) const {
  if (uri_.id() && *uri_.id() != object.id()) return false;
  return !uri_.object() || *uri_.object() == object.label();
}

bool TokenReader::Complete(CK_OBJECT_CLASS object_class) const {
  return std::ranges::find(complete_, object_class) != complete_.end();
}

void TokenReader::Add(CK_OBJECT_HANDLE handle, std::optional<CK_OBJECT_CLASS> object_class, bool matched) {
  const auto known = by_handle_.find(handle);
  if (known != by_handle_.end()) {
    Entry& entry = entries_[known->second];
    entry.matched |= matched && Matches(*entry.object);
    return;
  }
  auto object = std::make_unique<const StoredObject>(ReadAttributes(lease_, handle, object_class));
  matched = matched && Matches(*object);
  by_handle_.emplace(handle, entries_.size());
  entries_.push_back({std::move(object), matched});
}

void TokenReader::Read(const ObjectTemplate& wanted, bool matched) {
  for (const CK_OBJECT_HANDLE handle : FindHandles(lease_, wanted)) Add(handle, wanted.object_class, matched);
}

void TokenReader::ReadClass(CK_OBJECT_CLASS object_class) {
  if (Complete(object_class)) return;
  Read({.object_class = object_class}, true);
  complete_.push_back(object_class);
}

void TokenReader::ReadAll() {
  for (const CK_OBJECT_CLASS object_class : kClasses) ReadClass(object_class);
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
  if (!by.id && !by.label) {
    for (const CK_OBJECT_CLASS object_class : kClasses) {
      if (Wants(wanted, object_class)) ReadClass(object_class);
    }
    return;
  }
  if (Wants(wanted, CKO_PRIVATE_KEY)) {
    Read(by, true);
    if (by.id) all_with_id_.insert(TextOf(*by.id));
    return;
  }
  for (const CK_OBJECT_CLASS object_class : kClasses) {
    by.object_class = object_class;
    if (Wants(wanted, object_class)) Read(by, true);
  }
}

// Collect reads the rest of certificates that were not known to be such.
template <class Predicate>
TokenReader::Objects TokenReader::Collect(CK_OBJECT_CLASS object_class, Predicate wanted) {
  Objects objects;
  for (Entry& entry : entries_) {
    if (entry.object->object_class != object_class || !wanted(entry)) continue;
    if (entry.object->partial) {
      entry.object = std::make_unique<const StoredObject>(
          ReadAttributes(lease_, entry.object->handle, entry.object->object_class));
    }
    objects.push_back(entry.object.get());
  }
  return objects;
}

TokenReader::Objects TokenReader::matched(CK_OBJECT_CLASS object_class) {
  return Collect(object_class, [](const Entry& entry) { return entry.matched; });
}

TokenReader::Objects TokenReader::named(CK_OBJECT_CLASS object_class) {
  if (uri_.object_class() && *uri_.object_class() != object_class) return {};
  return matched(object_class);
}

TokenReader::Objects TokenReader::read(CK_OBJECT_CLASS object_class) {
  return Collect(object_class, [](const Entry&) { return true; });
}

// With searches the token unless what is wanted was read before.
TokenReader::Objects TokenReader::With(const ObjectTemplate& wanted) {
  const auto fits = [&](const Entry& entry) {
    return (!wanted.id || entry.object->id() == *wanted.id) &&
           (!wanted.label || entry.object->label() == *wanted.label);
  };
  const Objects objects = Collect(*wanted.object_class, fits);
  const bool searched =
      Complete(*wanted.object_class) || (wanted.id && all_with_id_.contains(TextOf(*wanted.id)));
  if (!objects.empty() || searched) return objects;
  Read(wanted, false);
  return Collect(*wanted.object_class, fits);
}

TokenReader::Objects TokenReader::WithId(const Bytes& id, CK_OBJECT_CLASS object_class) {
  return id.empty() ? Objects() : With({.object_class = object_class, .id = id});
}

TokenReader::Objects TokenReader::WithLabel(const std::string& label, CK_OBJECT_CLASS object_class) {
  return label.empty() ? Objects() : With({.object_class = object_class, .label = label});
}

void TokenReader::ReadRivals(const std::string& label, const Objects& found) {
  if (found.empty() || Complete(CKO_PRIVATE_KEY)) return;
  std::vector<Bytes> ids;
  for (const StoredObject* object : found) ids.push_back(object->id());
  Read({.object_class = CKO_PRIVATE_KEY, .label = label}, false);
  for (const Bytes& id : ids) WithId(id, CKO_PRIVATE_KEY);
}

// WithSubject searches by CKA_SUBJECT, so that it costs the same on a full token; where all certificates were
// read, it looks among those.
std::vector<Certificate> TokenReader::WithSubject(std::span<const std::uint8_t> subject) {
  const auto keep = [this](const StoredObject& object) {
    try {
      const Certificate certificate = CertificateOf(object, lease_.token());
      by_subject_[TextOf(certificate.subject_der())].push_back(certificate);
    } catch (const Error&) {
      return;  // No issuer of anything; it is told of where it is itself asked for.
    }
  };
  const std::string key = TextOf(subject);
  if (Complete(CKO_CERTIFICATE)) {
    if (!subjects_made_) {
      by_subject_.clear();
      for (const StoredObject* object : read(CKO_CERTIFICATE)) keep(*object);
      subjects_made_ = true;
    }
  } else if (by_subject_.try_emplace(key).second) {
    const ObjectTemplate wanted{.object_class = CKO_CERTIFICATE,
                                .subject = Bytes(subject.begin(), subject.end())};
    for (const StoredObject& object : FindObjects(lease_, wanted)) keep(object);
  }
  const auto found = by_subject_.find(key);
  return found != by_subject_.end() ? found->second : std::vector<Certificate>();
}

std::vector<Certificate> TokenReader::Issuers(const Certificate& leaf) {
  std::vector<Certificate> issuers;
  std::vector<Certificate> open{leaf};
  while (!open.empty() && issuers.size() < kMostIssuers) {
    const Certificate last = open.back();
    open.pop_back();
    if (last.self_issued()) continue;
    for (const Certificate& issuer : WithSubject(last.issuer_der())) {
      if (std::ranges::find(issuers, issuer) != issuers.end()) continue;
      issuers.push_back(issuer);
      open.push_back(issuer);
    }
  }
  return issuers;
}

Certificate CertificateOf(const StoredObject& object, const Token& token) {
  const auto malformed = [&](const std::string& why) {
    return Error({.code = ErrorCode::kMalformed,
                  .detail = fmt::format("token {}: the certificate {} cannot be read: {}", token.label(),
                                        object.label(), why),
                  .token = token.label(),
                  .mend = "Store it on the token again."});
  };
  const auto type = object.attributes.NumberOf(CKA_CERTIFICATE_TYPE);
  if (type && *type != CKC_X_509) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("token {}: {} is no X.509 certificate (CKA_CERTIFICATE_TYPE {})",
                                       token.label(), object.label(), *type),
                 .token = token.label(),
                 .mend = "Use an X.509 certificate."});
  }
  const Bytes& value = object.attributes.BytesOf(CKA_VALUE);
  if (value.empty())
    throw malformed("it has no value (CKA_VALUE); a certificate that is only a URL is not fetched");
  // Cards have files of a fixed size: what follows the certificate is a filler.
  const std::size_t size = DerSize(value);
  if (size == 0) throw malformed("its value is not DER");
  try {
    return Certificate::FromDer(std::span(value).first(size));
  } catch (const Error& error) {
    throw malformed(error.detail());
  }
}

}  // namespace signet
