#include "pkcs11/objects/token_reader.h"

#include "identity/der.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
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

TokenReader::Entry& TokenReader::Add(CK_OBJECT_HANDLE handle, std::optional<CK_OBJECT_CLASS> object_class,
                                     bool matched) {
  auto known = by_handle_.find(handle);
  if (known == by_handle_.end()) {
    auto object = std::make_unique<const StoredObject>(ReadAttributes(lease_, handle, object_class));
    known = by_handle_.emplace(handle, entries_.size()).first;
    by_id_[TextOf(object->id())].push_back(known->second);
    by_label_[object->label()].push_back(known->second);
    entries_.push_back({std::move(object), false});
  }
  Entry& entry = entries_[known->second];
  entry.matched |= matched && Matches(*entry.object);
  return entry;
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

// Whole reads the rest of a certificate that was not known to be one.
const StoredObject* TokenReader::Whole(Entry& entry) {
  if (entry.object->partial) {
    entry.object = std::make_unique<const StoredObject>(
        ReadAttributes(lease_, entry.object->handle, entry.object->object_class));
  }
  return entry.object.get();
}

template <class Predicate>
TokenReader::Objects TokenReader::Collect(CK_OBJECT_CLASS object_class, Predicate wanted) {
  Objects objects;
  for (Entry& entry : entries_) {
    if (entry.object->object_class == object_class && wanted(entry)) objects.push_back(Whole(entry));
  }
  return objects;
}

TokenReader::Objects TokenReader::Indexed(CK_OBJECT_CLASS object_class, const ObjectTemplate& wanted) {
  const auto& index = wanted.id ? by_id_ : by_label_;
  const auto found = index.find(wanted.id ? TextOf(*wanted.id) : *wanted.label);
  Objects objects;
  if (found == index.end()) return objects;
  for (const std::size_t position : found->second) {
    if (entries_[position].object->object_class == object_class) objects.push_back(Whole(entries_[position]));
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

// With searches the token, by ID or by label, unless what is wanted was read before. A search by ID reads all
// classes: other keys with the ID may be the ones that an object belongs to.
TokenReader::Objects TokenReader::With(const ObjectTemplate& wanted) {
  const CK_OBJECT_CLASS object_class = *wanted.object_class;
  Objects objects = Indexed(object_class, wanted);
  const bool searched = Complete(object_class) || (wanted.id && all_with_id_.contains(TextOf(*wanted.id)));
  if (!objects.empty() || searched) return objects;
  Read(wanted.id ? ObjectTemplate{.id = wanted.id} : wanted, false);
  if (wanted.id) all_with_id_.insert(TextOf(*wanted.id));
  return Indexed(object_class, wanted);
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

const DecodedCertificate& TokenReader::Decoded(const StoredObject& object) {
  const auto [decoded, is_new] = decoded_.try_emplace(object.handle);
  if (is_new) {
    try {
      decoded->second.certificate = CertificateOf(object, lease_.token());
    } catch (const Error& error) {
      decoded->second.error = error;
    }
  }
  return decoded->second;
}

// WithSubject searches by CKA_SUBJECT, so that it costs the same on a full token; where all certificates were
// read, it looks among those. What cannot be read is the issuer of nothing.
const std::vector<Certificate>& TokenReader::WithSubject(std::span<const std::uint8_t> subject) {
  const auto keep = [this](const StoredObject& object) {
    const auto& certificate = Decoded(object).certificate;
    if (certificate) by_subject_[TextOf(certificate->subject_der())].push_back(*certificate);
  };
  if (Complete(CKO_CERTIFICATE)) {
    if (!subjects_made_) {
      by_subject_.clear();
      for (const StoredObject* object : read(CKO_CERTIFICATE)) keep(*object);
      subjects_made_ = true;
    }
  } else if (by_subject_.try_emplace(TextOf(subject)).second) {
    const ObjectTemplate wanted{.object_class = CKO_CERTIFICATE,
                                .subject = Bytes(subject.begin(), subject.end())};
    for (const CK_OBJECT_HANDLE handle : FindHandles(lease_, wanted))
      keep(*Whole(Add(handle, CKO_CERTIFICATE, false)));
  }
  return by_subject_[TextOf(subject)];
}

std::vector<Certificate> TokenReader::Issuers(const Certificate& leaf,
                                              const std::vector<Certificate>& beside) {
  std::vector<Certificate> issuers;
  std::vector<Certificate> open{leaf};
  const auto take = [&](const Certificate& issuer) {
    if (issuer == leaf || std::ranges::find(issuers, issuer) != issuers.end()) return;
    issuers.push_back(issuer);
    open.push_back(issuer);
  };
  while (!open.empty() && issuers.size() < kMostIssuers) {
    const Certificate last = open.back();
    open.pop_back();
    if (last.self_signed()) continue;
    for (const Certificate& one : beside) {
      if (std::ranges::equal(one.subject_der(), last.issuer_der())) take(one);
    }
    for (const Certificate& one : WithSubject(last.issuer_der())) take(one);
  }
  return issuers;
}

Certificate CertificateOf(const StoredObject& object, const Token& token) {
  const auto malformed = [&](const std::string& why) {
    return Error({.code = ErrorCode::kMalformed,
                  .detail = fmt::format("token {}: the certificate {} cannot be read: {}", token.label(),
                                        object.label(), why),
                  .token = token.label(),
                  .hint = "Store it on the token again."});
  };
  const auto type = object.attributes.NumberOf(CKA_CERTIFICATE_TYPE);
  if (type && *type != CKC_X_509) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("token {}: {} is not an X.509 certificate (CKA_CERTIFICATE_TYPE {})",
                                       token.label(), object.label(), *type),
                 .token = token.label(),
                 .hint = "Use an X.509 certificate."});
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

}  // namespace signet::inline pkcs11
